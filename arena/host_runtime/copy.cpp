// Work that accesses memory: copies, sets, and host_runtime::launch in place of kernels.
//
// A call is refused if an operand that must be device memory is not mapped on any device. Whether memory is
// live is known only in stream order, so the worker checks that just before the work runs.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "api.hpp"
#include "capture.hpp"
#include "errors.hpp"
#include "memory.hpp"
#include "runtime.hpp"
#include "virtual_memory.hpp"

namespace daa::host_runtime {
namespace {

// Copies from pageable memory up to this size are staged: the caller may reuse its memory when the call
// returns.
constexpr std::size_t most_staged = 64 * 1024;

std::string describe(std::string_view what, const Access& access) {
  char text[128];
  std::snprintf(text, sizeof text, " outside live memory: %zu bytes at %p", access.bytes, access.pointer);
  return std::string(what) + text;
}

// On the worker: returns whether all accesses are to live memory that `device` may access, and reports those
// that are not.
bool check(std::string_view what, int device, const std::vector<Access>& accesses) {
  const Lock lock(runtime().mutex);
  bool all_live = true;
  for (const Access& access : accesses) {
    if (access.bytes == 0 || live_memory(access) != nullptr || is_accessible(access, device)) continue;
    report_violation(describe(what, access));
    all_live = false;
  }
  return all_live;
}

// Work of `device` that runs `task` if all accesses are to live memory.
Work checked(std::string_view what, int device, std::vector<Access> accesses, std::function<void()> task,
             cudaGraphNodeType type) {
  return {[what, device, accesses = std::move(accesses), task = std::move(task)] {
            if (check(what, device, accesses)) task();
          },
          {},
          type};
}

// With the lock: whether the device can access `access` at all, as far as the host knows at the call.
bool reachable(std::string_view what, const Access& access) {
  if (is_device_memory(access.pointer) || is_pinned(access)) return true;
  report_violation(describe(what, access));
  return false;
}

// `call` has the number of bytes. Without `wait`, returns when cudaMemcpyAsync may return: pageable memory
// has been read or written, pinned memory may not have been. While the stream is capturing nothing has: the
// graph accesses pageable memory, too, when it runs.
cudaError_t copy(Lock& lock, Stream& stream, const Call& call, void* to, const void* from,
                 cudaMemcpyKind kind, bool wait) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  const std::size_t bytes = call.bytes;
  if (bytes == 0) return cudaSuccess;
  if (to == nullptr || from == nullptr) return cudaErrorInvalidValue;

  const Access target{to, bytes};
  const Access source{from, bytes};
  const bool to_device =
      kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice || is_device_memory(to);
  const bool from_device =
      kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice || is_device_memory(from);
  if (to_device && !reachable(call.function, target)) return cudaErrorInvalidValue;
  if (from_device && !reachable(call.function, source)) return cudaErrorInvalidValue;

  std::vector<Access> accesses;
  if (to_device) accesses.push_back(target);
  if (from_device) accesses.push_back(source);
  const bool to_pageable = !to_device && !is_pinned(target);
  const bool from_pageable = !from_device && !is_pinned(source);
  std::shared_ptr<std::byte[]> staged;
  const bool is_captured = stream.capture != nullptr;
  if (from_pageable && !to_pageable && bytes <= most_staged && !is_captured) {
    staged = std::shared_ptr<std::byte[]>(new std::byte[bytes]);  // make_shared of arrays needs GCC 12
    std::memcpy(staged.get(), from, bytes);
  }
  const auto task = [=] { std::memmove(to, staged ? staged.get() : from, bytes); };
  const StreamPoint done = stream.submit(
      lock, checked(call.function, stream.device, std::move(accesses), task, cudaGraphNodeTypeMemcpy));
  if (is_captured) return cudaSuccess;
  const bool within_devices = to_device && from_device;
  if ((wait && !within_devices) || to_pageable || (from_pageable && !staged)) done.wait(lock);
  return cudaSuccess;
}

cudaError_t set(Lock& lock, Stream& stream, const Call& call, void* pointer, int value) {
  const std::size_t bytes = call.bytes;
  if (bytes == 0) return cudaSuccess;
  const Access access{pointer, bytes};
  if (!reachable(call.function, access)) return cudaErrorInvalidValue;
  const auto task = [=] { std::memset(pointer, value, bytes); };
  stream.submit(lock, checked(call.function, stream.device, {access}, task, cudaGraphNodeTypeMemset));
  return cudaSuccess;
}

}  // namespace

cudaError_t launch(cudaStream_t stream, std::vector<Access> accesses, std::function<void()> task) {
  return api("cudaLaunchKernel", asked(stream), [&](Call&) {
    return with_stream(stream, [&](Lock& lock, Stream& which) {
      if (which.device != runtime().current_device().ordinal) return cudaErrorInvalidResourceHandle;
      which.submit(lock, checked("a launch's access", which.device, std::move(accesses), std::move(task),
                                 cudaGraphNodeTypeKernel));
      return cudaSuccess;
    });
  });
}

}  // namespace daa::host_runtime

using namespace daa::host_runtime;

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return api("cudaMemcpy", asked(nullptr, bytes, to), [&](Call& call) {
    return with_stream(cudaStreamLegacy, [&](Lock& lock, Stream& stream) {
      refuse_unsafe_on_legacy(stream);
      return copy(lock, stream, call, to, from, kind, true);
    });
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return api("cudaMemcpyAsync", asked(stream, bytes, to), [&](Call& call) {
    return with_stream(
        stream, [&](Lock& lock, Stream& which) { return copy(lock, which, call, to, from, kind, false); });
  });
}

cudaError_t cudaMemset(void* pointer, int value, size_t bytes) {
  return api("cudaMemset", asked(nullptr, bytes, pointer), [&](Call& call) {
    return with_stream(cudaStreamLegacy, [&](Lock& lock, Stream& stream) {
      refuse_unsafe_on_legacy(stream);
      return set(lock, stream, call, pointer, value);
    });
  });
}

cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  return api("cudaMemsetAsync", asked(stream, bytes, pointer), [&](Call& call) {
    return with_stream(stream,
                       [&](Lock& lock, Stream& which) { return set(lock, which, call, pointer, value); });
  });
}
