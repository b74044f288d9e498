// A phase that allocates nothing and launches nothing: its time is the overhead of measuring.
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

class None final : public Workload {
 public:
  void enqueue_phase(ScratchAllocator&, cudaStream_t) override {}
  void spoil_outputs(cudaStream_t) override {}
  std::optional<std::string> find_error(cudaStream_t) override { return std::nullopt; }
};

}  // namespace

WorkloadInfo none_workload() {
  return {.name = "none",
          .summary = "nothing allocated, nothing launched: the overhead of measuring",
          .min_elements = 1,
          .bytes_per_element = 1,
          .make = [](std::size_t, std::uint64_t, cudaStream_t) -> std::unique_ptr<Workload> {
            return std::make_unique<None>();
          }};
}

}  // namespace daa::bench
