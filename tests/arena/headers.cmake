# daa_check_headers(<directory>): adds to the build one object for each header below <directory> that includes
# only that header: as C++17, as C++20, with -fno-exceptions and, if CUDA is on, in a .cu as C++17. The
# project's warnings are errors there.

function(daa_check_headers directory)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${directory} ${directory}/*.hpp)
  if(NOT toolkit_cccl)
    list(REMOVE_ITEM headers daa/memory_resource.hpp)
  endif()
  foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER ${header} name)
    foreach(extension cpp cu)
      set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${name}.${extension})
      file(CONFIGURE OUTPUT ${source} CONTENT "#include <@header@>\n" @ONLY)
      list(APPEND ${extension}_sources ${source})
    endforeach()
  endforeach()

  daa_compile_headers(headers_cxx17 17 ${cpp_sources})
  daa_compile_headers(headers_cxx20 20 ${cpp_sources})
  # GCC diagnoses a throw in a template only when it is instantiated.
  daa_compile_headers(headers_no_exceptions 17 ${cpp_sources} no_exceptions.cpp)
  target_compile_options(headers_no_exceptions PRIVATE -fno-exceptions)
  if(DAA_CUDA)
    daa_compile_headers(headers_cuda17 17 ${cu_sources})
  endif()
endfunction()

# daa_compile_headers(<target> <standard> <sources>...): adds an object library; <standard> replaces that of
# daa_target().
function(daa_compile_headers target standard)
  add_library(${target} OBJECT ${ARGN})
  target_link_libraries(${target} PRIVATE daa_arena_objects)
  if(toolkit_cccl)
    target_include_directories(${target} SYSTEM PRIVATE ${toolkit_cccl})
  endif()
  daa_target(${target})
  get_target_property(options ${target} COMPILE_OPTIONS)
  list(FILTER options EXCLUDE REGEX -std=)
  list(APPEND options $<$<COMPILE_LANGUAGE:CXX>:-Werror> $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings>
       $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Werror> $<$<COMPILE_LANGUAGE:CUDA>:-std=c++${standard}>)
  set_target_properties(${target} PROPERTIES
    COMPILE_OPTIONS "${options}"
    COMPILE_FEATURES ""
    CXX_STANDARD ${standard}
    CXX_STANDARD_REQUIRED ON)
endfunction()
