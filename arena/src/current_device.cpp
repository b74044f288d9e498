// cudaSetDevice(device) followed by cudaSetDevice(previous) is not an alternative. Since CUDA 12 the second
// call creates the primary context of `previous`, hundreds of MB, even if that device has never been used and
// is current only by default. Popping a context off the driver's stack restores the previous state, even if
// no context was current.

#include "current_device.hpp"

#include "driver_function.hpp"

namespace daa::v0_1::detail {

namespace {

struct Driver {
  DriverFunction<decltype(cuDevicePrimaryCtxGetState)> primary_state{"cuDevicePrimaryCtxGetState", 7000};
  DriverFunction<decltype(cuDevicePrimaryCtxRetain)> retain_primary{"cuDevicePrimaryCtxRetain", 7000};
  DriverFunction<decltype(cuDevicePrimaryCtxRelease)> release_primary{"cuDevicePrimaryCtxRelease", 11000};
  DriverFunction<decltype(cuCtxPushCurrent)> push{"cuCtxPushCurrent", 4000};
  DriverFunction<decltype(cuCtxPopCurrent)> pop{"cuCtxPopCurrent", 4000};

  bool find(std::size_t& calls) noexcept {
    return primary_state.find(calls) && retain_primary.find(calls) && release_primary.find(calls) &&
           push.find(calls) && pop.find(calls);
  }
};

Driver& driver() noexcept {
  static Driver functions;
  return functions;
}

}  // namespace

// It is not documented that a lookup needs no context; one on the current device does no harm here.
void CurrentDevice::prepare() noexcept {
  std::size_t calls = 0;
  static_cast<void>(driver().find(calls));
}

CurrentDevice::CurrentDevice(int device, std::size_t& calls) noexcept
    : device_(device), calls_(calls), error_(get_device(previous_)) {
  if (error_ != cudaSuccess || previous_ == device) return;
  if (driver().find(calls)) {
    push_context();
  } else {
    error_ = cudaErrorSymbolNotFound;  // every driver that supports this toolkit has them
  }
}

CurrentDevice::~CurrentDevice() {
  if (pops_context_) pop_context();
}

// Runtime and driver number the devices alike. An active context is retained by someone else, so this scope
// releases its own reference. An inactive one becomes active here and is not released: that would destroy it
// with the memory in it.
void CurrentDevice::push_context() noexcept {
  unsigned int flags = 0;
  int is_active = 0;
  ++calls_;
  error_ = driver().primary_state(device_, &flags, &is_active);
  if (error_ != cudaSuccess) return;

  CUcontext context = nullptr;
  ++calls_;
  error_ = driver().retain_primary(&context, device_);
  if (error_ != cudaSuccess) return;

  ++calls_;
  error_ = driver().push(context);
  if (error_ == cudaSuccess) {
    pops_context_ = true;
    releases_context_ = is_active != 0;
  } else {
    ++calls_;
    static_cast<void>(driver().release_primary(device_));
  }
}

// An error may be that of earlier work on the device; the current device tells whether the context was
// popped. Releasing twice would take the context from others; never releasing only keeps it.
void CurrentDevice::pop_context() noexcept {
  for (int attempt = 0; attempt < 2; ++attempt) {
    CUcontext popped = nullptr;
    ++calls_;
    if (driver().pop(&popped) == cudaSuccess) break;
    int current = device_;
    if (get_device(current) == cudaSuccess && current != device_) break;
  }
  if (!releases_context_) return;
  ++calls_;
  static_cast<void>(driver().release_primary(device_));
}

cudaError_t CurrentDevice::get_device(int& device) noexcept {
  ++calls_;
  return taken(cudaGetDevice(&device));
}

}  // namespace daa::v0_1::detail
