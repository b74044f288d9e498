# Settings of the whole project when it is built for itself; nothing here reaches a project that includes it.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

  # Not for CUDA: ccache sees device code of one architecture only, and so takes a stale object for a fresh one.
  find_program(DAA_CCACHE ccache)
  if(DAA_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${DAA_CCACHE})
  endif()
endif()

# FindCUDAToolkit of CMake 3.25.0 and 3.25.1 (Debian 12's) fails on CUDA 13, but only under a minimum of 3.25.
if(CMAKE_VERSION VERSION_LESS 3.25.2)
  set(CMAKE_MINIMUM_REQUIRED_VERSION 3.24)
endif()

# Stands before the names of tests, so that one CTest run can tell the tests of several builds apart.
set(DAA_TEST_PREFIX "")
if(DAA_SANITIZE)
  string(REPLACE "," "-" DAA_TEST_PREFIX "${DAA_SANITIZE}.")
endif()

# daa_target(<target>): the language level, warnings and sanitizers of every target of this project.
function(daa_target target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CUDA_EXTENSIONS OFF)
  target_compile_options(
    ${target}
    PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wconversion;-Wsign-conversion;-Wshadow>
      $<$<COMPILE_LANGUAGE:CXX>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>
      $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>
      $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)  # CMake 3.25.1 does not know that nvcc can
  if(DAA_SANITIZE)
    # GCC 14 sees uninitialised variables in the standard library's instrumented code where there are none.
    target_compile_options(
      ${target}
      PRIVATE
        $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${DAA_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>
        $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
    target_link_options(${target} PRIVATE -fsanitize=${DAA_SANITIZE})
  endif()
endfunction()
