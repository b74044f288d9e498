// What an allocator is asked for, and what it does about it.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "allocators/allocators.hpp"
#include "device/call_counter.hpp"

namespace daa::bench {

/// What was recorded over some phases.
struct Recording {
  /// Bytes of each allocation, phase by phase.
  std::vector<std::vector<std::size_t>> sizes;
  std::optional<CallCounts> calls;  // in allocate(), free() and end_phase(); nothing if they were not counted
  std::size_t phases = 0;
  std::size_t reserved_bytes = 0;     // most that was taken after any allocation, as the driver was asked
  std::size_t pool_mapped_bytes = 0;  // most that the memory pool had mapped then; 0 without a pool
  std::size_t peak_live_bytes = 0;    // most that was asked for and not yet given back

  /// What was taken beyond what was needed at once: rounding, fragments, idle memory.
  [[nodiscard]] std::size_t wasted_bytes() const;

  /// The same for several allocators that ran side by side. Sizes and calls are left as they are.
  void add(const Recording& other);

  /// What the phases ask for.
  [[nodiscard]] Demand demand() const;
};

/// Forwards to another allocator and records. Counts the CUDA calls that the allocator makes, not the
/// workload's.
class Recorder final : public ScratchAllocator {
 public:
  /// Both are borrowed. Without `counter` no calls are counted.
  explicit Recorder(ScratchAllocator& upstream, CallCounter* counter = nullptr)
      : upstream_(upstream), counter_(counter) {}

  void* allocate(std::size_t bytes) override;
  void free(void* pointer, std::size_t bytes) override;
  void end_phase() override;
  [[nodiscard]] bool needs_every_free() const override { return upstream_.needs_every_free(); }
  [[nodiscard]] std::size_t bytes_reserved() const override { return upstream_.bytes_reserved(); }
  [[nodiscard]] std::size_t pool_mapped_bytes() const override { return upstream_.pool_mapped_bytes(); }

  /// Everything so far, with what `counter` has counted: several recorders of one counter share its count,
  /// and the first that is finished has it.
  [[nodiscard]] Recording finish();

 private:
  ScratchAllocator& upstream_;
  CallCounter* counter_;
  Recording recording_;
  std::vector<std::size_t> phase_;  // sizes so far
  std::size_t live_bytes_ = 0;
};

}  // namespace daa::bench
