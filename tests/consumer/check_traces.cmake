# Checks what a sub-project adds to its parent project: only its own targets and cache entries, and those of
# the packages that it searches for.

macro(remember_variables)
  get_directory_property(consumer_variables VARIABLES)
  get_cmake_property(consumer_cache CACHE_VARIABLES)
endmacro()

function(check_traces)
  get_directory_property(variables DIRECTORY ${PROJECT_SOURCE_DIR} VARIABLES)
  get_cmake_property(cache CACHE_VARIABLES)
  list(REMOVE_ITEM cache ${consumer_cache})
  list(REMOVE_ITEM variables ${consumer_variables} ${cache} consumer_variables consumer_cache)
  list(FILTER variables EXCLUDE REGEX "^(daa|ARG[CNV0-9]*$|CMAKE_CURRENT_FUNCTION)")
  list(FILTER cache EXCLUDE REGEX
    "^(DAA|daa|CUDA|_cmake_CUDA|FIND_PACKAGE_MESSAGE|CMAKE_HAVE_LIBC_PTHREAD|CMAKE_PROJECT_VERSION)")
  if(variables OR cache)
    message(FATAL_ERROR "daa adds variables: ${variables}; cache entries: ${cache}")
  endif()

  get_directory_property(targets DIRECTORY ${repository} BUILDSYSTEM_TARGETS)
  get_directory_property(folders DIRECTORY ${repository} SUBDIRECTORIES)
  if(targets OR NOT folders STREQUAL "${repository}/arena")
    message(FATAL_ERROR "daa builds more than the library: ${targets} ${folders}")
  endif()
endfunction()
