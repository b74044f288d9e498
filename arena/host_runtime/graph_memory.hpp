// The memory of graphs: addresses are assigned at capture, memory at the first launch.
//
// Every allocation node has its own range of addresses. A launch makes an Allocation there, as
// cudaMallocAsync does in its pool. The memory behind the addresses is only accounted for: a device reserves
// a number of bytes for graphs, and graphs that were launched or uploaded use a part of them. A graph keeps
// its bytes until it is destroyed, or until it is idle and they are trimmed or needed by another graph; the
// device keeps them until it is trimmed. Guarded by the runtime's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "memory.hpp"
#include "runtime.hpp"
#include "segment.hpp"
#include "stream.hpp"

namespace daa::host_runtime {

/// The allocation of an allocation node: a range of addresses of one device.
struct GraphAllocation {
  Range range;  // as requested
  int device = 0;
  std::shared_ptr<Segment> segment;
  bool is_freed_in_graph = false;

  [[nodiscard]] void* address() const { return reinterpret_cast<void*>(range.begin); }
  /// Whether a launch has made it and the program owns it.
  [[nodiscard]] bool is_owned() const { return runtime().owned.count(range.begin) != 0; }
};

/// The memory of one graph. The runtime keeps it for as long as anything uses it.
class GraphMemory : public std::enable_shared_from_this<GraphMemory> {
 public:
  /// Reserves addresses for `bytes` on `device`; throws std::bad_alloc. They belong to the graph until its
  /// memory is released.
  std::shared_ptr<GraphAllocation> reserve(int device, std::size_t bytes);

  /// The allocation that begins at `address`; null if there is none.
  [[nodiscard]] std::shared_ptr<GraphAllocation> find(std::uintptr_t address);
  [[nodiscard]] bool contains(std::uintptr_t address) const;

  /// Makes the allocation of a launch on `stream`.
  [[nodiscard]] AllocationPtr make(const GraphAllocation& node, const Stream& stream) const;
  /// The memory is not idle while the returned object exists.
  [[nodiscard]] std::shared_ptr<const void> use() const { return use_; }
  /// Whether no launch is running and none of its allocations is left.
  [[nodiscard]] bool is_idle() const { return use_.use_count() == 1; }

  /// Backs all addresses with memory. Returns false, with nothing changed, if a device's limit does not allow
  /// it.
  [[nodiscard]] bool attach();
  /// Removes the memory behind the addresses on `device`.
  void detach(int device);
  /// Removes all memory and releases the address space.
  [[nodiscard]] Segments take_all();

 private:
  struct Part {
    int device;
    std::shared_ptr<Segment> segment;
    std::size_t taken;  // bytes in use, from its beginning
    bool is_attached;
  };

  std::vector<Part> parts_;
  std::map<std::uintptr_t, GraphAllocation> allocations_;
  std::shared_ptr<const void> use_ = std::make_shared<char>();
};

/// The allocation of any graph that begins at `pointer`; null if there is none.
[[nodiscard]] std::shared_ptr<GraphAllocation> graph_allocation(const void* pointer);

/// Releases the addresses of destroyed graphs that are idle. They are verified and unmapped when the result
/// is destroyed, best without the lock.
[[nodiscard]] Segments release_graphs();

/// release_graphs(), and unmaps the memory of idle graphs and the reserved memory that no graph uses.
[[nodiscard]] Segments trim_graphs(Device& device);

}  // namespace daa::host_runtime
