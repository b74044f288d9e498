# The tests that include CCCL are compiled with the toolkit's and, where DAA_NEWEST_CCCL names one, with that as well.

set(DAA_NEWEST_CCCL "" CACHE PATH "Folder with the headers (cub, cuda, thrust) of a newer CCCL, to test with that as well")

find_path(toolkit_cccl cuda/memory_resource PATHS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES cccl NO_DEFAULT_PATH NO_CACHE)
if(NOT toolkit_cccl)
  message(STATUS "The CUDA toolkit has no CCCL: no tests of daa/memory_resource.hpp")
elseif(NOT DAA_NEWEST_CCCL)
  message(STATUS "DAA_NEWEST_CCCL is empty: tests with the toolkit's CCCL only")
endif()

# daa_test_cccl(<topic> ...): as daa_test(), for each CCCL: <topic>_host, <topic>_newest_host and so on.
function(daa_test_cccl topic)
  if(toolkit_cccl)
    daa_test(${topic} ${ARGN})
    daa_use_cccl(${toolkit_cccl} ${topic}_host ${topic}_gpu)
  endif()
  if(DAA_NEWEST_CCCL)
    daa_test(${topic} VARIANT newest ${ARGN})
    daa_use_cccl(${DAA_NEWEST_CCCL} ${topic}_newest_host ${topic}_newest_gpu)
  endif()
endfunction()

# daa_use_cccl(<directory> <targets>...): these targets, where they exist, take CCCL from this directory, and can tell
# whether they did by DAA_EXPECTED_CCCL_VERSION. With -I: nvcc searches the directories of -isystem after its own CCCL.
function(daa_use_cccl directory)
  file(STRINGS ${directory}/cuda/std/__cccl/version.h version REGEX "^#define CCCL_VERSION [0-9]+$")
  string(REGEX MATCH "[0-9]+$" version "${version}")
  foreach(target IN LISTS ARGN)
    if(TARGET ${target})
      target_include_directories(${target} BEFORE PRIVATE ${directory})
      target_compile_definitions(${target} PRIVATE DAA_EXPECTED_CCCL_VERSION=${version})
    endif()
  endforeach()
endfunction()

# daa_test_rmm(): rmm_gpu, with the RMM in DAA_RMM and the CCCL that it brings along.
function(daa_test_rmm)
  if(NOT DAA_RMM OR NOT DAA_CUDA OR DAA_RMM_ABSENCE)
    return()
  endif()
  daa_test(rmm GPU daa_rmm daa::arena)
  daa_use_cccl(${DAA_RMM}/librmm/include/rapids rmm_gpu)
endfunction()
