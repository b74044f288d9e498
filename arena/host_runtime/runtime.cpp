#include "runtime.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include "call_log.hpp"
#include "capture.hpp"
#include "daa/host_runtime.hpp"
#include "errors.hpp"
#include "graph.hpp"
#include "memory.hpp"
#include "stream.hpp"

namespace daa::host_runtime {
namespace {

constinit std::atomic<std::uint64_t> restarts{0};

// A thread's current device is valid only if the runtime has not been restarted since it was set.
struct ThreadContexts {
  int set_device = 0;
  std::array<int, 32> stack{};
  std::size_t depth = 0;
  std::uint64_t restarts = 0;
};

ThreadContexts& this_threads_contexts() noexcept {
  static constinit thread_local ThreadContexts contexts;
  if (contexts.restarts != restarts.load()) {
    contexts = {};
    contexts.restarts = restarts.load();
  }
  return contexts;
}

// Closes the cudaStreamPerThread streams of a thread when it ends.
struct ThreadEnd {
  ~ThreadEnd() {
    if (unloaded()) return;
    Runtime& rt = runtime();
    const Lock lock(rt.mutex);
    std::erase_if(rt.per_thread_streams, [](const auto& entry) {
      if (entry.first.first != std::this_thread::get_id()) return false;
      entry.second->close();
      return true;
    });
  }
};

// Stops the workers after their current work. Work that has not begun is dropped, as when a process that uses
// a device ends. A worker that does not stop soon is left running: nothing it needs is ever destroyed.
void unload() {
  unloading_begun.store(true, std::memory_order_release);
  Runtime& rt = runtime();
  Lock lock(rt.mutex);
  for (const auto& device : rt.devices) {
    for (const auto& stream : device->streams) stream->wake();
  }
  rt.workers_changed.wait_for(lock, std::chrono::seconds(1), [&] { return rt.workers == 0; });
}

Runtime* start() {
  auto* const rt = new Runtime;
  rt->add_devices(1);
  std::atexit(unload);
  return rt;
}

}  // namespace

Runtime& runtime() {
  static Runtime& instance = *start();
  return instance;
}

std::uint64_t restart_count() noexcept {
  return restarts.load();
}

void set_current_device(int ordinal) noexcept {
  ThreadContexts& mine = this_threads_contexts();
  mine.set_device = ordinal;
  mine.depth = std::max<std::size_t>(mine.depth, 1);
  mine.stack[mine.depth - 1] = ordinal;
}

std::optional<int> current_context() noexcept {
  const ThreadContexts& mine = this_threads_contexts();
  if (mine.depth == 0) return std::nullopt;
  return mine.stack[mine.depth - 1];
}

bool push_context(int ordinal) noexcept {
  ThreadContexts& mine = this_threads_contexts();
  if (mine.depth == mine.stack.size()) return false;
  mine.stack[mine.depth++] = ordinal;
  return true;
}

std::optional<int> pop_context() noexcept {
  const auto popped = current_context();
  if (popped) --this_threads_contexts().depth;
  return popped;
}

Device& Runtime::visible_device(int ordinal) {
  if (visible_devices == 0) throw ApiError{cudaErrorNoDevice};
  if (ordinal < 0 || static_cast<std::size_t>(ordinal) >= visible_devices)
    throw ApiError{cudaErrorInvalidDevice};
  return device(ordinal);
}

Device& Runtime::current_device() {
  return visible_device(current_context().value_or(this_threads_contexts().set_device));
}

void Runtime::need_context() {
  if (current_context()) return;
  const Lock lock(mutex);
  Device& current = current_device();
  current.runtime_has_context = true;
  set_current_device(current.ordinal);
}

void Runtime::add_devices(std::size_t count) {
  while (devices.size() < count) {
    const int ordinal = static_cast<int>(devices.size());
    devices.push_back(std::make_unique<Device>(ordinal));
    Device& added = *devices.back();
    added.legacy = add_stream(added, Stream::Kind::legacy);
    added.default_pool = std::make_shared<MemoryPool>(ordinal, next_number());
    added.direct_pool = std::make_shared<MemoryPool>(ordinal, next_number());
    added.current_pool = added.default_pool;
    added.pools = {added.default_pool, added.direct_pool};
    pools.add(added.default_pool->number, added.default_pool);
  }
}

std::shared_ptr<Stream> Runtime::add_stream(Device& on, Stream::Kind kind) {
  auto added = std::make_shared<Stream>(on.ordinal, next_number(), kind);
  on.streams.push_back(added);
  return added;
}

std::shared_ptr<Stream> Runtime::stream(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) return current_device().legacy;
  if (handle != cudaStreamPerThread) return streams.find(handle);
  static thread_local ThreadEnd at_thread_end;
  static_cast<void>(at_thread_end);
  Device& current = current_device();
  auto& mine = per_thread_streams[{std::this_thread::get_id(), current.ordinal}];
  if (!mine) mine = add_stream(current, Stream::Kind::blocking);
  return mine;
}

void Runtime::synchronize(Lock& lock, Device& which) {
  std::vector<StreamPoint> points;
  for (const auto& each : which.streams) points.push_back(each->last());
  for (const StreamPoint& point : points) point.wait(lock);
}

void Runtime::restart() {
  if (unloaded()) return;
  Contents old;
  Lock lock(mutex);
  for (const auto& each : devices) synchronize(lock, *each);
  for (const auto& each : devices) {
    const auto streams_now = each->streams;
    for (const auto& stream_now : streams_now) stream_now->close();
  }
  workers_changed.wait(lock, [&] { return workers == 0; });
  std::swap(old, static_cast<Contents&>(*this));
  for (const auto& [address, pinned_memory] : old.pinned)
    std::free(reinterpret_cast<void*>(address));  // NOLINT
  visible_devices = 1;
  newest_allocation = 0;
  add_devices(1);
  ++restarts;
}

// --- the control API ---

void reset() {
  runtime().restart();
  forget_errors();
  clear_calls();
  clear_fault();
  clear_violations();
}

void set_device_count(int count) {
  if (count < 0) throw std::invalid_argument("set_device_count: the number of devices is negative");
  const Lock lock(runtime().mutex);
  runtime().add_devices(static_cast<std::size_t>(count));
  runtime().visible_devices = static_cast<std::size_t>(count);
}

void set_memory_limit(std::size_t bytes, int device) {
  const Lock lock(runtime().mutex);
  runtime().device(device).memory_limit = bytes;
}

bool has_context(int device) {
  const Lock lock(runtime().mutex);
  return runtime().device(device).has_context();
}

std::size_t mapped_bytes(int device) {
  const Lock lock(runtime().mutex);
  return runtime().device(device).mapped_bytes;
}

std::size_t live_allocations() {
  const Lock lock(runtime().mutex);
  return runtime().owned.size();
}

}  // namespace daa::host_runtime
