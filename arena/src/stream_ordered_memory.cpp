#include "stream_ordered_memory.hpp"

#include <stdexcept>

#include "current_device.hpp"

namespace daa::v0_1::detail {

namespace {

constexpr int unknown_device = -1;

int device_of(cudaStream_t stream) {
  int device = 0;
  if (is_default_stream(stream)) {
    DAA_CUDA_CHECK(cudaGetDevice(&device));
  } else if (is_captured(stream)) {
    device = unknown_device;
  } else {
    DAA_CUDA_CHECK(cudaStreamGetDevice(stream, &device));
  }
  return device;
}

}  // namespace

// The legacy stream is never captured, and must not be queried while other streams are captured.
bool is_captured(cudaStream_t stream) {
  if (is_legacy_stream(stream)) return false;
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  DAA_CUDA_CHECK(cudaStreamIsCapturing(stream, &status));
  return status != cudaStreamCaptureStatusNone;
}

StreamOrderedMemory::StreamOrderedMemory(cudaStream_t stream, std::optional<cudaMemPool_t> pool)
    : stream_(stream),
      pool_(pool),
      device_(device_of(stream)),
      needs_current_device_(is_default_stream(stream)) {
  if (pool_ && *pool_ == nullptr) {
    throw std::invalid_argument(
        "DeviceAsyncArena: the memory pool is null; omit it, or pass {}, to use the current "
        "pool of the stream's device");
  }
  if (needs_current_device_) CurrentDevice::prepare();
}

// A created stream implies its device, whichever is current, so the current device needs no query.
template <class Call>
cudaError_t StreamOrderedMemory::in_stream_order(Call call) noexcept {
  const auto counted = [&] {
    ++calls_;
    return taken(call());
  };
  if (!needs_current_device_) return counted();
  const CurrentDevice current{device_, calls_};
  return current.error() != cudaSuccess ? current.error() : counted();
}

cudaError_t StreamOrderedMemory::allocate(void** pointer, std::size_t bytes) noexcept {
  void* fresh = nullptr;
  const cudaError_t error = in_stream_order([&] {
    return pool_ ? cudaMallocFromPoolAsync(&fresh, bytes, *pool_, stream_)
                 : cudaMallocAsync(&fresh, bytes, stream_);
  });
  if (error == cudaSuccess) {
    *pointer = fresh;
    ++allocations_;
  }
  return error;
}

cudaError_t StreamOrderedMemory::free(void* pointer) noexcept {
  return in_stream_order([&] { return cudaFreeAsync(pointer, stream_); });
}

Capture StreamOrderedMemory::capture() noexcept {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  cudaError_t error = in_stream_order([&] { return cudaStreamGetCaptureInfo(stream_, &status); });
  if (status == cudaStreamCaptureStatusInvalidated) error = cudaErrorStreamCaptureInvalidated;
  const bool is_active = status != cudaStreamCaptureStatusNone || error == cudaErrorStreamCaptureImplicit ||
                         error == cudaErrorStreamCaptureInvalidated;
  return {is_active, error};
}

cudaError_t StreamOrderedMemory::stream_id(unsigned long long& id) noexcept {
  unsigned long long result = ~0ull;
  cudaError_t error = cudaSuccess;
  if (!is_legacy_stream(stream_)) error = in_stream_order([&] { return cudaStreamGetId(stream_, &result); });
  if (error == cudaSuccess) id = result;
  return error;
}

cudaError_t StreamOrderedMemory::fill(void* pointer, std::uint8_t value, std::size_t bytes) noexcept {
  return in_stream_order([&] { return cudaMemsetAsync(pointer, value, bytes, stream_); });
}

cudaError_t StreamOrderedMemory::record(cudaEvent_t& event) noexcept {
  if (event == nullptr) {
    const CurrentDevice current{device_, calls_};
    if (current.error() != cudaSuccess) return current.error();
    ++calls_;
    const cudaError_t error = taken(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    if (error != cudaSuccess) return error;
  }
  return in_stream_order([&] { return cudaEventRecord(event, stream_); });
}

std::optional<int> StreamOrderedMemory::device() noexcept {
  if (device_ == unknown_device && !capture().is_active) {
    ++calls_;
    static_cast<void>(taken(cudaStreamGetDevice(stream_, &device_)));
  }
  return device_ == unknown_device ? std::nullopt : std::optional<int>{device_};
}

void StreamOrderedMemory::read(void* host, const void* pointer, std::size_t bytes) {
  if (bytes == 0) return;
  const cudaError_t error =
      in_stream_order([&] { return cudaMemcpyAsync(host, pointer, bytes, cudaMemcpyDeviceToHost, stream_); });
  throw_if_failed(error, "cudaMemcpyAsync", __FILE__, __LINE__);
}

void StreamOrderedMemory::wait() {
  throw_if_failed(in_stream_order([&] { return cudaStreamSynchronize(stream_); }), "cudaStreamSynchronize",
                  __FILE__, __LINE__);
}

void StreamOrderedMemory::throw_failed_allocation(cudaError_t code, MemoryShortage shortage,
                                                  const std::string& requester) {
  if (code != cudaErrorMemoryAllocation) {
    throw CudaError(code, pool_ ? "cudaMallocFromPoolAsync" : "cudaMallocAsync", __FILE__, __LINE__);
  }
  if (device_ != unknown_device) {
    const CurrentDevice current{device_, calls_};
    if (current.error() == cudaSuccess) {
      ++calls_;
      static_cast<void>(taken(cudaMemGetInfo(&shortage.device_free, &shortage.device_total)));
    }
  }
  throw OutOfDeviceMemory(shortage, requester);
}

}  // namespace daa::v0_1::detail
