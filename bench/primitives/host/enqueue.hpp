// How the host's primitives enqueue their work.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "daa/error.hpp"
#include "daa/host_runtime.hpp"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

template <class T>
[[nodiscard]] host_runtime::Access access(const T* pointer, std::size_t count) {
  return {pointer, count * sizeof(T)};
}

/// Enqueues `task`, which touches nothing but `accesses`. Throws CudaError if the launch fails.
inline void enqueue(cudaStream_t stream, std::vector<host_runtime::Access> accesses,
                    std::function<void()> task) {
  DAA_CUDA_CHECK(host_runtime::launch(stream, std::move(accesses), std::move(task)));
}

/// Refuses, as CUB does, storage of fewer bytes than needed.
inline void check_storage(Storage storage, std::size_t needed_bytes) {
  const cudaError_t error = storage.bytes < needed_bytes ? cudaErrorInvalidValue : cudaSuccess;
  throw_if_failed(error, "temporary storage", __FILE__, __LINE__);
}

}  // namespace daa::bench::primitives
