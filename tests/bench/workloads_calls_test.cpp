// What only the host runtime can tell about the workloads: their calls, their misuses, and how they take
// faults.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "daa/host_runtime.hpp"
#include "workloads_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

class EveryWorkloadOnHost : public WorkloadFixture {
 protected:
  void TearDown() override {
    EXPECT_TRUE(host::violations().empty());
    EXPECT_EQ(host::live_allocations(), 0u);
    WorkloadFixture::TearDown();
    host::reset();
  }

  static std::vector<host::Call> calls_of(std::string_view function) {
    std::vector<host::Call> result;
    for (const host::Call& call : host::calls()) {
      if (call.function == function) result.push_back(call);
    }
    return result;
  }
};

TEST_P(EveryWorkloadOnHost, CommitsNoMisuseAndLeavesNothing) {
  HonestAllocator scratch(stream());
  const auto workload = make(30'011);
  EXPECT_EQ(count_errors(*workload, scratch), 0u);
}

TEST_P(EveryWorkloadOnHost, OverlappingTemporariesMakeWrongResultsAndNoMisuse) {
  for (const auto placement : {BlockAllocator::all_at_start, BlockAllocator::over_end_of_previous}) {
    for (const std::size_t elements : {std::size_t{5'003}, std::size_t{20'011}, std::size_t{200'003}}) {
      BlockAllocator scratch(ample_bytes(elements), placement);
      const auto workload = make(elements);
      EXPECT_GT(count_errors(*workload, scratch), 0u) << elements;
    }
  }
}

TEST_P(EveryWorkloadOnHost, APhaseOnlyLaunchesAndCopiesOnItsStream) {
  const std::size_t elements = 5'003;
  BlockAllocator scratch(ample_bytes(elements), BlockAllocator::behind_previous);
  const auto workload = make(elements);
  for (std::size_t phase = 0; phase < 2 * workload->cycle_length(); ++phase) {
    host::clear_calls();
    workload->enqueue_phase(scratch, stream());
    scratch.end_phase();
    EXPECT_GT(host::call_count("cudaLaunchKernel"), 0u);
    for (const host::Call& call : host::calls()) {
      const bool waits = GetParam().name == "dist-sort";
      EXPECT_TRUE(
          call.function == "cudaLaunchKernel" || call.function == "cudaMemcpyAsync" ||
          (waits && (call.function == "cudaStreamIsCapturing" || call.function == "cudaStreamSynchronize")))
          << call.function;
      EXPECT_EQ(call.stream, stream());
    }
  }
}

TEST_P(EveryWorkloadOnHost, TheTablesEstimateCoversAllMemoryAndIsNotFarAbove) {
  const std::size_t elements = (std::size_t{1} << 19) + 1;
  host::clear_calls();
  const auto workload = make(elements);
  std::size_t own = 0;
  for (const host::Call& call : calls_of("cudaMalloc")) own += call.bytes;

  HonestAllocator scratch(stream());
  std::size_t most = 0;
  for (std::size_t phase = 0; phase < workload->cycle_length(); ++phase) {
    workload->enqueue_phase(scratch, stream());
    most = std::max(most, std::accumulate(scratch.asked().begin(), scratch.asked().end(), std::size_t{0}));
    scratch.end_phase();
  }
  constexpr std::size_t fixed_part = 4096;
  EXPECT_LE(own + most, elements * GetParam().bytes_per_element + fixed_part);
  EXPECT_GE(own + most, elements * (GetParam().bytes_per_element - 2));
}

TEST_P(EveryWorkloadOnHost, NoticesOneWrongByteInAnyOutput) {
  HonestAllocator scratch(stream());
  const auto workload = make(3'001);
  host::clear_calls();
  workload->spoil_outputs(stream());
  const std::vector<host::Call> outputs = calls_of("cudaMemsetAsync");
  ASSERT_FALSE(outputs.empty());

  // The first input of a cycle fills each output to its end.
  workload->enqueue_phase(scratch, stream());
  scratch.end_phase();
  ASSERT_EQ(workload->find_error(stream()), std::nullopt);
  for (const host::Call& output : outputs) {
    for (const std::size_t offset : {std::size_t{0}, output.bytes / 2, output.bytes - 1}) {
      auto* const byte = static_cast<std::uint8_t*>(const_cast<void*>(output.pointer)) + offset;
      const std::uint8_t right = read(byte, 1).front();
      fill(byte, static_cast<std::uint8_t>(~right), 1);
      EXPECT_NE(workload->find_error(stream()), std::nullopt) << "byte " << offset << " of " << output.bytes;
      fill(byte, right, 1);
      EXPECT_EQ(workload->find_error(stream()), std::nullopt);
    }
  }
}

TEST_P(EveryWorkloadOnHost, ThrowsWhateverLaunchOrCopyFailsAndCanRunAgain) {
  HonestAllocator scratch(stream());
  const auto workload = make(1'009);
  for (const std::string_view function : {"cudaLaunchKernel", "cudaMemcpyAsync"}) {
    host::clear_calls();
    workload->enqueue_phase(scratch, stream());
    const std::size_t calls = host::call_count(function);
    for (std::size_t k = 1; k <= calls; ++k) {
      host::fail_call(k, cudaErrorLaunchOutOfResources, function);
      EXPECT_THROW(workload->enqueue_phase(scratch, stream()), CudaError) << k << " of " << function;
      EXPECT_FALSE(host::clear_fault());
    }
    scratch.end_phase();
    EXPECT_EQ(count_errors(*workload, scratch), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryWorkloadOnHost, ::testing::ValuesIn(bench::workloads()), WorkloadName());
INSTANTIATE_TEST_SUITE_P(Communicating, EveryWorkloadOnHost,
                         ::testing::ValuesIn(bench::communicating_workloads()), WorkloadName());

}  // namespace
}  // namespace daa::test
