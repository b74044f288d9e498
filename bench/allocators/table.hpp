// Each allocator's file defines its row; absent.cpp.in those that are not built in.
#pragma once

#include "allocators/allocators.hpp"

namespace daa::bench {

AllocatorInfo preallocated();
AllocatorInfo cuda_malloc();
AllocatorInfo cuda_malloc_async();
AllocatorInfo cuda_malloc_async_tuned();
AllocatorInfo arena();
AllocatorInfo arena_individual();
AllocatorInfo arena_recycle();
AllocatorInfo arena_release();
// Of others, each built in where CMake finds what it needs (peers.cmake).
AllocatorInfo cub_caching();
AllocatorInfo thrust_pool();
AllocatorInfo rmm_pool();
AllocatorInfo rmm_async();
AllocatorInfo rmm_arena();
AllocatorInfo torch_caching();

}  // namespace daa::bench
