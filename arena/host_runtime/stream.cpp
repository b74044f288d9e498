#include "stream.hpp"

#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "capture.hpp"
#include "capture_rules.hpp"
#include "errors.hpp"
#include "runtime.hpp"
#include "unloading.hpp"
#include "violations.hpp"

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
    work = {};  // what it captured is gone before anyone learns that it is done
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
