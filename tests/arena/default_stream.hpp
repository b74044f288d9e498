// The interface between the two translation units of the default_stream suite. They use different meanings of
// stream 0, and only default_stream_test.cpp may call the CUDA runtime: the host runtime does not implement
// the functions for the other meaning.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>

#include "daa/arena_pool.hpp"

namespace daa::test {

/// Runs `use` on another thread, with the device current, and waits for its end.
void on_another_thread(const std::function<void()>& use);

/// Compiled where 0 is the legacy stream.
namespace zero_is_legacy {
DeviceAsyncArena arena_of_zero();
cudaStream_t stream_of(const DeviceAsyncArena& arena);
ArenaLease lease_for_zero(ArenaPool& pool);
void release_zero(ArenaPool& pool);
}  // namespace zero_is_legacy

/// Compiled where 0 is the calling thread's own stream.
namespace zero_is_per_thread {
DeviceAsyncArena arena_of_zero();
cudaStream_t stream_of(const DeviceAsyncArena& arena);
ArenaLease lease_for_zero(ArenaPool& pool);
void release_zero(ArenaPool& pool);
}  // namespace zero_is_per_thread

}  // namespace daa::test
