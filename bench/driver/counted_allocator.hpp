// An account of what an allocator does in a pass over phases.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "allocators/allocator.hpp"
#include "counters/call_counter.hpp"

namespace daa::bench {

/// What an allocator did for the phases of a pass.
struct PassCounts {
  std::size_t phases = 0;
  std::optional<CallCounts> calls;  // in allocate(), free() and end_phase(); nothing if they were not counted
  std::size_t reserved_bytes = 0;   // most that it had taken after any allocation, as the driver was asked
  std::size_t pool_mapped_bytes = 0;  // most that its memory pool had mapped then; 0 without a pool
  std::size_t peak_live_bytes = 0;    // most that was asked of it and not yet given back

  /// What was taken beyond what was needed at once: rounding, fragments, memory kept idle.
  [[nodiscard]] std::size_t wasted_bytes() const {
    return reserved_bytes - std::min(reserved_bytes, peak_live_bytes);
  }
};

/// Forwards to another allocator, and counts the CUDA calls that this one makes meanwhile: not the
/// workload's.
class CountedAllocator final : public ScratchAllocator {
 public:
  /// Both are borrowed; without `counter` no calls are counted.
  CountedAllocator(ScratchAllocator& upstream, CallCounter* counter)
      : upstream_(upstream), counter_(counter) {}

  void* allocate(std::size_t bytes) override {
    void* const pointer = allocate_counted(bytes);
    live_bytes_ += bytes;
    counts_.peak_live_bytes = std::max(counts_.peak_live_bytes, live_bytes_);
    counts_.reserved_bytes = std::max(counts_.reserved_bytes, upstream_.bytes_reserved());
    counts_.pool_mapped_bytes = std::max(counts_.pool_mapped_bytes, upstream_.pool_mapped_bytes());
    return pointer;
  }

  void free(void* pointer, std::size_t bytes) override {
    live_bytes_ -= bytes;
    const Counting counting{counter_};
    upstream_.free(pointer, bytes);
  }

  void end_phase() override {
    live_bytes_ = 0;
    ++counts_.phases;
    const Counting counting{counter_};
    upstream_.end_phase();
  }

  [[nodiscard]] std::size_t bytes_reserved() const override { return upstream_.bytes_reserved(); }
  [[nodiscard]] std::size_t pool_mapped_bytes() const override { return upstream_.pool_mapped_bytes(); }

  /// All of it, at the end.
  [[nodiscard]] PassCounts finish() {
    if (counter_ != nullptr) counts_.calls = counter_->take();
    return counts_;
  }

 private:
  // Calls are counted from its construction to its destruction.
  class Counting {
   public:
    explicit Counting(CallCounter* counter) : counter_(counter) {
      if (counter_ != nullptr) counter_->resume();
    }
    ~Counting() {
      if (counter_ != nullptr) counter_->pause();
    }
    Counting(const Counting&) = delete;
    Counting& operator=(const Counting&) = delete;

   private:
    CallCounter* counter_;
  };

  void* allocate_counted(std::size_t bytes) {
    const Counting counting{counter_};
    return upstream_.allocate(bytes);
  }

  ScratchAllocator& upstream_;
  CallCounter* counter_;
  PassCounts counts_;
  std::size_t live_bytes_ = 0;
};

}  // namespace daa::bench
