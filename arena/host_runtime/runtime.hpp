// The state of the host runtime: devices, handles and memory, guarded by one lock.
//
// The lock is held for bookkeeping only, never while work runs, memory is filled or compared, or a caller
// waits. The object is created at first use and never destroyed, so that threads and static objects that
// outlive main() can use it; an exit handler stops the workers.
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
class DeviceMemory;
struct Event;
struct Graph;
struct GraphExec;
class GraphMemory;
struct GraphNode;
struct Mapping;
class Reservation;

struct Device {
  explicit Device(int its_ordinal) : ordinal(its_ordinal) {}

  int ordinal;
  bool runtime_has_context = false;  // whether the runtime has the primary context retained
  std::size_t context_retains = 0;   // number of times others have retained it
  std::size_t memory_limit = std::size_t{16} << 30;
  std::size_t mapped_bytes = 0;
  Watermark graph_reserved;                      // part of mapped_bytes: for the memory of graphs
  Watermark graph_used;                          // part of graph_reserved: behind the addresses of graphs
  std::shared_ptr<Stream> legacy;                // stream 0
  std::vector<std::shared_ptr<Stream>> streams;  // open or with pending work, including legacy
  std::shared_ptr<MemoryPool> default_pool;
  std::shared_ptr<MemoryPool> current_pool;
  std::shared_ptr<MemoryPool> direct_pool;         // behind cudaMalloc
  std::vector<std::shared_ptr<MemoryPool>> pools;  // all that hold memory, including destroyed ones

  /// Whether its primary context is active.
  [[nodiscard]] bool has_context() const { return runtime_has_context || context_retains != 0; }
};

/// Makes a handle from a unique number, so that a destroyed handle, or one of another kind, is always
/// detected. Never 1 or 2, which are cudaStreamLegacy and cudaStreamPerThread.
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
  /// find(), and invalidates the handle.
  std::shared_ptr<Object> remove(Handle handle) {
    auto object = find(handle);
    objects_.erase(handle);
    return object;
  }

 private:
  std::unordered_map<Handle, std::shared_ptr<Object>> objects_;
};

/// The state that reset() discards.
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
  std::vector<std::shared_ptr<GraphMemory>> graph_memories;  // of existing and destroyed graphs

  std::unordered_map<std::uintptr_t, std::shared_ptr<Allocation>> owned;  // by the program, in host time
  std::map<std::uintptr_t, std::shared_ptr<Allocation>> live;             // in stream order
  std::map<std::uintptr_t, std::shared_ptr<Allocation>> pinned;

  std::map<std::uintptr_t, std::shared_ptr<Reservation>> reservations;
  std::map<std::uintptr_t, std::shared_ptr<Mapping>> mappings;                       // in reservations
  std::unordered_map<std::uint64_t, std::shared_ptr<DeviceMemory>> device_memories;  // by handle
};

struct Runtime : Contents {
  std::mutex mutex;  // guards all of this
  std::size_t workers = 0;
  std::condition_variable workers_changed;
  std::size_t visible_devices = 1;
  std::uint64_t newest_number = 0;
  std::uint64_t newest_allocation = 0;

  /// A number for a stream, event or pool, unique across reset().
  std::uint64_t next_number() { return ++newest_number; }
  /// The device, even if it is not visible to the program.
  [[nodiscard]] Device& device(int ordinal) { return *devices.at(static_cast<std::size_t>(ordinal)); }
  /// The device with this ordinal, if visible; throws ApiError if there is none.
  [[nodiscard]] Device& visible_device(int ordinal);
  /// The current device of this thread, with or without a context; throws ApiError if there is none.
  [[nodiscard]] Device& current_device();
  /// Makes the current device's primary context current, unless a context is current. Throws ApiError. Call
  /// it without the lock.
  void need_context();
  /// Creates devices until there are `count`.
  void add_devices(std::size_t count);

  std::shared_ptr<Stream> add_stream(Device& device, Stream::Kind kind);
  /// The stream with this handle, including the default streams; null if there is none.
  std::shared_ptr<Stream> stream(cudaStream_t handle);

  /// Waits for all work submitted to `device` so far.
  void synchronize(Lock& lock, Device& device);
  /// reset() of the control API, except for errors, log and violations.
  void restart();
};

Runtime& runtime();

/// The value of a cudaDeviceAttr, or of the CUdevice_attribute of the same number, of every device.
[[nodiscard]] int attribute_value(int attribute);

/// This thread's stack of contexts, by device; the last one is current. Setting a device replaces the last
/// one; if the stack is empty, the device becomes current without a context.
void set_current_device(int ordinal) noexcept;
[[nodiscard]] std::optional<int> current_context() noexcept;
/// False if the stack is full.
[[nodiscard]] bool push_context(int ordinal) noexcept;
std::optional<int> pop_context() noexcept;

/// Number of restarts. Thread-local state is valid only until the next restart.
[[nodiscard]] std::uint64_t restart_count() noexcept;

}  // namespace daa::host_runtime
