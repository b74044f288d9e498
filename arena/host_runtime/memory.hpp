// Allocations, in host time and in stream order.
//
// The host owns an allocation from the call that makes it to the call that frees it. In stream order it is
// live from the point where the stream's worker begins it to the point where a worker ends it. At these two
// points memory is painted, and copies, sets and launches are checked against live memory. For cudaMalloc,
// cudaFree and pinned host memory both orders coincide.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "daa/host_runtime.hpp"
#include "runtime.hpp"
#include "segment.hpp"

namespace daa::host_runtime {

struct Allocation {
  enum class State { to_begin, live, ended };

  Origin origin;
  State state = State::to_begin;
  std::shared_ptr<Segment> segment;       // null for pinned memory
  std::shared_ptr<MemoryPool> pool;       // null for pinned memory and for memory of a graph
  std::shared_ptr<const void> graph_use;  // keeps a graph's memory in use

  [[nodiscard]] void* address() const { return reinterpret_cast<void*>(origin.range.begin); }
};

/// `bytes` rounded up to a multiple of `unit`.
[[nodiscard]] constexpr std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

using AllocationPtr = std::shared_ptr<Allocation>;
using Segments = std::vector<std::shared_ptr<Segment>>;

/// Allocates from `pool` for use on `stream` (at once, if null), and maps more memory if needed; the program
/// owns the allocation. Returns null if the limit of the device or of the pool does not allow it. Call it
/// with the runtime's lock.
AllocationPtr allocate(MemoryPool& pool, std::size_t bytes, const Stream* stream, std::string_view made_by);

/// Waits until the workers have executed the frees that a device would have reached by now.
void await_due_frees(Lock& lock, const Device& device);

/// Ends the program's ownership of the allocation at `pointer` and returns it. If there is none, reports a
/// violation and returns null.
AllocationPtr disown(const void* pointer, std::string_view freed_by, std::uint64_t freed_on);

/// Reports a violation: `freed_by` was called with a pointer that is not allocated.
void report_unknown(const void* pointer, std::string_view freed_by);

/// Make an allocation live, and end it. Called in stream order, without the lock.
void begin(const AllocationPtr& allocation);
void end(const AllocationPtr& allocation);

/// Releases idle memory: of all pools of `device`, down to their release thresholds or everything, or of one
/// pool, so that `keep` bytes stay. The memory is verified and unmapped when the result is destroyed, best
/// without the lock.
enum class Release { to_threshold, everything };
[[nodiscard]] Segments release_idle(Device& device, Release how);
[[nodiscard]] Segments release_idle(MemoryPool& pool, std::size_t keep);

/// The live allocation, of any device or pinned, that contains the whole access; null if there is none.
[[nodiscard]] const Allocation* live_memory(const Access& access);
/// Whether `pointer` is an address of device memory, live or not: of a pool, a graph or a reservation.
[[nodiscard]] bool is_device_memory(const void* pointer);
[[nodiscard]] bool is_pinned(const Access& access);

}  // namespace daa::host_runtime
