#include "capture_rules.hpp"

#include <algorithm>
#include <thread>

#include "errors.hpp"
#include "event.hpp"
#include "runtime.hpp"

namespace daa::host_runtime {
namespace {

// A thread's mode counts only if the runtime has not been restarted since it was set.
struct ThreadMode {
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::uint64_t restarts = 0;
};
constinit thread_local ThreadMode this_threads_mode;

cudaStreamCaptureMode thread_mode() {
  return this_threads_mode.restarts == restart_count() ? this_threads_mode.mode : cudaStreamCaptureModeGlobal;
}

template <class Forbids>
void refuse(cudaError_t error, const Forbids& forbids) {
  bool is_forbidden = false;
  for (const auto& capture : runtime().captures) {
    if (!forbids(*capture)) continue;
    invalidate(*capture);
    is_forbidden = true;
  }
  if (is_forbidden) throw ApiError{error};
}

template <class Condition>
bool any_stream(const Capture& capture, const Condition& condition) {
  return std::any_of(capture.streams.begin(), capture.streams.end(), [&](const auto& weak) {
    const auto stream = weak.lock();
    return stream && condition(*stream);
  });
}

// Whether work in `stream` would come behind what is captured.
bool is_implicit(const Stream& stream, const Capture& capture) {
  return stream.kind == Stream::Kind::legacy && any_stream(capture, [&](const Stream& each) {
           return each.kind == Stream::Kind::blocking && each.device == stream.device;
         });
}

}  // namespace

bool forbids_implicit(const Stream& stream) {
  const auto& captures = runtime().captures;
  return std::any_of(captures.begin(), captures.end(),
                     [&](const auto& capture) { return is_implicit(stream, *capture); });
}

void refuse_invalid(const Stream& stream) {
  if (!stream.capture->is_valid) throw ApiError{cudaErrorStreamCaptureInvalidated};
}

void refuse_implicit(const Stream& stream) {
  refuse(cudaErrorStreamCaptureImplicit,
         [&](const Capture& capture) { return is_implicit(stream, capture); });
}

void refuse_captured(const Stream& stream) {
  if (!stream.capture) return;
  invalidate(*stream.capture);
  throw ApiError{cudaErrorStreamCaptureUnsupported};
}

void refuse_waiting(const Stream& stream) {
  refuse_implicit(stream);
  refuse_captured(stream);
}

void refuse_waiting(const Device& device) {
  refuse(cudaErrorStreamCaptureUnsupported, [&](const Capture& capture) {
    return any_stream(capture, [&](const Stream& each) { return each.device == device.ordinal; });
  });
}

void refuse_waiting(const Event& event) {
  if (!event.capture) return;
  invalidate(*event.capture);
  throw ApiError{cudaErrorCapturedEvent};
}

void refuse_unsafe() {
  const cudaStreamCaptureMode mode = thread_mode();
  if (mode == cudaStreamCaptureModeRelaxed) return;
  refuse(cudaErrorStreamCaptureUnsupported, [&](const Capture& capture) {
    if (capture.thread == std::this_thread::get_id()) return capture.mode != cudaStreamCaptureModeRelaxed;
    return mode == cudaStreamCaptureModeGlobal && capture.mode == cudaStreamCaptureModeGlobal;
  });
}

void refuse_unsafe_on_legacy(const Stream& stream) {
  refuse_implicit(stream);
  refuse_unsafe();
}

cudaStreamCaptureMode exchange_thread_mode(cudaStreamCaptureMode mode) {
  const cudaStreamCaptureMode old = thread_mode();
  this_threads_mode = {mode, restart_count()};
  return old;
}

}  // namespace daa::host_runtime
