# The headers that most files include, parsed once a build: a quarter of the time of a clean build. Every file goes on
# including what it uses; clang-tidy, which knows nothing of this, finds what is missing.
option(POSTHORN_PRECOMPILED_HEADERS "Parse the standard library and Boost.JSON once a build" ON)

set(POSTHORN_HEADERS_code
    <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <coroutine> <cstddef> <cstdint> <cstring> <deque>
    <filesystem> <functional> <limits> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view> <thread>
    <unordered_map> <utility> <vector> <boost/json/object.hpp> <boost/json/parse.hpp> <boost/json/serialize.hpp>)
set(POSTHORN_HEADERS_tests ${POSTHORN_HEADERS_code} <gtest/gtest.h>)

# Precompiled headers bind the options that they were made with.
add_compile_options(-pthread)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Its time would be part of the file: nothing compiled with it would be found in the compiler cache.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang$<SEMICOLON>-fno-pch-timestamp>)
endif()

# posthorn_precompile(TARGET [code|tests]): the first target of a kind makes the headers, all others take them.
function(posthorn_precompile target)
  if(NOT POSTHORN_PRECOMPILED_HEADERS)
    return()
  endif()
  set(kinds code ${ARGN})
  list(GET kinds -1 kind)
  get_property(maker GLOBAL PROPERTY POSTHORN_HEADERS_MAKER_${kind})
  if(maker)
    target_precompile_headers(${target} REUSE_FROM ${maker})
  else()
    target_precompile_headers(${target} PRIVATE ${POSTHORN_HEADERS_${kind}})
    set_property(GLOBAL PROPERTY POSTHORN_HEADERS_MAKER_${kind} ${target})
  endif()
endfunction()
