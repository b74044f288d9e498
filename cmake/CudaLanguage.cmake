# Enables CUDA with the toolkit that find_package found, for the GPUs of this machine or, if there is none,
# for a portable set.

if(NOT DEFINED CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
endif()

# nvcc must use the same host compiler for .cu files as CMake for .cpp files.
if(NOT DEFINED CMAKE_CUDA_HOST_COMPILER AND NOT DEFINED ENV{CUDAHOSTCXX})
  find_file(host_config crt/host_config.h PATHS ${CUDAToolkit_INCLUDE_DIRS} NO_DEFAULT_PATH NO_CACHE)
  file(STRINGS ${host_config} newest_gcc REGEX "^#if __GNUC__ > [0-9]+")
  string(REGEX MATCH "[0-9]+" newest_gcc "${newest_gcc}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL "${newest_gcc}.99")
    message(FATAL_ERROR
      "CUDA ${CUDAToolkit_VERSION} supports GCC up to ${newest_gcc}; this is ${CMAKE_CXX_COMPILER_VERSION}. "
      "Install g++-${newest_gcc}, set CXX=g++-${newest_gcc} and configure again in an empty build folder.")
  endif()
  set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
endif()

# Machine code and PTX for Turing and Hopper; the driver compiles the PTX for other GPUs at first use.
set(daa_architectures_without_gpu 75 90)

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
  # Machine code for the GPUs of this machine that the toolkit supports.
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader OUTPUT_VARIABLE found ERROR_QUIET)
  execute_process(COMMAND ${CUDAToolkit_NVCC_EXECUTABLE} --list-gpu-code OUTPUT_VARIABLE known)
  string(REGEX MATCHALL "[0-9]+\\.[0-9]" found "${found}")
  foreach(capability IN LISTS found)
    string(REPLACE . "" capability ${capability})
    if("${known}" MATCHES "sm_${capability}\n")
      list(APPEND CMAKE_CUDA_ARCHITECTURES ${capability}-real)
    endif()
  endforeach()
  list(REMOVE_DUPLICATES CMAKE_CUDA_ARCHITECTURES)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES ${daa_architectures_without_gpu})
  endif()
endif()

# Without a GPU the device code of tests and samples is compiled, and cannot run.
set(daa_has_no_gpu FALSE)
if("${CMAKE_CUDA_ARCHITECTURES}" STREQUAL "${daa_architectures_without_gpu}")
  set(daa_has_no_gpu TRUE)
endif()

# Each target links its CUDA runtime explicitly: CUDA::cudart_static or the host runtime.
set(CMAKE_CUDA_RUNTIME_LIBRARY None)

enable_language(CUDA)
