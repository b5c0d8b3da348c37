# One library a folder; every source listed. Warnings are errors.
#
#   posthorn_library(net SOURCES url.cc … TESTS url_test.cc … FUZZ url_fuzz.cc … LINK posthorn_base …)
#
# makes posthorn_net, net_test (one binary, registered with ctest under the label "unit"), and one binary a fuzz target.
# The targets unit_tests and fuzzers build all of each.
set(POSTHORN_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
                      -Woverloaded-virtual -Wswitch -Werror)
# GCC 12 takes Asio's coroutine frames, whose operator new and delete are a pair, for mismatched ones; and with precompiled
# headers it says of std::string's own code that it writes beyond short strings. The sanitizers look at both.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND POSTHORN_WARNINGS -Wno-mismatched-new-delete -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()

add_custom_target(unit_tests)
add_custom_target(fuzzers)
add_custom_target(benches)

# posthorn_target_options(TARGET [code|tests])
function(posthorn_target_options target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${POSTHORN_WARNINGS}>)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  posthorn_precompile(${target} ${ARGN})
endfunction()

function(posthorn_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;FUZZ;LINK;TEST_LINK" ${ARGN})
  string(REPLACE "/" "_" flat ${name})
  add_library(posthorn_${flat} STATIC ${ARG_SOURCES})
  posthorn_target_options(posthorn_${flat})
  target_link_libraries(posthorn_${flat} PUBLIC ${ARG_LINK})

  if(POSTHORN_TESTS AND ARG_TESTS)
    add_executable(${flat}_test ${ARG_TESTS})
    posthorn_target_options(${flat}_test tests)
    # Tests compile longer than what they test.
    target_compile_options(${flat}_test PRIVATE $<$<CONFIG:Release>:-O1 -g0>)
    target_link_libraries(${flat}_test PRIVATE posthorn_${flat} ${ARG_TEST_LINK} GTest::gtest_main)
    add_test(NAME ${flat} COMMAND ${flat}_test)
    set_tests_properties(${flat} PROPERTIES LABELS unit TIMEOUT 900)
    add_dependencies(unit_tests ${flat}_test)
  endif()

  if(POSTHORN_FUZZ)
    foreach(source IN LISTS ARG_FUZZ)
      get_filename_component(fuzz_name ${source} NAME_WE)
      add_executable(${fuzz_name} ${source})
      posthorn_target_options(${fuzz_name})
      target_link_libraries(${fuzz_name} PRIVATE posthorn_${flat})
      target_link_options(${fuzz_name} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${fuzz_name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
      add_dependencies(fuzzers ${fuzz_name})
    endforeach()
  endif()
endfunction()

# posthorn_bench(NAME SOURCE LIBRARY…): a program that measures one part. Built when it is named; `make test` compiles all of them
# (the target benches), so that they stay true to what they measure.
function(posthorn_bench name source)
  add_executable(${name} EXCLUDE_FROM_ALL ${source})
  posthorn_target_options(${name})
  target_link_libraries(${name} PRIVATE ${ARGN})
  add_dependencies(benches ${name})
endfunction()
