// Makes a device current for a scope.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "daa/error.hpp"

namespace daa::v0_1::detail {

/// At the end of the scope this thread's contexts are what they were, and no device has one that it did not
/// have, but for `device`: an arena's memory there needs it.
class CurrentDevice {
 public:
  /// Looks up the driver's functions, once in a process; a later scope tries again where that fails. To be
  /// called while the device that will be made current is the current one.
  static void prepare() noexcept;

  /// Adds the CUDA calls that it makes, those of the destructor too, to `calls`, which must outlive it.
  CurrentDevice(int device, std::size_t& calls) noexcept;
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

  /// Why `device` could not be made current; nothing has changed then.
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
