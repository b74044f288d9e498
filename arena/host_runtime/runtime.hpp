// The one object that everything else hangs on: devices, handles and memory, under one lock.
//
// One lock is enough: it is held for bookkeeping only, never while work runs, memory is filled or compared,
// or a caller waits. The object is made at first use and never destroyed, so that threads and static
// objects that outlive main() find it in order; an exit handler stops the workers.
#pragma once

#include <cuda_runtime_api.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "memory_pool.hpp"
#include "stream.hpp"

namespace daa::host_runtime {

struct Allocation;
struct Capture;
struct Event;
struct Graph;
struct GraphExec;
class GraphMemory;
struct GraphNode;

struct Device {
  explicit Device(int its_ordinal) : ordinal(its_ordinal) {}

  int ordinal;
  bool runtime_has_context = false;  // whether the runtime has the primary context retained
  std::size_t context_retains = 0;   // how often others have
  std::size_t memory_limit = std::size_t{16} << 30;
  std::size_t mapped_bytes = 0;
  Watermark graph_reserved;                      // part of the mapped bytes: for the memory of graphs
  Watermark graph_used;                          // part of these: behind the addresses of graphs
  std::shared_ptr<Stream> legacy;                // what stream 0 is
  std::vector<std::shared_ptr<Stream>> streams;  // all with work to come or to be done, legacy too
  std::shared_ptr<MemoryPool> default_pool;
  std::shared_ptr<MemoryPool> current_pool;
  std::shared_ptr<MemoryPool> direct_pool;         // behind cudaMalloc
  std::vector<std::shared_ptr<MemoryPool>> pools;  // all that hold memory, destroyed ones too

  /// Whether its primary context is active.
  [[nodiscard]] bool has_context() const { return runtime_has_context || context_retains != 0; }
};

/// A handle made of a number that no other handle has had, so that one which was destroyed, or is of another
/// kind, is always noticed. Not 1 or 2: those are cudaStreamLegacy and cudaStreamPerThread.
template <class Handle>
Handle handle_of(std::uint64_t number) {
  return reinterpret_cast<Handle>(static_cast<std::uintptr_t>(number) << 4);
}

template <class Handle, class Object>
class HandleTable {
 public:
  Handle add(std::uint64_t number, std::shared_ptr<Object> object) {
    const auto handle = handle_of<Handle>(number);
    objects_.emplace(handle, std::move(object));
    return handle;
  }
  /// Null if there is no such handle.
  [[nodiscard]] std::shared_ptr<Object> find(Handle handle) const {
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  /// As find(), and the handle is valid no longer.
  std::shared_ptr<Object> remove(Handle handle) {
    auto object = find(handle);
    objects_.erase(handle);
    return object;
  }

 private:
  std::unordered_map<Handle, std::shared_ptr<Object>> objects_;
};

/// What reset() throws away.
struct Contents {
  std::vector<std::unique_ptr<Device>> devices;
  HandleTable<cudaStream_t, Stream> streams;
  HandleTable<cudaEvent_t, Event> events;
  HandleTable<cudaMemPool_t, MemoryPool> pools;
  HandleTable<cudaGraph_t, Graph> graphs;
  HandleTable<cudaGraphNode_t, GraphNode> graph_nodes;
  HandleTable<cudaGraphExec_t, GraphExec> graph_execs;
  std::map<std::pair<std::thread::id, int>, std::shared_ptr<Stream>> per_thread_streams;
  std::vector<std::shared_ptr<Capture>> captures;            // that have not ended
  std::vector<std::shared_ptr<GraphMemory>> graph_memories;  // that are, or have been, some graph's

  std::unordered_map<std::uintptr_t, std::shared_ptr<Allocation>> owned;  // by the program, in host time
  std::map<std::uintptr_t, std::shared_ptr<Allocation>> live;             // in stream order
  std::map<std::uintptr_t, std::shared_ptr<Allocation>> pinned;
};

struct Runtime : Contents {
  std::mutex mutex;  // guards all of this
  std::size_t workers = 0;
  std::condition_variable workers_changed;
  std::size_t visible_devices = 1;
  std::uint64_t newest_number = 0;
  std::uint64_t newest_allocation = 0;

  /// A number for a stream, event or pool that no other has had, reset() or not.
  std::uint64_t next_number() { return ++newest_number; }
  /// The device, also if it is one that the program should not see any more.
  [[nodiscard]] Device& device(int ordinal) { return *devices.at(static_cast<std::size_t>(ordinal)); }
  /// The device that a caller names; throws ApiError if there is none.
  [[nodiscard]] Device& visible_device(int ordinal);
  /// The device current in this thread, with a context or without; throws ApiError if there is none.
  [[nodiscard]] Device& current_device();
  /// Without the lock: makes the current device's primary context current, unless some context is. Throws
  /// ApiError.
  void need_context();
  /// Makes devices up to `count` exist.
  void add_devices(std::size_t count);

  std::shared_ptr<Stream> add_stream(Device& device, Stream::Kind kind);
  /// The stream behind a handle, those of the default streams included; null if there is none.
  std::shared_ptr<Stream> stream(cudaStream_t handle);

  /// Waits for all work submitted to `device` so far.
  void synchronize(Lock& lock, Device& device);
  /// As reset() in the control API, but for errors, log and violations.
  void restart();
};

Runtime& runtime();

/// The contexts of this thread, by their devices: a stack, of which the last is current. Setting a device
/// replaces the last; without any context it is the current device all the same.
void set_current_device(int ordinal) noexcept;
[[nodiscard]] std::optional<int> current_context() noexcept;
/// False if the stack is full.
[[nodiscard]] bool push_context(int ordinal) noexcept;
std::optional<int> pop_context() noexcept;

/// How often the runtime has been restarted: what a thread has set counts until the next time.
[[nodiscard]] std::uint64_t restart_count() noexcept;

}  // namespace daa::host_runtime
