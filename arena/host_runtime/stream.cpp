#include "stream.hpp"

#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "api.hpp"
#include "capture.hpp"
#include "errors.hpp"
#include "memory.hpp"
#include "runtime.hpp"

namespace daa::host_runtime {
namespace {

constinit thread_local bool this_thread_is_worker = false;

}  // namespace

void run_guarded(const std::function<void()>& work) {
  if (!work) return;
  try {
    work();
  } catch (const std::exception& error) {
    report_violation(std::string("work on a stream threw an exception: ") + error.what());
  } catch (...) {
    report_violation("work on a stream threw an exception");
  }
}

bool on_worker() noexcept {
  return this_thread_is_worker;
}

bool StreamPoint::reached() const {
  return !stream || stream->completed_ >= ticket;
}

bool StreamPoint::due() const {
  return !stream || stream->slow_.empty() || ticket < stream->slow_.front();
}

bool StreamPoint::await(Lock& lock) const {
  if (!reached()) stream->completed_changed_.wait(lock, [&] { return reached() || unloaded(); });
  return reached();
}

void StreamPoint::wait(Lock& lock) const {
  if (!await(lock)) throw ApiError{cudaErrorCudartUnloading};
}

StreamPoint Stream::last() {
  return {shared_from_this(), submitted_};
}

StreamPoint Stream::submit(Lock& lock, Work work) {
  if (capture) {
    capture_work(*this, std::move(work));
    return {};
  }
  refuse_implicit(*this);
  completed_changed_.wait(lock, [&] { return queue_.size() < most_queued || unloaded(); });
  for (StreamPoint& point : legacy_order()) work.after.push_back(std::move(point));
  if (!has_worker_) {
    std::thread([self = shared_from_this()] { self->run_worker(); }).detach();
    has_worker_ = true;
    ++runtime().workers;
  }
  ++submitted_;
  if (!work.is_instant || !work.after.empty()) slow_.push_back(submitted_);
  queue_.push_back(std::move(work));
  queue_changed_.notify_one();
  return last();
}

std::vector<StreamPoint> Stream::legacy_order() {
  std::vector<StreamPoint> points;
  const Device& owner = runtime().device(device);
  if (kind == Kind::blocking && !owner.legacy->idle()) points.push_back(owner.legacy->last());
  if (kind == Kind::legacy) {
    for (const auto& other : owner.streams) {
      if (other->kind == Kind::blocking && !other->idle()) points.push_back(other->last());
    }
  }
  return points;
}

std::vector<StreamPoint> Stream::everything() {
  std::vector<StreamPoint> points;
  if (kind == Kind::legacy) points = legacy_order();
  points.push_back(last());
  return points;
}

void Stream::close() {
  closed_ = true;
  queue_changed_.notify_one();
  if (!has_worker_) std::erase(runtime().device(device).streams, shared_from_this());
}

void Stream::wake() {
  queue_changed_.notify_all();
  completed_changed_.notify_all();
}

void Stream::run_worker() {
  this_thread_is_worker = true;
  Runtime& rt = runtime();
  Lock lock(rt.mutex);
  while (true) {
    queue_changed_.wait(lock, [&] { return !queue_.empty() || closed_ || unloaded(); });
    if (queue_.empty()) break;
    Work work = std::move(queue_.front());
    queue_.pop_front();
    for (const StreamPoint& point : work.after) point.await(lock);
    if (unloaded()) break;
    lock.unlock();
    run_guarded(work.run);
    work = {};  // destroys what it captured before it counts as done
    lock.lock();
    ++completed_;
    if (!slow_.empty() && slow_.front() == completed_) slow_.pop_front();
    completed_changed_.notify_all();
  }
  if (!unloaded()) std::erase(rt.device(device).streams, shared_from_this());
  --rt.workers;
  rt.workers_changed.notify_all();
}

}  // namespace daa::host_runtime

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
    Segments released;  // unmapped after the lock is released
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
