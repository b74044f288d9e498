// Allocations, in host time and in stream order.
//
// The host owns an allocation from the call that makes it to the call that frees it. In stream order it is
// live from the moment the stream's worker has begun it to the moment that a worker has ended it; these two
// are where memory is painted, and what copies, sets and launches are checked against. For cudaMalloc,
// cudaFree and pinned host memory the two orders are one.
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
  std::shared_ptr<MemoryPool> pool;       // null for pinned memory and a graph's
  std::shared_ptr<const void> graph_use;  // of a graph's memory, which it keeps in use

  [[nodiscard]] void* address() const { return reinterpret_cast<void*>(origin.range.begin); }
};

/// The least multiple of `unit` that is not less.
[[nodiscard]] constexpr std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

using AllocationPtr = std::shared_ptr<Allocation>;
using Segments = std::vector<std::shared_ptr<Segment>>;

/// Takes memory from `pool` for use on `stream` (at once, if null), mapping more if need be; the program owns
/// it. Null if the device's limit or the pool's does not allow it. With the runtime's lock.
AllocationPtr allocate(MemoryPool& pool, std::size_t bytes, const Stream* stream, std::string_view made_by);

/// Lets the workers of streams catch up with the frees that a device would have reached by now.
void await_due_frees(Lock& lock, const Device& device);

/// What the program owns at `pointer`, which it then owns no longer; if nothing, reports that and returns
/// null.
AllocationPtr disown(const void* pointer, std::string_view freed_by, std::uint64_t freed_on);

/// Reports that `freed_by` was given what is not allocated.
void report_unknown(const void* pointer, std::string_view freed_by);

/// Without the lock, in stream order: makes an allocation live; makes it dead again.
void begin(const AllocationPtr& allocation);
void end(const AllocationPtr& allocation);

/// Takes idle memory out of the pools of `device`, no more than their release thresholds allow or everything,
/// or out of one pool so that `keep` bytes stay. It is verified and unmapped when the result is destroyed,
/// better without the lock.
enum class Release { to_threshold, everything };
[[nodiscard]] Segments release_idle(Device& device, Release how);
[[nodiscard]] Segments release_idle(MemoryPool& pool, std::size_t keep);

/// The live memory, of any device or pinned, that contains all of the access; null if none does.
[[nodiscard]] const Allocation* live_memory(const Access& access);
/// Whether a device's memory is mapped at `pointer`, live or not.
[[nodiscard]] bool is_device_memory(const void* pointer);
[[nodiscard]] bool is_pinned(const Access& access);

}  // namespace daa::host_runtime
