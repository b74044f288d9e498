// The lower bound: one buffer, allocated before the first phase and large enough for every phase.

#include <stdexcept>
#include <vector>

#include "allocators/allocators.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "device/device_buffer.hpp"

namespace daa::bench {

namespace {

class Preallocated final : public ScratchAllocator {
 public:
  explicit Preallocated(std::size_t bytes) : buffer_(bytes) {}

  void* allocate(std::size_t bytes) override {
    if (bytes > buffer_.size() - used_)
      throw std::logic_error("preallocated: a phase asks for more than was measured");
    std::byte* const result = buffer_.data() + used_;
    used_ += footprint(bytes);
    return result;
  }

  void end_phase() override { used_ = 0; }
  std::size_t bytes_reserved() const override { return buffer_.size(); }

 private:
  DeviceBuffer<std::byte> buffer_;
  std::size_t used_ = 0;
};

// A lower bound of memory as well, where lifetimes are known: temporaries that are not live at once share
// memory. An allocation is a lookup in a table of addresses. Nothing is checked: the plan was made for these
// phases.
class Planned final : public ScratchAllocator {
 public:
  explicit Planned(const PlacementPlan& plan) : buffer_(plan.bytes) {
    for (const std::size_t offset : plan.offsets) places_.push_back(buffer_.data() + offset);
    next_ = places_.data();
  }

  void* allocate(std::size_t) override { return *next_++; }

  // After the last phase of the cycle, not within an allocation.
  void end_phase() override {
    if (next_ == places_.data() + places_.size()) next_ = places_.data();
  }
  std::size_t bytes_reserved() const override { return buffer_.size(); }

 private:
  DeviceBuffer<std::byte> buffer_;
  std::vector<void*> places_;
  void** next_ = nullptr;
};

}  // namespace

AllocatorInfo preallocated() {
  return {lower_bound_name, "one buffer allocated in advance: the lower bound, to which ratios refer",
          [](cudaStream_t, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            if (demand.plan != nullptr) return std::make_unique<Planned>(*demand.plan);
            return std::make_unique<Preallocated>(demand.max_phase_bytes);
          }};
}

}  // namespace daa::bench
