// RAII owners of CUDA streams and events.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <type_traits>

#include "daa/error.hpp"

namespace daa::bench {

struct DestroyHandle {
  void operator()(cudaStream_t stream) const noexcept { static_cast<void>(cudaStreamDestroy(stream)); }
  void operator()(cudaEvent_t event) const noexcept { static_cast<void>(cudaEventDestroy(event)); }
};
using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, DestroyHandle>;
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, DestroyHandle>;

/// On the current device; does not synchronise with the default stream.
inline Stream make_stream() {
  cudaStream_t stream = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream{stream};
}

inline Event make_event() {
  cudaEvent_t event = nullptr;
  DAA_CUDA_CHECK(cudaEventCreate(&event));
  return Event{event};
}

}  // namespace daa::bench
