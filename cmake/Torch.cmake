# Defines daa_torch: PyTorch's allocator, which is in two of its libraries. DAA_TORCH_ABSENCE is empty, or the
# reason why PyTorch is not used and the remedy.

include(CheckCXXSourceCompiles)
include(CMakePushCheckState)

set(DAA_TORCH "" CACHE PATH "Folder of the Python package torch; empty: that of python3 on PATH; OFF: none")
if(NOT DAA_CUDA)
  return()
endif()

set(how_to_get_it "pip install torch, then cmake -DDAA_TORCH=FOLDER_OF_THE_PACKAGE")
set(DAA_TORCH_ABSENCE "")
set(torch "${DAA_TORCH}")
if(torch STREQUAL "")
  # Finds the package without importing it: an import takes seconds.
  execute_process(
    COMMAND python3 -c "import importlib.util; print(importlib.util.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE torch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(DAA_TORCH STREQUAL "" AND NOT torch)
  set(DAA_TORCH_ABSENCE "PyTorch was not found: ${how_to_get_it}")
elseif(NOT torch)
  set(DAA_TORCH_ABSENCE "switched off (DAA_TORCH=${DAA_TORCH}): ${how_to_get_it}")
elseif(NOT EXISTS ${torch}/lib/libc10_cuda.so OR NOT EXISTS ${torch}/include/c10/cuda/CUDACachingAllocator.h)
  set(DAA_TORCH_ABSENCE "no PyTorch with CUDA in ${torch}: ${how_to_get_it}")
else()
  add_library(daa_torch INTERFACE IMPORTED GLOBAL)
  target_include_directories(daa_torch SYSTEM INTERFACE ${torch}/include ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(daa_torch INTERFACE ${torch}/lib/libc10_cuda.so ${torch}/lib/libc10.so)
  # These libraries bring their own CUDA runtime. They must not bind to symbols of the program's runtime.
  target_link_options(daa_torch INTERFACE -Wl,--exclude-libs,libcudart_static.a)

  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_LIBRARIES daa_torch CUDA::cudart_static)
  set(CMAKE_REQUIRED_FLAGS -std=c++20)
  string(MD5 key ${torch})
  check_cxx_source_compiles("
    #include <c10/cuda/CUDACachingAllocator.h>
    int main() {
      namespace torch_allocator = c10::cuda::CUDACachingAllocator;
      try {
        torch_allocator::init(1);
        torch_allocator::raw_delete(torch_allocator::raw_alloc_with_stream(256, nullptr));
        torch_allocator::emptyCache();
        return torch_allocator::getDeviceStats(0).reserved_bytes[0].current != 0;
      } catch (const c10::OutOfMemoryError&) {
        return 1;
      }
    }" DAA_TORCH_WORKS_${key})
  cmake_pop_check_state()
  if(NOT DAA_TORCH_WORKS_${key})
    unset(DAA_TORCH_WORKS_${key} CACHE)  # check again at the next configuration
    set(DAA_TORCH_ABSENCE "the PyTorch in ${torch} does not compile or link: ${how_to_get_it}")
  endif()
endif()
