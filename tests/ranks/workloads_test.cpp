// What holds of the workloads in which ranks exchange data, with any number of ranks.
#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <set>
#include <string>

#include "measure/captured_phase.hpp"
#include "ranks_fixture.hpp"
#include "workloads_fixture.hpp"

namespace daa::test {
namespace {

using bench::Transport;
using bench::Workload;

/// Passes everything on, and on request changes a byte of what this rank receives in one operation.
class CorruptingTransport final : public Transport {
 public:
  explicit CorruptingTransport(Transport& transport) : transport_(transport) {}

  /// Corrupts the operation before which there are `operation` more from now on.
  void corrupt(std::size_t operation) { corrupted_ = operations_ + operation; }
  /// Number of operations so far that this rank has received something in.
  [[nodiscard]] std::size_t operations() const { return operations_; }

  [[nodiscard]] std::size_t rank() const override { return transport_.rank(); }
  [[nodiscard]] std::size_t size() const override { return transport_.size(); }

  void exchange(std::span<const Send> sends, std::span<const Receive> receives,
                cudaStream_t stream) override {
    transport_.exchange(sends, receives, stream);
    const auto received = std::ranges::find_if(receives, [](const Receive& each) { return each.bytes > 0; });
    if (received != receives.end()) receive(received->data, received->bytes, stream);
  }
  void sum(const std::uint64_t* in, std::uint64_t* out, std::size_t count, cudaStream_t stream) override {
    transport_.sum(in, out, count, stream);
    receive(out, count * sizeof *out, stream);
  }

 private:
  void receive(void* data, std::size_t bytes, cudaStream_t stream) {
    if (operations_++ != corrupted_) return;
    void* const last = static_cast<std::uint8_t*>(data) + bytes - 1;
    std::uint8_t value = 0;
    DAA_CUDA_CHECK(cudaMemcpyAsync(&value, last, 1, cudaMemcpyDeviceToHost, stream));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
    DAA_CUDA_CHECK(cudaMemsetAsync(last, static_cast<std::uint8_t>(~value), 1, stream));
  }

