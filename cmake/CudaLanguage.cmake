# Enables CUDA with the toolkit that find_package found, for the GPUs of this machine or else for a small portable set.

if(NOT DEFINED CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
endif()

# Host code of .cu and .cpp files comes from one compiler, which nvcc must know.
if(NOT DEFINED CMAKE_CUDA_HOST_COMPILER AND NOT DEFINED ENV{CUDAHOSTCXX})
  find_file(host_config crt/host_config.h PATHS ${CUDAToolkit_INCLUDE_DIRS} NO_DEFAULT_PATH NO_CACHE)
  file(STRINGS ${host_config} newest_gcc REGEX "^#if __GNUC__ > [0-9]+")
  string(REGEX MATCH "[0-9]+" newest_gcc "${newest_gcc}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL "${newest_gcc}.99")
    message(FATAL_ERROR
      "CUDA ${CUDAToolkit_VERSION} takes GCC up to ${newest_gcc}, and this is ${CMAKE_CXX_COMPILER_VERSION}. "
      "Install g++-${newest_gcc}, set CXX=g++-${newest_gcc} in the environment and configure anew.")
  endif()
  set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
endif()

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
  # Machine code for what this machine has and the toolkit knows. Without any, for Turing and Hopper, and PTX of both
  # for what lies between and beyond, which the driver compiles at first use.
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
    set(CMAKE_CUDA_ARCHITECTURES 75 90)
  endif()
endif()

# A target names its runtime itself: CUDA::cudart_static or the host runtime.
set(CMAKE_CUDA_RUNTIME_LIBRARY None)

enable_language(CUDA)
