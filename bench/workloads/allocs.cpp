// `elements` words of scratch memory cut into a chosen number of temporaries, all of which are marked and
// then checked. Work and memory stay the same, whatever the number (but for two launches more for each 448
// temporaries on a GPU, and what a temporary takes beyond its size): what a sweep over it shows is what
// allocations cost.
#include <vector>

#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t default_allocations = 16;

class Allocs final : public Workload {
 public:
  Allocs(std::size_t elements, std::size_t allocations, std::uint64_t seed, cudaStream_t stream)
      : bytes_(checked_elements("allocs", elements, allocations) / allocations * sizeof(std::uint32_t)),
        first_mark_(Random(seed).word()),
        blocks_(allocations),
        wrong_(1),
        none_wrong_(std::vector<primitives::WrongMarks>(1), stream) {}

  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    for (void*& block : blocks_) block = scratch.allocate(bytes_);
    DAA_CUDA_CHECK(cudaMemcpyAsync(wrong_.data(), none_wrong_.data(), wrong_.size_bytes(),
                                   cudaMemcpyDeviceToDevice, stream));
    primitives::write_marks_each(blocks_, bytes_, first_mark_, stream);
    primitives::check_marks_each(blocks_, bytes_, first_mark_, wrong_.data(), stream);
  }

  void spoil_outputs(cudaStream_t stream) override { wrong_.fill_bytes(garbage_byte, stream); }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    const primitives::WrongMarks wrong = wrong_.download(stream).front();
    if (wrong.count == 0) return std::nullopt;
    return fmt::format("{} marks in temporaries are not as they were written", wrong.count);
  }

 private:
  std::size_t bytes_;  // of each temporary; what does not divide is left out
  std::uint32_t first_mark_;
  std::vector<void*> blocks_;
  DeviceBuffer<primitives::WrongMarks> wrong_;
  DeviceBuffer<primitives::WrongMarks> none_wrong_;
};

}  // namespace

WorkloadInfo allocs_workload() {
  return {
      .name = "allocs",
      .summary = "scratch memory cut into as many temporaries as --allocs-per-phase says",
      .min_elements = default_allocations,
      .bytes_per_element = 4,
      .make = [](std::size_t elements, std::uint64_t seed, cudaStream_t stream) -> std::unique_ptr<Workload> {
        return std::make_unique<Allocs>(elements, default_allocations, seed, stream);
      },
      .make_cut = [](std::size_t elements, std::size_t allocations, std::uint64_t seed,
                     cudaStream_t stream) -> std::unique_ptr<Workload> {
        return std::make_unique<Allocs>(elements, allocations, seed, stream);
      }};
}

}  // namespace daa::bench
