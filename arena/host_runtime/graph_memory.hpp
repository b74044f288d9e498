// The memory of graphs: addresses from capture on, memory from the first launch on.
//
// Every allocation node has its own range of addresses, which no other node shares. A launch makes an
// Allocation there, as cudaMallocAsync does in its pool. What backs the addresses is no more than a figure
// here: a device holds so many bytes for graphs, and of these so many are in use by graphs that have been
// launched or uploaded. A graph keeps its bytes until it is gone, or is idle when they are trimmed or needed
// by another; the device keeps them until it is trimmed. All of it with the runtime's lock.
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

/// What an allocation node stands for: a range of addresses of one device.
struct GraphAllocation {
  Range range;  // as asked for
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
  /// Addresses for `bytes` on `device`; throws std::bad_alloc. They are the graph's until its memory is gone.
  std::shared_ptr<GraphAllocation> reserve(int device, std::size_t bytes);

  /// What begins at `address`; null if nothing does.
  [[nodiscard]] std::shared_ptr<GraphAllocation> find(std::uintptr_t address);
  [[nodiscard]] bool contains(std::uintptr_t address) const;

  /// An allocation as a launch on `stream` makes it.
  [[nodiscard]] AllocationPtr make(const GraphAllocation& node, const Stream& stream) const;
  /// Keeps the memory from being idle for as long as it exists.
  [[nodiscard]] std::shared_ptr<const void> use() const { return use_; }
  /// Whether no launch is under way and none of its allocations is left.
  [[nodiscard]] bool is_idle() const { return use_.use_count() == 1; }

  /// Backs all addresses. False, and nothing has changed, if a device's limit does not allow it.
  [[nodiscard]] bool attach();
  /// Takes the backing on `device` away.
  void detach(int device);
  /// Takes all backing away and the address space out.
  [[nodiscard]] Segments take_all();

 private:
  struct Part {
    int device;
    std::shared_ptr<Segment> segment;
    std::size_t taken;  // bytes, from its beginning
    bool is_attached;
  };

  std::vector<Part> parts_;
  std::map<std::uintptr_t, GraphAllocation> allocations_;
  std::shared_ptr<const void> use_ = std::make_shared<char>();
};

/// The allocation of any graph that begins at `pointer`; null if there is none.
[[nodiscard]] std::shared_ptr<GraphAllocation> graph_allocation(const void* pointer);

/// Takes the addresses out of graphs that are gone and idle. They are verified and unmapped when the result
/// is destroyed, better without the lock.
[[nodiscard]] Segments release_graphs();

/// As release_graphs(), and gives what idle graphs have and what is in no graph's use back.
[[nodiscard]] Segments trim_graphs(Device& device);

}  // namespace daa::host_runtime
