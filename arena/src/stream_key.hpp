// Which stream a handle stands for: handles are used again.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "daa/error.hpp"

namespace daa::v0_1::detail {

/// Which stream it is. An identity of a stream is never used again; that those of the default streams are
/// different on each device and in each thread is nowhere documented.
struct StreamKey {
  unsigned long long id;
  int device;            // -1 for a stream that was created: its id says it
  std::uint64_t thread;  // 0 but for cudaStreamPerThread

  friend bool operator==(const StreamKey& a, const StreamKey& b) noexcept {
    return a.id == b.id && a.device == b.device && a.thread == b.thread;
  }
};

/// Throws CudaError if the stream is not valid. Not while it is captured.
[[nodiscard]] StreamKey key_of(cudaStream_t stream);

/// Whether this thread can enqueue to that stream: no other thread can to its cudaStreamPerThread.
[[nodiscard]] bool is_reachable(const StreamKey& key) noexcept;

/// Whether this thread finds that stream behind the handle. Of a handle that no stream has now nothing may be
/// asked; only for where there is no choice but to free memory on it or to leak it.
[[nodiscard]] bool still_names(cudaStream_t stream, const StreamKey& key) noexcept;

/// Spread evenly in its highest bits.
[[nodiscard]] std::uint64_t hash(const StreamKey& key) noexcept;

}  // namespace daa::v0_1::detail
