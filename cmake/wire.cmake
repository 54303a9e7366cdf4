# proto/*.proto as the library `wire`: other systems' messages, as far as Watchword reads and writes them. Generated into
# the build folder, for #include "proto/NAME.pb.h"; its headers count as the system's: our warnings are not for them.
# The full runtime, for all: two of them in one process do not get along.
find_package(Protobuf 3.21 REQUIRED)

file(GLOB protos CONFIGURE_DEPENDS proto/*.proto)
set(generated ${CMAKE_BINARY_DIR}/wire)
file(MAKE_DIRECTORY ${generated})
add_library(wire STATIC ${protos})
target_link_libraries(wire PUBLIC protobuf::libprotobuf)
target_include_directories(wire SYSTEM PUBLIC ${generated})
target_compile_options(wire PRIVATE -w)
protobuf_generate(TARGET wire LANGUAGE cpp PROTOC_OUT_DIR ${generated})

# proto/envoy/*.proto, the messages that are rendered as JSON: as descriptors, for #include "proto/envoy_descriptors.h".
file(GLOB envoy_protos CONFIGURE_DEPENDS proto/envoy/*.proto)
set(descriptors ${generated}/proto/envoy_descriptors)
add_custom_command(OUTPUT ${descriptors}.h
  COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR}/proto --proto_path=${Protobuf_INCLUDE_DIRS}
    --include_imports --descriptor_set_out=${descriptors}.bin ${envoy_protos}
  COMMAND ${CMAKE_COMMAND} -DFROM=${descriptors}.bin -DTO=${descriptors}.h -DNAME=kEnvoyDescriptors
    -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${envoy_protos} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  COMMENT "Describing Envoy's messages" VERBATIM)
add_custom_target(envoy_descriptors DEPENDS ${descriptors}.h)
add_dependencies(wire envoy_descriptors)
