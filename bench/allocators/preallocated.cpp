// The floor: one buffer taken before the first phase, large enough for any. Its cost is what nobody can beat.

#include <stdexcept>

#include "allocators/allocators.hpp"
#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "device_buffer.hpp"

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

// Where lifetimes are known, memory is the floor's, too: temporaries share what they do not need at once.
class Planned final : public ScratchAllocator {
 public:
  explicit Planned(const PlacementPlan& plan) : plan_(plan), buffer_(plan.bytes) {}

  void* allocate(std::size_t bytes) override {
    if (next_ == plan_.offsets.size()) next_ = 0;
    const std::size_t offset = plan_.offsets[next_++];
    if (bytes > buffer_.size() - offset)
      throw std::logic_error("preallocated: a phase asks for more than was planned");
    return buffer_.data() + offset;
  }

  void end_phase() override {}
  std::size_t bytes_reserved() const override { return buffer_.size(); }

 private:
  const PlacementPlan& plan_;
  DeviceBuffer<std::byte> buffer_;
  std::size_t next_ = 0;
};

}  // namespace

AllocatorInfo preallocated() {
  return {floor_name, "one buffer taken beforehand: the floor, and the reference of every ratio",
          [](cudaStream_t, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            if (demand.plan != nullptr) return std::make_unique<Planned>(*demand.plan);
            return std::make_unique<Preallocated>(demand.max_phase_bytes);
          }};
}

}  // namespace daa::bench
