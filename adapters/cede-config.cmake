# What find_package(cede) gives: the command cede::cede, the headers cede::headers, and cede_add_conformance.
include(${CMAKE_CURRENT_LIST_DIR}/cede-targets.cmake)
set(CEDE_CORPUS ${CMAKE_CURRENT_LIST_DIR}/../../cede/corpus)  # the spec's examples, for fuzz targets to begin with

# A fuzz target is linked with the suite, which needs these.
find_package(fmt QUIET CONFIG)
find_package(rapidcheck QUIET CONFIG)
find_package(tomlplusplus QUIET CONFIG)
find_package(Threads QUIET)

# cede_add_conformance(LOOP SOURCE... [LIBRARIES LIBRARY...] [EXPECT FILE] [ARGS ARGUMENT...])
#
# The sources are an adapter, which exports cede_adapter (adapters/adapter.h) or cede_plugin (adapters/cede.h), and what
# it needs. Makes of them
#   loop_LOOP         the module LOOP.so: `cede run --loop ./LOOP.so`
#   adapter.LOOP      the test that says what is wrong with the adapter, and counts the lines of its first source
#   conformance.LOOP  the test that runs it, with what else `cede run` takes in ARGS, or in the variable CEDE_ARGS
#   fuzz_LOOP         a libFuzzer target, if clang has it; else
#   replay_LOOP       the same for given files, and a test of it: replay.LOOP
# EXPECT is a file of expected departures (`cede expect init ./LOOP.so`).
function(cede_add_conformance loop)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXPECT" "LIBRARIES;ARGS")
  set(sources ${arg_UNPARSED_ARGUMENTS})
  if(NOT DEFINED arg_ARGS)
    set(arg_ARGS ${CEDE_ARGS})
  endif()
  if(arg_EXPECT)
    get_filename_component(arg_EXPECT ${arg_EXPECT} ABSOLUTE)
    list(APPEND arg_ARGS --expect ${arg_EXPECT})
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/expect)
    file(CREATE_LINK ${arg_EXPECT} ${CMAKE_CURRENT_BINARY_DIR}/expect/${loop}.toml SYMBOLIC)  # where fuzz targets look
  endif()

  add_library(loop_${loop} MODULE ${sources})
  set_target_properties(loop_${loop} PROPERTIES PREFIX "" OUTPUT_NAME ${loop})
  target_link_libraries(loop_${loop} PRIVATE cede::headers ${arg_LIBRARIES})
  list(GET sources 0 adapter)
  get_filename_component(adapter ${adapter} ABSOLUTE)
  add_test(NAME adapter.${loop} COMMAND cede::cede adapter check $<TARGET_FILE:loop_${loop}> --source ${adapter})
  add_test(NAME conformance.${loop} COMMAND cede::cede run --loop $<TARGET_FILE:loop_${loop}> ${arg_ARGS})

  set_tests_properties(conformance.${loop} PROPERTIES DEPENDS adapter.${loop})
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "CXX" IN_LIST languages)
    message(STATUS "cede: no fuzz target for ${loop}: it takes C++, project(... LANGUAGES C CXX)")
    return()
  endif()
  target_compile_features(loop_${loop} PRIVATE cxx_std_20)
  foreach(package fmt rapidcheck tomlplusplus Threads)
    if(NOT ${package}_FOUND)
      message(STATUS "cede: no fuzz target for ${loop}: it takes ${package}")
      return()
    endif()
  endforeach()
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
  check_cxx_source_compiles("#include <cstddef>\nextern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, std::size_t) { return 0; }"
                            CEDE_HAS_LIBFUZZER)
  if(CEDE_HAS_LIBFUZZER)
    set(target fuzz_${loop})
    add_executable(${target} ${sources})
    foreach(language C CXX)  # what else is linked is not counted: only the loop is of interest
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:${language},Clang>:-fsanitize=fuzzer-no-link>)
    endforeach()
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${target} PRIVATE cede::fuzz_mutator)
  else()
    set(target replay_${loop})
    add_executable(${target} ${sources})
    target_link_libraries(${target} PRIVATE cede::fuzz_replay)
    add_test(NAME replay.${loop} COMMAND ${target} ${CEDE_CORPUS})
  endif()
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${target} PRIVATE cede::headers cede::fuzz_target cede::adapters cede::properties ${arg_LIBRARIES})
endfunction()
