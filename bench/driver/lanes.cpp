#include "driver/lanes.hpp"

#include <utility>

#include "allocators/table.hpp"

namespace daa::bench {

namespace {

// Forwards to another allocator and writes down what each phase asks for.
class Notes final : public ScratchAllocator {
 public:
  explicit Notes(ScratchAllocator& upstream) : upstream_(upstream) {}

  void* allocate(std::size_t bytes) override {
    phase_.push_back(bytes);
    return upstream_.allocate(bytes);
  }
  void free(void* pointer, std::size_t bytes) override { upstream_.free(pointer, bytes); }
  void end_phase() override {
    phases.push_back(std::exchange(phase_, {}));
    upstream_.end_phase();
  }
  std::size_t bytes_reserved() const override { return upstream_.bytes_reserved(); }

  std::vector<std::vector<std::size_t>> phases;

 private:
  ScratchAllocator& upstream_;
  std::vector<std::size_t> phase_;
};

std::vector<std::vector<std::size_t>> sizes_asked(const Lane& lane) {
  const auto upstream = cuda_malloc().make(lane.stream.get(), {});
  Notes notes{*upstream};
  lane.workload->restart_cycle();
  for (std::size_t i = 0; i < lane.workload->cycle_length(); ++i) {
    lane.workload->enqueue_phase(notes, lane.stream.get());
    notes.end_phase();
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(lane.stream.get()));
  return notes.phases;
}

}  // namespace

Lanes make_lanes(std::size_t threads, std::size_t streams,
                 const std::function<std::unique_ptr<Workload>(std::size_t, cudaStream_t)>& make_workload) {
  Lanes lanes{{}, threads, {}};
  for (std::size_t i = 0; i < streams; ++i) {
    Stream stream = make_stream();
    auto workload = make_workload(i, stream.get());
    lanes.all.push_back({std::move(stream), std::move(workload)});
  }
  lanes.asked = sizes_asked(lanes.all.front());
  return lanes;
}

}  // namespace daa::bench
