# The tests that include CCCL are compiled with the toolkit's CCCL and, if DAA_NEWEST_CCCL is set, with that
# one as well.

set(DAA_NEWEST_CCCL "" CACHE PATH "Folder with the headers (cub, cuda, thrust) of a newer CCCL, to test with that as well")

find_path(toolkit_cccl cuda/memory_resource PATHS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES cccl NO_DEFAULT_PATH NO_CACHE)
if(NOT toolkit_cccl)
  message(STATUS "The CUDA toolkit has no CCCL: daa/memory_resource.hpp is not tested")
elseif(NOT DAA_NEWEST_CCCL)
  message(STATUS "DAA_NEWEST_CCCL is empty: tests with the toolkit's CCCL only")
endif()

# daa_use_cccl(<target> <directory>): uses CCCL from <directory>, and passes its version to the tests as
# DAA_EXPECTED_CCCL_VERSION.
# Uses -I, because nvcc searches -isystem directories after its own CCCL.
function(daa_use_cccl target directory)
  file(STRINGS ${directory}/cuda/std/__cccl/version.h version REGEX "^#define CCCL_VERSION [0-9]+$")
  string(REGEX MATCH "[0-9]+$" version "${version}")
  target_include_directories(${target} BEFORE PRIVATE ${directory})
  target_compile_definitions(${target} PRIVATE DAA_EXPECTED_CCCL_VERSION=${version})
endfunction()

# daa_test_cccl(<name> <directory>): adds the tests in any_cccl and gpu_cccl with this CCCL. Without a GPU those in gpu_cccl,
# which take long to compile, are compiled with the toolkit's alone.
function(daa_test_cccl name directory)
  daa_tests(${name}_tests_host PREFIX ${name}.host SOURCES ${any_cccl} LIBRARIES daa::arena_host)
  daa_use_cccl(${name}_tests_host ${directory})
  if(DAA_CUDA AND NOT (daa_has_no_gpu AND name STREQUAL newest))
    daa_tests(${name}_tests_gpu PREFIX ${name}.gpu SOURCES ${any_cccl} ${gpu_cccl} LIBRARIES daa::arena)
    daa_use_cccl(${name}_tests_gpu ${directory})
  endif()
endfunction()
