// Each allocator's file defines its row.
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

}  // namespace daa::bench
