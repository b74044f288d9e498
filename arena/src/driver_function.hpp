// Functions of the driver API, found through the runtime: nothing here links the driver's library.
#pragma once

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <atomic>
#include <cstddef>

#include "daa/error.hpp"

namespace daa::v0_1::detail {

/// One function, `Function` being its type. Once found it is kept, for all threads: they may look for it at
/// the same time, since all find the same.
template <class Function>
class DriverFunction {
 public:
  /// `name` without the suffix of a version; `version` is the one of CUDA that declares it as `Function`,
  /// times 1000.
  constexpr DriverFunction(const char* name, unsigned int version) noexcept
      : name_(name), version_(version) {}

  /// Whether the driver has it. Adds the runtime calls made for that to `calls`: none once it is found.
  [[nodiscard]] bool find(std::size_t& calls) noexcept {
    if (found_.load(std::memory_order_relaxed) != nullptr) return true;
    void* address = nullptr;
    cudaDriverEntryPointQueryResult status{};
    ++calls;
    if (cudaGetDriverEntryPointByVersion(name_, &address, version_, cudaEnableDefault, &status) !=
        cudaSuccess) {
      static_cast<void>(cudaGetLastError());  // or somebody else would find it
      return false;
    }
    found_.store(reinterpret_cast<Function*>(address), std::memory_order_relaxed);
    return address != nullptr;
  }

  /// Calls it, if find() has found it. The runtime's errors have the driver's codes.
  template <class... Arguments>
  cudaError_t operator()(Arguments... arguments) const noexcept {
    return static_cast<cudaError_t>(found_.load(std::memory_order_relaxed)(arguments...));
  }

 private:
  const char* name_;
  unsigned int version_;
  std::atomic<Function*> found_{nullptr};
};

}  // namespace daa::v0_1::detail
