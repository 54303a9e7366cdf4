# watchword-job: what runs inside jobs, alone, as one static file for the images of any Linux (docs/job-client.md). It is
# linked of the archives that watchword itself is made of, so that nothing is compiled twice, with Debian's archives of
# third parties; for what Debian has no archive of, see src/static_parts.cc. A module that starts to need another library
# (libcurl, simdjson) breaks this link, which is meant.
set(static_modules job http net jose crypto terminal base)
set(static_archives)
foreach(part cares nghttp2 ssl crypto)
  find_library(WATCHWORD_STATIC_${part} lib${part}.a REQUIRED)
  list(APPEND static_archives ${WATCHWORD_STATIC_${part}})
endforeach()

add_executable(watchword-job src/main_job.cc src/static_parts.cc)
target_include_directories(watchword-job PRIVATE src)
foreach(module ${static_modules})
  add_dependencies(watchword-job ${module})
  target_link_libraries(watchword-job PRIVATE $<TARGET_FILE:${module}>)
endforeach()
target_link_libraries(watchword-job PRIVATE ${static_archives})
# -static-pie overrides the -pie of all programs, which clang then calls unused.
target_link_options(watchword-job PRIVATE -static-pie -Wno-unused-command-line-argument -Wl,--gc-sections
  $<$<CONFIG:Release>:-Wl,--strip-all>)
if(MOLD OR LLD)
  target_link_options(watchword-job PRIVATE -Wl,--pack-dyn-relocs=relr)  # half a megabyte, and a fifth of the start
endif()
set_target_properties(watchword-job PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
