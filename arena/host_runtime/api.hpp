// What every function of the CUDA runtime API does around its own work.
//
// In this order: refuse after the end of the process has begun, inside a host function, and once the context
// is destroyed; let an injected fault strike; make a context current, where it needs one; do the work, with
// no exception getting out; remember the error; log the call.
#pragma once

#include <cuda.h>

#include <new>

#include "call_log.hpp"
#include "errors.hpp"
#include "runtime.hpp"
#include "stream.hpp"
#include "unloading.hpp"

namespace daa::host_runtime {

/// What `body` returns or, if it throws, the error that says so.
template <class Body>
cudaError_t result_of(const Body& body) noexcept {
  try {
    return body();
  } catch (const ApiError& error) {
    return error.code;
  } catch (const std::bad_alloc&) {
    return cudaErrorMemoryAllocation;
  } catch (...) {
    return cudaErrorUnknown;
  }
}

/// api() and driver_api(), but for the thread's last error.
template <class Body>
cudaError_t logged(Function function, Call call, const Body& body) noexcept {
  if (unloaded()) return cudaErrorCudartUnloading;
  call.function = function.name();
  const cudaError_t result = result_of([&] {
    if (const cudaError_t error = context_error(); error != cudaSuccess) return error;
    if (on_worker()) return cudaErrorNotPermitted;
    if (const cudaError_t fault = call_log().strike(function); fault != cudaSuccess) return fault;
    if (function.needs_context) runtime().need_context();
    return body(call);
  });
  remember_if_destroyed(result);
  call.result = result;
  call_log().add(function, call);
  return result;
}

/// `body` is called with the Call to be logged, and may complete it; it returns the function's result.
template <class Body>
cudaError_t api(Function function, Call call, const Body& body) noexcept {
  const cudaError_t result = logged(function, call, body);
  remember(result);
  return result;
}

/// A function of the driver API: there is no last error. Its errors have the runtime's codes.
template <class Body>
CUresult driver_api(Function function, const Body& body) noexcept {
  return static_cast<CUresult>(logged(function, {}, [&](Call&) -> cudaError_t { return body(); }));
}

/// Calls `use` with the lock and the stream, if there is such a stream.
template <class Use>
cudaError_t with_stream(cudaStream_t handle, const Use& use) {
  Runtime& rt = runtime();
  Lock lock(rt.mutex);
  const auto stream = rt.stream(handle);
  return stream ? use(lock, *stream) : cudaErrorInvalidResourceHandle;
}

/// A Call with what is known of it before the work is done.
inline Call asked(cudaStream_t stream = nullptr, std::size_t bytes = 0, const void* pointer = nullptr) {
  return {{}, cudaSuccess, stream, bytes, pointer};
}

}  // namespace daa::host_runtime
