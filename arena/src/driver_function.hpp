// Functions of the driver API, without linking the driver library.
#pragma once

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <atomic>
#include <cstddef>

namespace daa::v0_1::detail {

/// Clears an error from the runtime's per-thread state, so that an unrelated cudaGetLastError() does not
/// return it. Returns `code`.
inline cudaError_t taken(cudaError_t code) noexcept {
  if (code != cudaSuccess) static_cast<void>(cudaGetLastError());
  return code;
}

/// A function of the driver API of type `Function`, looked up through the runtime. The address is cached for
/// all threads; threads may look it up concurrently, since all find the same one.
template <class Function>
class DriverFunction {
 public:
  /// `name` has no version suffix; `version` is the CUDA version that declares it as `Function`, times 1000.
  constexpr DriverFunction(const char* name, unsigned int version) noexcept
      : name_(name), version_(version) {}

  /// Whether the driver has the function. Adds the runtime calls made for the lookup to `calls`.
  [[nodiscard]] bool find(std::size_t& calls) noexcept {
    if (found_.load(std::memory_order_relaxed) != nullptr) return true;
    void* address = nullptr;
    cudaDriverEntryPointQueryResult status{};
    ++calls;
    const cudaError_t error =
        cudaGetDriverEntryPointByVersion(name_, &address, version_, cudaEnableDefault, &status);
    if (taken(error) != cudaSuccess) return false;
    found_.store(reinterpret_cast<Function*>(address), std::memory_order_relaxed);
    return address != nullptr;
  }

  /// Calls the function, which find() must have found. The runtime's error codes equal the driver's.
  template <class... Arguments>
  cudaError_t operator()(Arguments... arguments) const noexcept {
    return static_cast<cudaError_t>(found_.load(std::memory_order_relaxed)(arguments...));
  }

  [[nodiscard]] const char* name() const noexcept { return name_; }

 private:
  const char* name_;
  unsigned int version_;
  std::atomic<Function*> found_{nullptr};
};

}  // namespace daa::v0_1::detail
