# Defines daa_nccl: NCCL, with which GPUs exchange data. DAA_NCCL_ABSENCE is empty, or the reason why NCCL is not
# used and the remedy. DAA_NCCL_FOLDERS: the folder of its library, unless CMake knows it.
#
# NCCL comes from the folder DAA_NCCL, as installed by the Python package, or is the system's.

include(CheckCXXSourceCompiles)
include(CMakePushCheckState)

set(DAA_NCCL "" CACHE PATH "Folder with NCCL (pip install --target <folder> nvidia-nccl-cu13); empty: the system's; OFF: none")
if(NOT DAA_CUDA)
  return()
endif()

set(how_to_get_it "pip install --target FOLDER nvidia-nccl-cu${CUDAToolkit_VERSION_MAJOR}, then cmake -DDAA_NCCL=FOLDER")
set(DAA_NCCL_ABSENCE "")
set(DAA_NCCL_FOLDERS "")

if(NOT DAA_NCCL AND NOT DAA_NCCL STREQUAL "")
  set(DAA_NCCL_ABSENCE "switched off (DAA_NCCL=${DAA_NCCL}): ${how_to_get_it}")
  return()
endif()

# The Python package has the library by its SONAME only.
if(DAA_NCCL)
  find_path(nccl_include_dir nccl.h PATHS ${DAA_NCCL}/nvidia/nccl/include NO_DEFAULT_PATH NO_CACHE)
  find_library(nccl_library NAMES libnccl.so.2 PATHS ${DAA_NCCL}/nvidia/nccl/lib NO_DEFAULT_PATH NO_CACHE)
  set(nccl_absence "no NCCL in ${DAA_NCCL}")
  set(DAA_NCCL_FOLDERS ${DAA_NCCL}/nvidia/nccl/lib)
else()
  find_path(nccl_include_dir nccl.h PATHS ${CUDAToolkit_INCLUDE_DIRS} NO_CACHE)
  find_library(nccl_library NAMES nccl libnccl.so.2 PATHS ${CUDAToolkit_LIBRARY_DIR} NO_CACHE)
  set(nccl_absence "NCCL was not found")
endif()
if(NOT nccl_include_dir OR NOT nccl_library)
  set(DAA_NCCL_ABSENCE "${nccl_absence}: ${how_to_get_it}")
  return()
endif()

add_library(daa_nccl INTERFACE IMPORTED GLOBAL)
target_include_directories(daa_nccl SYSTEM INTERFACE ${nccl_include_dir} ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(daa_nccl INTERFACE ${nccl_library})

cmake_push_check_state(RESET)
set(CMAKE_REQUIRED_LIBRARIES daa_nccl CUDA::cudart_static)
string(MD5 key "${nccl_include_dir} ${nccl_library}")
check_cxx_source_compiles("
  #include <nccl.h>
  int main() {
    ncclUniqueId id;
    return ncclGetUniqueId(&id) == ncclSuccess && ncclGetLastError(nullptr) != nullptr;
  }" DAA_NCCL_WORKS_${key})
cmake_pop_check_state()
if(NOT DAA_NCCL_WORKS_${key})
  unset(DAA_NCCL_WORKS_${key} CACHE)  # check again at the next configuration
  set(DAA_NCCL_ABSENCE "the NCCL in ${nccl_library} does not compile or link: ${how_to_get_it}")
endif()
