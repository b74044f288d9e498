// Work that touches memory: copies, sets, and host_runtime::launch in place of kernels.
//
// When the host calls, an operand that has to be device memory and is not mapped on any device is refused.
// What is live is known only in stream order, so that is checked by the worker, just before the work.
#include <cstring>
#include <memory>
#include <utility>

#include "api.hpp"
#include "memory.hpp"
#include "runtime.hpp"
#include "violations.hpp"

namespace daa::host_runtime {
namespace {

// Copies from pageable memory up to this size are staged: the caller may reuse its memory at once.
constexpr std::size_t most_staged = 64 * 1024;

std::string describe(const char* what, const Access& access) {
  char text[160];
  std::snprintf(text, sizeof text, "%s outside live memory: %zu bytes at %p", what, access.bytes,
                access.pointer);
  return text;
}

// On the worker: whether all accesses are to live memory; reports those that are not.
bool check(const char* what, const std::vector<Access>& accesses) {
  const Lock lock(runtime().mutex);
  bool all_live = true;
  for (const Access& access : accesses) {
    if (access.bytes == 0 || live_memory(access) != nullptr) continue;
    report_violation(describe(what, access));
    all_live = false;
  }
  return all_live;
}

// Work that runs `task` if all accesses are to live memory.
Work checked(const char* what, std::vector<Access> accesses, std::function<void()> task) {
  return {[what, accesses = std::move(accesses), task = std::move(task)] {
            if (check(what, accesses)) task();
          },
          {}};
}

// With the lock: whether the device can reach `access` at all, as far as the host knows when it calls.
bool reachable(const char* what, const Access& access) {
  if (is_device_memory(access.pointer) || is_pinned(access)) return true;
  report_violation(describe(what, access));
  return false;
}

struct Copy {
  const char* function;
  void* to;
  const void* from;
  std::size_t bytes;
  cudaMemcpyKind kind;
};

cudaError_t copy(Lock& lock, Stream& stream, const Copy& what, bool wait) {
  if (what.kind < cudaMemcpyHostToHost || what.kind > cudaMemcpyDefault)
    return cudaErrorInvalidMemcpyDirection;
  if (what.bytes == 0) return cudaSuccess;
  if (what.to == nullptr || what.from == nullptr) return cudaErrorInvalidValue;

  const Access to{what.to, what.bytes};
  const Access from{what.from, what.bytes};
  const auto on_device = [&](const Access& access, cudaMemcpyKind a, cudaMemcpyKind b) {
    return what.kind == a || what.kind == b || is_device_memory(access.pointer);
  };
  const bool to_device = on_device(to, cudaMemcpyHostToDevice, cudaMemcpyDeviceToDevice);
  const bool from_device = on_device(from, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice);
  if (to_device && !reachable(what.function, to)) return cudaErrorInvalidValue;
  if (from_device && !reachable(what.function, from)) return cudaErrorInvalidValue;

  std::vector<Access> accesses;
  if (to_device) accesses.push_back(to);
  if (from_device) accesses.push_back(from);
  const bool from_pageable = !from_device && !is_pinned(from);
  const bool to_pageable = !to_device && !is_pinned(to);
  std::shared_ptr<std::byte[]> staged;
  if (from_pageable && !to_pageable && what.bytes <= most_staged) {
    staged = std::make_shared<std::byte[]>(what.bytes);
    std::memcpy(staged.get(), what.from, what.bytes);
  }
  const auto task = [what, staged] { std::memmove(what.to, staged ? staged.get() : what.from, what.bytes); };
  const StreamPoint done = stream.submit(lock, checked(what.function, std::move(accesses), task));
  wait = wait && !(to_device && from_device);
  if (wait || to_pageable || (from_pageable && !staged)) done.wait(lock);
  return cudaSuccess;
}

cudaError_t set(Lock& lock, Stream& stream, const char* function, void* pointer, int value,
                std::size_t bytes) {
  if (bytes == 0) return cudaSuccess;
  const Access access{pointer, bytes};
  if (!reachable(function, access)) return cudaErrorInvalidValue;
  const auto task = [=] { std::memset(pointer, value, bytes); };
  stream.submit(lock, checked(function, {access}, task));
  return cudaSuccess;
}

// Calls `use` with the lock and the stream, if there is such a stream.
template <class Use>
cudaError_t with_stream(cudaStream_t handle, const Use& use) {
  Runtime& rt = runtime();
  Lock lock(rt.mutex);
  const auto stream = rt.stream(handle);
  return stream ? use(lock, *stream) : cudaErrorInvalidResourceHandle;
}

}  // namespace

cudaError_t launch(cudaStream_t stream, std::vector<Access> accesses, std::function<void()> task) {
  return api("cudaLaunchKernel", asked(stream), [&](Call&) {
    return with_stream(stream, [&](Lock& lock, Stream& which) {
      if (which.device != runtime().current_device().ordinal) return cudaErrorInvalidResourceHandle;
      which.submit(lock, checked("a launch's access", std::move(accesses), std::move(task)));
      return cudaSuccess;
    });
  });
}

}  // namespace daa::host_runtime

using namespace daa::host_runtime;

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return api("cudaMemcpy", asked(nullptr, bytes, to), [&](Call&) {
    return with_stream(cudaStreamLegacy, [&](Lock& lock, Stream& stream) {
      return copy(lock, stream, {"cudaMemcpy", to, from, bytes, kind}, true);
    });
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return api("cudaMemcpyAsync", asked(stream, bytes, to), [&](Call&) {
    return with_stream(stream, [&](Lock& lock, Stream& which) {
      return copy(lock, which, {"cudaMemcpyAsync", to, from, bytes, kind}, false);
    });
  });
}

cudaError_t cudaMemset(void* pointer, int value, size_t bytes) {
  return api("cudaMemset", asked(nullptr, bytes, pointer), [&](Call&) {
    return with_stream(cudaStreamLegacy, [&](Lock& lock, Stream& stream) {
      return set(lock, stream, "cudaMemset", pointer, value, bytes);
    });
  });
}

cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  return api("cudaMemsetAsync", asked(stream, bytes, pointer), [&](Call&) {
    return with_stream(stream, [&](Lock& lock, Stream& which) {
      return set(lock, which, "cudaMemsetAsync", pointer, value, bytes);
    });
  });
}
