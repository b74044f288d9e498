// The wrapper around every function of the CUDA runtime API.
//
// In this order: refuse calls after the end of the process has begun, on a stream's worker, and once the
// context is destroyed; apply an injected fault; make a context current if the function needs one; run the
// body, and turn exceptions into errors; store the error; log the call.
#pragma once

#include <cuda.h>

#include <new>

#include "call_log.hpp"
#include "errors.hpp"
#include "runtime.hpp"
#include "stream.hpp"

namespace daa::host_runtime {

/// Returns what `body` returns or, if it throws, the corresponding error.
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

/// The common part of api() and driver_api(): everything except the thread's last error.
template <class Body>
cudaError_t logged(Function function, Call call, const Body& body) noexcept {
  if (unloaded()) return cudaErrorCudartUnloading;
  call.function = function.info().name;
  const cudaError_t result = result_of([&] {
    if (const cudaError_t error = context_error(); error != cudaSuccess) return error;
    if (on_worker()) return cudaErrorNotPermitted;
    if (const cudaError_t fault = call_log().strike(function); fault != cudaSuccess) return fault;
    if (function.info().needs_context) runtime().need_context();
    return body(call);
  });
  remember_if_destroyed(result);
  call.result = result;
  call_log().add(function, call);
  return result;
}

/// Implements a function of the runtime API. `body` gets the Call to be logged, may complete it, and returns
/// the function's result.
template <class Body>
cudaError_t api(Function function, Call call, const Body& body) noexcept {
  const cudaError_t result = logged(function, call, body);
  remember(result);
  return result;
}

/// As api(), for a function of the driver API, which has no last error. Its error codes equal the runtime's.
template <class Body>
CUresult driver_api(Function function, Call call, const Body& body) noexcept {
  return static_cast<CUresult>(logged(function, call, body));
}

/// The same for a function of which only the result is logged. `body` takes nothing.
template <class Body>
CUresult driver_api(Function function, const Body& body) noexcept {
  return driver_api(function, {}, [&](Call&) -> cudaError_t { return body(); });
}

/// Calls `use` with the lock and the stream; returns cudaErrorInvalidResourceHandle if there is no such
/// stream.
template <class Use>
cudaError_t with_stream(cudaStream_t handle, const Use& use) {
  Runtime& rt = runtime();
  Lock lock(rt.mutex);
  const auto stream = rt.stream(handle);
  return stream ? use(lock, *stream) : cudaErrorInvalidResourceHandle;
}

/// A Call with the arguments that are known before the body runs.
inline Call asked(cudaStream_t stream = nullptr, std::size_t bytes = 0, const void* pointer = nullptr) {
  return {{}, cudaSuccess, stream, bytes, pointer};
}

}  // namespace daa::host_runtime
