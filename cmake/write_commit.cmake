# cmake -D SOURCE_DIR=... -D HEADER=... -P write_commit.cmake

cmake_minimum_required(VERSION 3.25)

# Sources outside their repository can name their commit in the environment variable DAA_COMMIT.
set(commit unknown)
if(DEFINED ENV{DAA_COMMIT})
  set(commit $ENV{DAA_COMMIT})
endif()
find_program(git git)
if(git AND commit STREQUAL "unknown")
  # Ignores an enclosing repository that merely contains this project, and takes no lock that could block
  # another git.
  cmake_path(GET SOURCE_DIR PARENT_PATH ceiling)
  set(ENV{GIT_CEILING_DIRECTORIES} ${ceiling})
  set(ENV{GIT_OPTIONAL_LOCKS} 0)
  execute_process(
    COMMAND ${git} -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE described
    OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE status
    ERROR_QUIET)
  if(status EQUAL 0)
    set(commit ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${HEADER} CONTENT "#pragma once\n\ninline constexpr char daa_commit[] = \"@commit@\";\n" @ONLY)
