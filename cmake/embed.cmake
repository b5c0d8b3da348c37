# Puts a text file into the program.
#
#   posthorn_embed(SOURCE_VARIABLE FILE spec/native.openapi.json FUNCTION posthorn::api::native::openapi_document)
#
# makes a .cc with that function, which answers the file's text as a std::string_view, and puts its path into SOURCE_VARIABLE.
# The function is declared by whoever uses it. Run as a script (cmake -P) it writes the .cc.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" text)
  string(FIND "${text}" ")posthorn\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${INPUT} contains the delimiter of the raw string")
  endif()
  string(REGEX MATCH "^(.*)::([^:]+)$" matched "${FUNCTION}")
  file(WRITE "${OUTPUT}"
       "#include <string_view>\n\nnamespace ${CMAKE_MATCH_1} {\nstd::string_view ${CMAKE_MATCH_2}();\n"
       "std::string_view ${CMAKE_MATCH_2}() { return R\"posthorn(${text})posthorn\"; }\n}\n")
  return()
endif()

set(POSTHORN_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(posthorn_embed source_variable)
  cmake_parse_arguments(ARG "" "FILE;FUNCTION" "" ${ARGN})
  get_filename_component(input ${ARG_FILE} ABSOLUTE)
  get_filename_component(name ${ARG_FILE} NAME)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DFUNCTION=${ARG_FUNCTION} -P ${POSTHORN_EMBED_SCRIPT}
    DEPENDS ${input} ${POSTHORN_EMBED_SCRIPT}
    VERBATIM)
  # The standard asks compilers for literals of 65,536 characters only; both of ours take any length.
  set_source_files_properties(${output} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)
  set(${source_variable} ${output} PARENT_SCOPE)
endfunction()
