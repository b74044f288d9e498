# Defines daa_rmm: RMM, with its headers before those of the CUDA toolkit, because it brings its own CCCL.
# DAA_RMM_ABSENCE is empty, or the reason why RMM is not used and the remedy. DAA_RMM_FOLDERS: the folders of
# its libraries, unless CMake knows them.
#
# RMM comes from the folder DAA_RMM, as installed by the Python packages, or from RMM's CMake package, which
# needs CMake 4.

include(CheckCXXSourceCompiles)
include(CMakePushCheckState)

set(DAA_RMM "" CACHE PATH "Folder with RMM (pip install --target <folder> librmm-cu13); empty: find_package(rmm); OFF: none")
if(NOT DAA_CUDA)
  return()
endif()

set(how_to_get_it "pip install --target FOLDER librmm-cu${CUDAToolkit_VERSION_MAJOR}, then cmake -DDAA_RMM=FOLDER")
set(DAA_RMM_ABSENCE "")
set(DAA_RMM_FOLDERS "")

# Older releases have a different interface, with resources as templates.
set(rmm_least 26.10)

if(NOT DAA_RMM AND NOT DAA_RMM STREQUAL "")
  set(DAA_RMM_ABSENCE "switched off (DAA_RMM=${DAA_RMM}): ${how_to_get_it}")
  return()
endif()

if(NOT DAA_RMM)
  find_package(rmm QUIET CONFIG GLOBAL)
  if(NOT TARGET rmm::rmm)
    set(DAA_RMM_ABSENCE "RMM was not found: ${how_to_get_it}")
  elseif(rmm_VERSION VERSION_LESS rmm_least)
    set(DAA_RMM_ABSENCE "the RMM in ${rmm_DIR} is older than ${rmm_least}: ${how_to_get_it}")
  else()
    add_library(daa_rmm INTERFACE IMPORTED GLOBAL)
    target_link_libraries(daa_rmm INTERFACE rmm::rmm)
    target_link_options(daa_rmm INTERFACE -Wl,--no-as-needed)  # librmm may not record where rapids_logger is
  endif()
  return()
endif()

find_library(rmm_library rmm PATHS ${DAA_RMM}/librmm/lib64 NO_DEFAULT_PATH NO_CACHE)
find_library(rapids_logger_library rapids_logger PATHS ${DAA_RMM}/rapids_logger/lib64 NO_DEFAULT_PATH NO_CACHE)
set(rmm_includes
  ${DAA_RMM}/librmm/include/rapids ${DAA_RMM}/librmm/include ${DAA_RMM}/rapids_logger/include)
foreach(needed IN LISTS rmm_library rapids_logger_library rmm_includes)
  if(NOT EXISTS ${needed})
    set(DAA_RMM_ABSENCE "no librmm with rapids_logger in ${DAA_RMM}: ${how_to_get_it}")
  endif()
endforeach()
if(DAA_RMM_ABSENCE)
  return()
endif()
add_library(daa_rmm INTERFACE IMPORTED GLOBAL)
target_include_directories(daa_rmm SYSTEM INTERFACE ${rmm_includes} ${CUDAToolkit_INCLUDE_DIRS})
target_compile_definitions(daa_rmm INTERFACE LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE)
target_link_libraries(daa_rmm INTERFACE ${rmm_library} ${rapids_logger_library})
target_link_options(daa_rmm INTERFACE -Wl,--no-as-needed)  # librmm does not record where rapids_logger is

set(DAA_RMM_FOLDERS ${DAA_RMM}/librmm/lib64 ${DAA_RMM}/rapids_logger/lib64)

cmake_push_check_state(RESET)
set(CMAKE_REQUIRED_LIBRARIES daa_rmm CUDA::cudart_static)
set(CMAKE_REQUIRED_FLAGS -std=c++20)
string(MD5 key ${DAA_RMM})
check_cxx_source_compiles("
  #include <rmm/mr/cuda_memory_resource.hpp>
  #include <rmm/mr/pool_memory_resource.hpp>
  int main() {
    rmm::mr::pool_memory_resource pool{rmm::mr::cuda_memory_resource{}, 0};
    pool.deallocate(cudaStream_t{}, pool.allocate(cudaStream_t{}, 256, 256), 256, 256);
  }" DAA_RMM_WORKS_${key})
cmake_pop_check_state()
if(NOT DAA_RMM_WORKS_${key})
  unset(DAA_RMM_WORKS_${key} CACHE)  # check again at the next configuration
  set(DAA_RMM_ABSENCE "the RMM in ${DAA_RMM} does not compile or link (${rmm_least} is supported): ${how_to_get_it}")
endif()