  Transport& transport_;
  std::size_t operations_ = 0;
  std::optional<std::size_t> corrupted_;
};

class EveryWorkloadBetweenRanks : public RanksFixture,
                                  public ::testing::WithParamInterface<bench::WorkloadInfo> {
 protected:
  static constexpr std::uint64_t seed = 0x5eed;

  [[nodiscard]] std::unique_ptr<Workload> make(std::size_t elements, Transport& between) const {
    return GetParam().make_between(elements, seed, stream(), between);
  }
  [[nodiscard]] std::unique_ptr<Workload> make(std::size_t elements) const {
    return make(elements, transport());
  }

  [[nodiscard]] std::optional<std::string> run_phase(Workload& workload,
                                                     bench::ScratchAllocator& scratch) const {
    workload.spoil_outputs(stream());
    workload.enqueue_phase(scratch, stream());
    scratch.end_phase();
    return workload.find_error(stream());
  }

  [[nodiscard]] static std::size_t ample_bytes(std::size_t elements) {
    return elements * GetParam().bytes_per_element + (std::size_t{1} << 20);
  }
  /// Ranks at which something goes wrong: one at a border of a field, one in its middle.
  [[nodiscard]] static std::set<std::size_t> victims() { return {0, ranks() / 2}; }
  [[nodiscard]] static bool can_be_captured() { return GetParam().name != "dist-sort"; }
};

TEST_P(EveryWorkloadBetweenRanks, IsRightInEachRankAtAwkwardSizes) {
  const std::size_t least = GetParam().min_elements;
  for (const std::size_t elements :
       {least, least + 1, least + 2, least + 4, std::size_t{31}, std::size_t{63}, std::size_t{65},
        std::size_t{97}, std::size_t{256}, std::size_t{1021}, std::size_t{4097}, std::size_t{65'537}}) {
    HonestAllocator scratch(stream());
    const auto workload = make(elements);
    for (std::size_t phase = 0; phase < 2; ++phase) {
      EXPECT_EQ(run_phase(*workload, scratch), std::nullopt) << elements << " elements, phase " << phase;
    }
  }
}

TEST_P(EveryWorkloadBetweenRanks, IsRightWhenPhasesFollowWithoutSynchronisation) {
  const std::size_t elements = 5'021;
  BlockAllocator scratch(ample_bytes(elements), BlockAllocator::behind_previous);
  const auto workload = make(elements);
  for (std::size_t phase = 0; phase < 5; ++phase) {
    workload->spoil_outputs(stream());
    workload->enqueue_phase(scratch, stream());
    scratch.end_phase();
  }
  EXPECT_EQ(workload->find_error(stream()), std::nullopt);
}

TEST_P(EveryWorkloadBetweenRanks, TakesTemporariesWithinTheTablesEstimate) {
  const std::size_t elements = (std::size_t{1} << 15) + 3;
  HonestAllocator scratch(stream());
  const auto workload = make(elements);
  workload->enqueue_phase(scratch, stream());
  const std::size_t bytes = std::accumulate(scratch.asked().begin(), scratch.asked().end(), std::size_t{0});
  EXPECT_LE(bytes, elements * GetParam().bytes_per_element);
  scratch.end_phase();
}

TEST_P(EveryWorkloadBetweenRanks, NoticesAWrongByteInWhateverIsReceived) {
  HonestAllocator scratch(stream());
  CorruptingTransport corrupting(transport());
  const auto workload = make(1'021, corrupting);
  ASSERT_EQ(run_phase(*workload, scratch), std::nullopt);
  const std::size_t own = corrupting.operations();
  EXPECT_TRUE(own > 0 || (ranks() == 1 && GetParam().name == "halo"));

  for (const std::size_t victim : victims()) {
    for (std::size_t operation = 0; operation < own; ++operation) {
      if (rank() == victim) corrupting.corrupt(operation);
      const auto error = run_phase(*workload, scratch);
      if (rank() == victim) {
        EXPECT_NE(error, std::nullopt) << "operation " << operation;
      }
    }
    EXPECT_EQ(run_phase(*workload, scratch), std::nullopt);
  }
}

// However wrong memory is in one rank, the others get as many messages of the same sizes.
TEST_P(EveryWorkloadBetweenRanks, CatchesOverlappingTemporariesOfOneRankAndKeepsTheOthersGoing) {
  const std::size_t elements = 2'000;
  for (const auto placement : {BlockAllocator::all_at_start, BlockAllocator::over_end_of_previous}) {
    for (const std::size_t victim : victims()) {
      BlockAllocator scratch(ample_bytes(elements),
                             rank() == victim ? placement : BlockAllocator::behind_previous);
      const auto workload = make(elements);
      const auto error = run_phase(*workload, scratch);
      if (rank() == victim) {
        EXPECT_NE(error, std::nullopt);
      }
    }
  }
  HonestAllocator scratch(stream());
  EXPECT_EQ(run_phase(*make(elements), scratch), std::nullopt);
}

TEST_P(EveryWorkloadBetweenRanks, IsRightWhenLaunchedAsAGraphOrRefusesToBeOne) {
  const std::size_t elements = 3'001;
  BlockAllocator scratch(ample_bytes(elements), BlockAllocator::behind_previous);
  const auto workload = make(elements);
  ASSERT_EQ(run_phase(*workload, scratch), std::nullopt);

  const auto enqueue = [&] { workload->enqueue_phase(scratch, stream()); };
  if (can_be_captured()) {
    bench::CapturedPhase phase(stream(), enqueue);
    for (int launch = 0; launch < 3; ++launch) {
      workload->spoil_outputs(stream());
      phase.launch();
      EXPECT_EQ(workload->find_error(stream()), std::nullopt);
    }
  } else {
    EXPECT_THROW(bench::CapturedPhase(stream(), enqueue), bench::NotCapturable);
  }
  scratch.end_phase();
  EXPECT_EQ(run_phase(*workload, scratch), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Table, EveryWorkloadBetweenRanks,
                         ::testing::ValuesIn(bench::communicating_workloads()), WorkloadName());

}  // namespace
}  // namespace daa::test
