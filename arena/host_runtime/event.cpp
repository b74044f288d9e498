#include "stream.hpp"

#include "api.hpp"
#include "capture.hpp"
#include "memory.hpp"
#include "runtime.hpp"

using namespace daa::host_runtime;

namespace {

cudaError_t create(cudaEvent_t* event, unsigned int flags) {
  constexpr unsigned int known = cudaEventBlockingSync | cudaEventDisableTiming;
  if (event == nullptr || (flags & ~known) != 0) return cudaErrorInvalidValue;
  Runtime& rt = runtime();
  const Lock lock(rt.mutex);
  auto created = std::make_shared<Event>();
  created->device = rt.current_device().ordinal;
  created->has_timing = (flags & cudaEventDisableTiming) == 0;
  *event = rt.events.add(rt.next_number(), std::move(created));
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return api("cudaEventCreate", asked(), [&](Call&) { return create(event, cudaEventDefault); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  return api("cudaEventCreateWithFlags", asked(), [&](Call&) { return create(event, flags); });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return api("cudaEventDestroy", asked(), [&](Call&) {
    Runtime& rt = runtime();
    const Lock lock(rt.mutex);
    return rt.events.remove(event) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return api("cudaEventRecord", asked(stream), [&](Call&) {
    Runtime& rt = runtime();
    Lock lock(rt.mutex);
    const auto recorded = rt.events.find(event);
    const auto on = rt.stream(stream);
    if (!recorded || !on || recorded->device != on->device) return cudaErrorInvalidResourceHandle;
    if (on->capture) {
      capture_event(*on, *recorded);
      return cudaSuccess;
    }
    auto mark = std::make_shared<Event::Mark>();
    mark->point = on->submit(lock, bookkeeping([mark] { mark->when = std::chrono::steady_clock::now(); }));
    recorded->mark = std::move(mark);
    recorded->capture = nullptr;
    return cudaSuccess;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return api("cudaEventQuery", asked(), [&](Call&) {
    Runtime& rt = runtime();
    const Lock lock(rt.mutex);
    const auto found = rt.events.find(event);
    if (!found) return cudaErrorInvalidResourceHandle;
    refuse_waiting(*found);
    refuse_unsafe();
    return found->reached() ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return api("cudaEventSynchronize", asked(), [&](Call&) {
    Runtime& rt = runtime();
    Segments released;  // unmapped after the lock is released
    Lock lock(rt.mutex);
    const auto found = rt.events.find(event);
    if (!found) return cudaErrorInvalidResourceHandle;
    refuse_waiting(*found);
    refuse_unsafe();
    if (found->mark) StreamPoint(found->mark->point).wait(lock);
    released = release_idle(rt.device(found->device), Release::to_threshold);
    return cudaSuccess;
  });
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start, cudaEvent_t end) {
  return api("cudaEventElapsedTime", asked(), [&](Call&) {
    if (ms == nullptr) return cudaErrorInvalidValue;
    Runtime& rt = runtime();
    const Lock lock(rt.mutex);
    const auto from = rt.events.find(start);
    const auto to = rt.events.find(end);
    for (const auto& event : {from, to}) {
      if (event) refuse_waiting(*event);
    }
    if (!from || !to || !from->mark || !to->mark) return cudaErrorInvalidResourceHandle;
    if (!from->has_timing || !to->has_timing || from->device != to->device)
      return cudaErrorInvalidResourceHandle;
    if (!from->reached() || !to->reached()) return cudaErrorNotReady;
    *ms = std::chrono::duration<float, std::milli>(to->mark->when - from->mark->when).count();
    return cudaSuccess;
  });
}
