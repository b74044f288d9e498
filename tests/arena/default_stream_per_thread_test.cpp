// Compiled with CUDA_API_PER_THREAD_DEFAULT_STREAM: 0 is the calling thread's own stream.

#include <memory>
#include <optional>
#include <type_traits>

#include "default_stream.hpp"

#ifndef CUDA_API_PER_THREAD_DEFAULT_STREAM
#error "compile this file with -DCUDA_API_PER_THREAD_DEFAULT_STREAM"
#endif

namespace daa::test::zero_is_per_thread {

DeviceAsyncArena arena_of_zero() {
  return DeviceAsyncArena{nullptr};
}

cudaStream_t stream_of(const DeviceAsyncArena& arena) {
  return arena.stream();
}

ArenaLease lease_for_zero(ArenaPool& pool) {
  return pool.lease(nullptr);
}

void release_zero(ArenaPool& pool) {
  pool.release(nullptr);
}

// Every way to construct an arena must still compile.
static_assert(std::is_constructible_v<DeviceAsyncArena, cudaStream_t> &&
              std::is_constructible_v<DeviceAsyncArena, cudaStream_t, cudaMemPool_t, ArenaOptions> &&
              !std::is_convertible_v<cudaStream_t, DeviceAsyncArena>);

[[maybe_unused]] void make_arenas(cudaStream_t stream, std::optional<DeviceAsyncArena>& arena) {
  static_cast<void>(DeviceAsyncArena{stream, {}, {Backing::chunked, 4096}});
  static_cast<void>(std::make_unique<DeviceAsyncArena>(stream, std::nullopt, ArenaOptions{}));
  arena.emplace(stream, std::nullopt);
}

}  // namespace daa::test::zero_is_per_thread
