// The end of the process.
//
// The runtime is torn down by an exit handler that is registered when it is first used. Objects that are
// destroyed later still may call it: they get cudaErrorCudartUnloading, as from cudart.
#pragma once

#include <atomic>

namespace daa::host_runtime {

inline constinit std::atomic<bool> unloading_begun{false};

[[nodiscard]] inline bool unloaded() noexcept {
  return unloading_begun.load(std::memory_order_acquire);
}

}  // namespace daa::host_runtime
