#include "api.hpp"
#include "capture.hpp"
#include "capture_rules.hpp"
#include "event.hpp"
#include "memory.hpp"
#include "runtime.hpp"

using namespace daa::host_runtime;

namespace {

cudaError_t create(cudaStream_t* stream, unsigned int flags, Call& call) {
  if (stream == nullptr || (flags & ~static_cast<unsigned int>(cudaStreamNonBlocking)) != 0) {
    return cudaErrorInvalidValue;
  }
  Runtime& rt = runtime();
  const Lock lock(rt.mutex);
  const auto kind = flags == cudaStreamNonBlocking ? Stream::Kind::non_blocking : Stream::Kind::blocking;
  const auto created = rt.add_stream(rt.current_device(), kind);
  *stream = rt.streams.add(created->id, created);
  call.stream = *stream;
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return api("cudaStreamCreate", asked(),
             [&](Call& call) { return create(stream, cudaStreamDefault, call); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
  return api("cudaStreamCreateWithFlags", asked(), [&](Call& call) { return create(stream, flags, call); });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return api("cudaStreamDestroy", asked(stream), [&](Call&) {
    Runtime& rt = runtime();
    const Lock lock(rt.mutex);
    const auto destroyed = rt.streams.find(stream);
    if (!destroyed) return cudaErrorInvalidResourceHandle;
    refuse_waiting(*destroyed);
    rt.streams.remove(stream);
    destroyed->close();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return api("cudaStreamSynchronize", asked(stream), [&](Call&) {
    Segments released;  // unmapped after the lock is gone
    return with_stream(stream, [&](Lock& lock, Stream& which) {
      refuse_waiting(which);
      for (const StreamPoint& point : which.everything()) point.wait(lock);
      released = release_idle(runtime().device(which.device), Release::to_threshold);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return api("cudaStreamQuery", asked(stream), [&](Call&) {
    return with_stream(stream, [](Lock&, Stream& which) {
      refuse_waiting(which);
      for (const StreamPoint& point : which.everything()) {
        if (!point.reached()) return cudaErrorNotReady;
      }
      return cudaSuccess;
    });
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags) {
  return api("cudaStreamWaitEvent", asked(stream), [&](Call&) {
    if ((flags & ~static_cast<unsigned int>(cudaEventWaitExternal)) != 0) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock& lock, Stream& which) {
      const auto awaited = runtime().events.find(event);
      if (!awaited) return cudaErrorInvalidResourceHandle;
      if (which.capture && flags == cudaEventWaitExternal) {
        invalidate(*which.capture);
        return cudaErrorNotSupported;
      }
      if (which.capture || awaited->capture) return capture_wait(which.shared_from_this(), *awaited);
      refuse_implicit(which);
      if (!awaited->reached()) which.submit(lock, {nullptr, {awaited->mark->point}});
      return cudaSuccess;
    });
  });
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  return api("cudaStreamGetDevice", asked(stream), [&](Call&) {
    if (device == nullptr) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock&, Stream& which) {
      refuse_captured(which);
      *device = which.device;
      return cudaSuccess;
    });
  });
}

cudaError_t cudaStreamGetId(cudaStream_t stream, unsigned long long* id) {
  return api("cudaStreamGetId", asked(stream), [&](Call&) {
    if (id == nullptr) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock&, Stream& which) {
      refuse_captured(which);
      *id = which.id;
      return cudaSuccess;
    });
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return api("cudaLaunchHostFunc", asked(stream), [&](Call&) {
    if (function == nullptr) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock& lock, Stream& which) {
      which.submit(lock, {[=] { function(data); }, {}, cudaGraphNodeTypeHost});
      return cudaSuccess;
    });
  });
}
