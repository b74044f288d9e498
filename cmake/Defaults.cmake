# Project-wide settings of a top-level build. Nothing here affects a project that includes this one.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

  # Not for CUDA: ccache hashes device code of one architecture only, and so can return a stale object.
  find_program(DAA_CCACHE ccache)
  if(DAA_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    # Precompiled headers need this sloppiness and -fpch-preprocess.
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${DAA_CCACHE})
  endif()
endif()

# FindCUDAToolkit of CMake 3.25.0 and 3.25.1 (Debian 12) fails with CUDA 13 if the required minimum is 3.25.
if(CMAKE_VERSION VERSION_LESS 3.25.2)
  set(CMAKE_MINIMUM_REQUIRED_VERSION 3.24)
endif()

# A prefix of all test names, so that one CTest run can contain the tests of several builds.
set(DAA_TEST_PREFIX "")
if(DAA_SANITIZE)
  string(REPLACE "," "-" DAA_TEST_PREFIX "${DAA_SANITIZE}.")
endif()

# daa_target(<target>): sets the language level, warnings and sanitizers of a target of this project.
function(daa_target target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CUDA_EXTENSIONS OFF)
  target_compile_options(
    ${target}
    PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wconversion;-Wsign-conversion;-Wshadow>
      $<$<COMPILE_LANGUAGE:CXX>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>
      $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>
      $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>
      $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)  # CMake 3.25.1 does not add it for nvcc
  if(DAA_SANITIZE)
    # GCC 14 reports false uninitialised variables in instrumented code of the standard library, GCC 12 false
    # overlaps and bounds in that of std::string (GCC bugs 105329, 105651).
    target_compile_options(
      ${target}
      PRIVATE
        $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${DAA_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>
        $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized;-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overflow>)
    target_link_options(${target} PRIVATE -fsanitize=${DAA_SANITIZE})
  endif()
endfunction()
