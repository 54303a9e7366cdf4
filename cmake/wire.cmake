# proto/*.proto as the library `wire`: other systems' messages, as far as Watchword reads and writes them. Generated into
# the build folder, for #include "proto/NAME.pb.h"; its headers count as the system's: our warnings are not for them.
find_package(Protobuf 3.21 REQUIRED)

file(GLOB protos CONFIGURE_DEPENDS proto/*.proto)
set(generated ${CMAKE_BINARY_DIR}/wire)
file(MAKE_DIRECTORY ${generated})
add_library(wire STATIC ${protos})
target_link_libraries(wire PUBLIC protobuf::libprotobuf-lite)
target_include_directories(wire SYSTEM PUBLIC ${generated})
target_compile_options(wire PRIVATE -w)
protobuf_generate(TARGET wire LANGUAGE cpp PROTOC_OUT_DIR ${generated})
