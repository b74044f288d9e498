// Static assertions that ArenaResource satisfies the memory resource concepts of the CCCL on the include
// path.
#pragma once

#include <type_traits>

#include "daa/memory_resource.hpp"

static_assert(std::is_nothrow_copy_constructible_v<daa::ArenaResource> &&
              std::is_nothrow_copy_assignable_v<daa::ArenaResource>);

#if CCCL_VERSION < 3001000
static_assert(cuda::mr::resource_with<daa::ArenaResource, cuda::mr::device_accessible>);
static_assert(cuda::mr::async_resource_with<daa::ArenaResource, cuda::mr::device_accessible>);
static_assert(!cuda::mr::resource_with<daa::ArenaResource, cuda::mr::host_accessible>);
#else
static_assert(cuda::mr::synchronous_resource_with<daa::ArenaResource, cuda::mr::device_accessible>);
static_assert(cuda::mr::resource_with<daa::ArenaResource, cuda::mr::device_accessible>);
static_assert(cuda::mr::resource_with<const daa::ArenaResource, cuda::mr::device_accessible>);
static_assert(!cuda::mr::resource_with<daa::ArenaResource, cuda::mr::host_accessible>);

// CUB makes these two queries to an environment, alone or inside another environment.
using ArenaEnvironment = cuda::std::execution::env<cuda::stream_ref, daa::ArenaResource>;
static_assert(noexcept(std::declval<const ArenaEnvironment&>().query(cuda::mr::get_memory_resource_t{})));
static_assert(
    std::is_same_v<decltype(std::declval<const ArenaEnvironment&>().query(cuda::mr::get_memory_resource_t{})),
                   daa::ArenaResource>);
static_assert(std::is_invocable_v<cuda::mr::get_memory_resource_t, const daa::ArenaResource&>);
static_assert(std::is_invocable_r_v<cuda::stream_ref, cuda::get_stream_t, const daa::ArenaResource&>);
#endif
