# cmake -D PACKAGE=... -D REQUEST=... -D ANSWER=... -P refusal.cmake: succeeds if find_package(daa <REQUEST>)
# finds the package in the folder PACKAGE, refuses it, and prints ANSWER.

if(NOT ANSWER)  # the inner run
  find_package(daa ${REQUEST} REQUIRED PATHS ${PACKAGE} NO_DEFAULT_PATH)
  return()
endif()

execute_process(COMMAND ${CMAKE_COMMAND} -D PACKAGE=${PACKAGE} "-D REQUEST=${REQUEST}" -P ${CMAKE_CURRENT_LIST_FILE}
                RESULT_VARIABLE result ERROR_VARIABLE said)
string(REGEX REPLACE "[ \n]+" " " said "${said}")  # CMake breaks lines anywhere
string(FIND "${said}" "${ANSWER}" place)
if(result EQUAL 0 OR place EQUAL -1)
  message(FATAL_ERROR "find_package(daa ${REQUEST}) returned ${result} and printed: ${said}")
endif()
