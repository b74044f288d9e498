// Why not cudaSetDevice(device) and then cudaSetDevice(previous): since CUDA 12 the latter creates the
// primary context of `previous`, of hundreds of MB, also where that device has never been used and was only
// the one that a thread begins with. Popping a context off the driver's stack leaves what was there before,
// even nothing.

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

// A failed call of the runtime leaves its error behind for the next cudaGetLastError() of anybody.
cudaError_t taken(cudaError_t code) noexcept {
  if (code != cudaSuccess) static_cast<void>(cudaGetLastError());
  return code;
}

}  // namespace

// Nothing says that to look a function up needs no context; the current device's does no harm here.
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
    error_ = cudaErrorSymbolNotFound;  // no driver that runs this toolkit is without them
  }
}

CurrentDevice::~CurrentDevice() {
  if (pops_context_) pop_context();
}

// A device has the number that the runtime gives it in the driver, too. A context that is active is kept so
// by somebody else. One that is not begins here, and is not released: that would end it with the memory in
// it.
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

// An error may be that of earlier work on the device; whether the context is still there, the current device
// tells. To release it twice would take it from others, to do so never only keeps it.
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
