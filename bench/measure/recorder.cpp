#include "measure/recorder.hpp"

#include <algorithm>
#include <utility>

namespace daa::bench {

namespace {

/// Calls are counted from construction to destruction.
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

}  // namespace

std::size_t Recording::wasted_bytes() const {
  return reserved_bytes - std::min(reserved_bytes, peak_live_bytes);
}

void Recording::add(const Recording& other) {
  phases += other.phases;
  reserved_bytes += other.reserved_bytes;
  pool_mapped_bytes += other.pool_mapped_bytes;
  peak_live_bytes += other.peak_live_bytes;
}

Demand Recording::demand() const {
  Demand demand;
  double allocations = 0, bytes = 0;
  for (const std::vector<std::size_t>& phase : sizes) {
    std::size_t phase_bytes = 0;
    for (const std::size_t size : phase) {
      phase_bytes += footprint(size);
      bytes += static_cast<double>(size);
    }
    allocations += static_cast<double>(phase.size());
    demand.max_phase_bytes = std::max(demand.max_phase_bytes, phase_bytes);
  }
  if (sizes.empty()) return demand;
  demand.allocations_per_phase = allocations / static_cast<double>(sizes.size());
  demand.bytes_per_phase = bytes / static_cast<double>(sizes.size());
  return demand;
}

void* Recorder::allocate(std::size_t bytes) {
  void* pointer = nullptr;
  {
    const Counting counting{counter_};
    pointer = upstream_.allocate(bytes);
  }
  phase_.push_back(bytes);
  live_bytes_ += bytes;
  recording_.peak_live_bytes = std::max(recording_.peak_live_bytes, live_bytes_);
  recording_.reserved_bytes = std::max(recording_.reserved_bytes, upstream_.bytes_reserved());
  recording_.pool_mapped_bytes = std::max(recording_.pool_mapped_bytes, upstream_.pool_mapped_bytes());
  return pointer;
}

void Recorder::free(void* pointer, std::size_t bytes) {
  live_bytes_ -= bytes;
  const Counting counting{counter_};
  upstream_.free(pointer, bytes);
}

void Recorder::end_phase() {
  live_bytes_ = 0;
  recording_.sizes.push_back(std::exchange(phase_, {}));
  ++recording_.phases;
  const Counting counting{counter_};
  upstream_.end_phase();
}

Recording Recorder::finish() {
  if (counter_ != nullptr) recording_.calls = counter_->take();
  return std::move(recording_);
}

}  // namespace daa::bench
