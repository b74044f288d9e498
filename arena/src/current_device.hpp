// Makes a device current for a scope.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "daa/error.hpp"
#include "driver_function.hpp"

namespace daa::v0_1::detail {

/// Makes `device` current until the end of the scope, which restores this thread's context stack. Creates no
/// context except on `device`, where an arena's memory needs one.
class CurrentDevice {
 public:
  /// Looks up the driver's functions, once per process; a later scope retries if that fails. Call it while
  /// the device that will be made current is the current one.
  static void prepare() noexcept;

  /// Adds the CUDA calls of the constructor and the destructor to `calls`, which must outlive this object.
  CurrentDevice(int device, std::size_t& calls) noexcept;
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

  /// The error if `device` could not be made current; nothing has changed then.
  [[nodiscard]] cudaError_t error() const noexcept { return error_; }

 private:
  void push_context() noexcept;
  void pop_context() noexcept;
  [[nodiscard]] cudaError_t get_device(int& device) noexcept;

  int device_;
  std::size_t& calls_;
  int previous_ = 0;
  cudaError_t error_;
  bool pops_context_ = false;
  bool releases_context_ = false;
};

}  // namespace daa::v0_1::detail
