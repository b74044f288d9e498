// The one list of allocators. Each is a function in one of the files beside this one.
#pragma once

#include "allocators/allocators.hpp"

namespace daa::bench {

/// In the order in which they are listed and measured, the lower bound first. An allocator of others is built
/// in where CMake finds what it needs (peers.cmake); else absent.cpp.in says why not.
// clang-format off
#define DAA_ALLOCATORS(row) \
  row(preallocated) \
  row(cuda_malloc) \
  row(cuda_malloc_async) \
  row(cuda_malloc_async_tuned) \
  row(cub_caching) \
  row(thrust_pool) \
  row(rmm_pool) \
  row(rmm_async) \
  row(rmm_arena) \
  row(torch_caching) \
  row(arena) \
  row(arena_individual) \
  row(arena_mapped)
// clang-format on

#define DAA_DECLARE(name) AllocatorInfo name();
DAA_ALLOCATORS(DAA_DECLARE)
#undef DAA_DECLARE

}  // namespace daa::bench
