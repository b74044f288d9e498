// What holds for every workload on any runtime: right results with an honest allocator at any size, and a
// complaint about every wrong one.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "primitives/primitives.hpp"
#include "workloads_fixture.hpp"

namespace daa::test {
namespace {

using bench::Workload;

class EveryWorkload : public WorkloadFixture {
 protected:
  /// A size at which temporaries may overlap on a GPU without a kernel that hangs or faults: CUB's scans and
  /// sorts of so little take one tile and wait for no flag in their storage, while CUB's reductions, which
  /// never wait, need several tiles to use theirs at all.
  [[nodiscard]] static std::size_t overlap_elements() {
    static const std::map<std::string_view, std::size_t> elements{
        {"reduce", 100'000}, {"scan", 100'000}, {"sort", 2'000},      {"stencil", 4'099},  {"compact", 1'000},
        {"allocs", 4'096},   {"halo", 4'099},   {"allreduce", 4'096}, {"dist-sort", 2'000}};
    return elements.at(GetParam().name);
  }
};

TEST_P(EveryWorkload, IsRightAtAwkwardSizesPhaseAfterPhase) {
  const std::size_t least = GetParam().min_elements;
  for (const std::size_t elements : {least,
                                     least + 1,
                                     least + 2,
                                     std::size_t{31},
                                     std::size_t{97},
                                     std::size_t{255},
                                     std::size_t{256},
                                     std::size_t{257},
                                     std::size_t{1021},
                                     std::size_t{2047},
                                     std::size_t{2048},
                                     std::size_t{2049},
                                     std::size_t{4095},
                                     std::size_t{4097},
                                     std::size_t{8191},
                                     std::size_t{8192},
                                     std::size_t{8193},
                                     std::size_t{65'521},
                                     std::size_t{65'536},
                                     std::size_t{65'537},
                                     std::size_t{100'003},
                                     std::size_t{1'048'575},
                                     std::size_t{1'048'577}}) {
    HonestAllocator scratch(stream());
    const auto workload = make(elements);
    for (std::size_t phase = 0; phase < 2 * workload->cycle_length(); ++phase) {
      EXPECT_EQ(run_phase(*workload, scratch), std::nullopt) << elements << " elements, phase " << phase;
    }
  }
}

TEST_P(EveryWorkload, IsRightWhenPhasesFollowWithoutSynchronisation) {
  const std::size_t elements = 50'021;
  BlockAllocator scratch(ample_bytes(elements), BlockAllocator::behind_previous);
  const auto workload = make(elements);
  for (std::size_t phase = 0; phase < 3 * workload->cycle_length() + 1; ++phase) {
    workload->spoil_outputs(stream());
    workload->enqueue_phase(scratch, stream());
    scratch.end_phase();
  }
  EXPECT_EQ(workload->find_error(stream()), std::nullopt);
}

TEST_P(EveryWorkload, RefusesSizesOutOfItsRange) {
  EXPECT_THROW(make(GetParam().min_elements - 1), std::invalid_argument);
  EXPECT_THROW(make(bench::primitives::max_count + 1), std::invalid_argument);
}

TEST_P(EveryWorkload, CatchesTemporariesThatShareOneAddress) {
  const std::size_t elements = overlap_elements();
  BlockAllocator scratch(ample_bytes(elements), BlockAllocator::all_at_start);
  const auto workload = make(elements);
  EXPECT_EQ(count_errors(*workload, scratch), workload->cycle_length());
}

TEST_P(EveryWorkload, CatchesTemporariesThatOverlapAtTheirEnds) {
  const std::size_t elements = overlap_elements();
  BlockAllocator scratch(ample_bytes(elements), BlockAllocator::over_end_of_previous);
  const auto workload = make(elements);
  EXPECT_GT(count_errors(*workload, scratch), 0u);
}

TEST_P(EveryWorkload, AcceptsTheSameBlockWithoutOverlap) {
  const std::size_t elements = overlap_elements();
  BlockAllocator scratch(ample_bytes(elements), BlockAllocator::behind_previous);
  const auto workload = make(elements);
  EXPECT_EQ(count_errors(*workload, scratch), 0u);
}

TEST_P(EveryWorkload, CatchesAPhaseThatDidNotRun) {
  HonestAllocator scratch(stream());
  const auto workload = make(1'000);
  for (std::size_t phase = 0; phase < workload->cycle_length(); ++phase) {
    ASSERT_EQ(run_phase(*workload, scratch), std::nullopt);
    workload->spoil_outputs(stream());
    EXPECT_NE(workload->find_error(stream()), std::nullopt);
  }
}

TEST_P(EveryWorkload, AsksForTheSameAgainAfterACycle) {
  HonestAllocator scratch(stream());
  const auto workload = make(10'007);
  std::vector<std::vector<std::size_t>> asked;
  for (std::size_t phase = 0; phase < 2 * workload->cycle_length(); ++phase) {
    workload->enqueue_phase(scratch, stream());
    asked.push_back(scratch.asked());
    scratch.end_phase();
  }
  for (std::size_t phase = 0; phase < workload->cycle_length(); ++phase) {
    EXPECT_EQ(asked[phase], asked[phase + workload->cycle_length()]);
    for (std::size_t other = 0; other < phase; ++other) EXPECT_NE(asked[phase], asked[other]);
  }
}

TEST_P(EveryWorkload, TakesTemporariesWithinTheTablesEstimate) {
  const std::size_t elements = (std::size_t{1} << 20) + 3;
  HonestAllocator scratch(stream());
  const auto workload = make(elements);
  for (std::size_t phase = 0; phase < workload->cycle_length(); ++phase) {
    workload->enqueue_phase(scratch, stream());
    const std::size_t bytes = std::accumulate(scratch.asked().begin(), scratch.asked().end(), std::size_t{0});
    EXPECT_LE(bytes, elements * GetParam().bytes_per_element);
    scratch.end_phase();
  }
}

TEST_P(EveryWorkload, PassesAnAllocatorsFailureOnAndCanRunAgain) {
  const auto workload = make(1'009);
  HonestAllocator enough(stream());
  workload->enqueue_phase(enough, stream());
  const std::size_t allocations = enough.asked().size();
  enough.end_phase();

  for (std::size_t successes = 0; successes < allocations; ++successes) {
    ExhaustedAllocator scratch(stream(), successes);
    EXPECT_THROW(workload->enqueue_phase(scratch, stream()), OutOfDeviceMemory);
    scratch.end_phase();
    EXPECT_EQ(run_phase(*workload, enough), std::nullopt);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryWorkload, ::testing::ValuesIn(bench::workloads()), WorkloadName());

// Of the synthetic ones `none` has no results that could be wrong.
const bench::WorkloadInfo& synthetic(std::string_view name) {
  return *std::ranges::find(bench::synthetic_workloads(), name, &bench::WorkloadInfo::name);
}

INSTANTIATE_TEST_SUITE_P(Synthetic, EveryWorkload, ::testing::Values(synthetic("allocs")), WorkloadName());

INSTANTIATE_TEST_SUITE_P(Communicating, EveryWorkload, ::testing::ValuesIn(bench::communicating_workloads()),
                         WorkloadName());

using Workloads = StreamFixture;

TEST_F(Workloads, NoneAsksForNothingAndEnqueuesNothing) {
  const auto none = synthetic("none").make(1'000, 1, stream());
  HonestAllocator scratch(stream());
  none->enqueue_phase(scratch, stream());
  EXPECT_TRUE(scratch.asked().empty());
  EXPECT_EQ(none->find_error(stream()), std::nullopt);
}

TEST_F(Workloads, AllocsCutsTheSameMemoryIntoAsManyTemporariesAsAsked) {
  for (const std::size_t allocations : {1u, 7u, 16u, 449u, 1000u}) {
    HonestAllocator scratch(stream());
    const auto workload = synthetic("allocs").make_cut(100'003, allocations, 1, stream());
    workload->spoil_outputs(stream());
    workload->enqueue_phase(scratch, stream());
    EXPECT_EQ(scratch.asked(), std::vector<std::size_t>(allocations, 100'003 / allocations * 4));
    scratch.end_phase();
    EXPECT_EQ(workload->find_error(stream()), std::nullopt);
  }
  EXPECT_THROW(synthetic("allocs").make_cut(10, 11, 1, stream()), std::invalid_argument);
}

TEST_F(Workloads, CompactAloneChangesItsInputFromPhaseToPhase) {
  for (const bench::WorkloadInfo& info : bench::workloads()) {
    const auto workload = info.make(1'000, 1, stream());
    EXPECT_EQ(workload->cycle_length(), info.name == "compact" ? 4u : 1u) << info.name;
  }
}

}  // namespace
}  // namespace daa::test
