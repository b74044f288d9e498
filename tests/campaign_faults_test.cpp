// What a campaign reports of allocators that do not work.

#include <cstddef>
#include <stdexcept>

#include "campaign_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

// How many allocators a test's row has made.
struct Constructed {
  static inline int count = 0;
};

// The first `right` of them pass verification, the others overlap.
template <int right>
std::unique_ptr<ScratchAllocator> make_turning_wrong(cudaStream_t, const Demand& demand) {
  return std::make_unique<BlockAllocator>(demand.max_phase_bytes, Constructed::count++ < right
                                                                      ? BlockAllocator::behind_previous
                                                                      : BlockAllocator::all_at_start);
}

// Passes verification and two turns, then has no memory left.
std::unique_ptr<ScratchAllocator> make_running_out(cudaStream_t stream, const Demand&) {
  return std::make_unique<ExhaustedAllocator>(stream, Constructed::count++ < 3 ? 1'000'000 : 1);
}

template <cudaError_t error>
std::unique_ptr<ScratchAllocator> fail_with(cudaStream_t, const Demand&) {
  throw CudaError(error, "cudaSomething", "a_file.cpp", 1);
}

std::unique_ptr<ScratchAllocator> fail_with_logic_error(cudaStream_t, const Demand&) {
  throw std::logic_error("a programmer's mistake");
}

std::unique_ptr<ScratchAllocator> fail_with_number(cudaStream_t, const Demand&) {
  throw 42;
}

// Leaves an error in the runtime, as a destructor may.
std::unique_ptr<ScratchAllocator> fail_and_leave_an_error(cudaStream_t, const Demand&) {
  static_cast<void>(cudaSetDevice(99));
  throw std::runtime_error("no such device");
}

class CampaignFaults : public CampaignTest {};

TEST_F(CampaignFaults, AFailureLeavesNoErrorInTheRuntime) {
  const AllocatorInfo leaving = allocator_of<fail_and_leave_an_error>("leaving");
  Options options = small_options();
  options.allocators = {&leaving, &allocator("preallocated")};
  EXPECT_EQ(run(options)[0].status, Status::failed);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(CampaignFaults, WrongAllocatorsAreReportedAndTheOthersMeasured) {
  const AllocatorInfo overlapping = allocator_of<make_overlapping>("overlapping");
  Options options = small_options();
  options.allocators = {&overlapping, &allocator("preallocated"), &allocator("arena")};
  for (const WorkloadInfo& info : workloads()) {
    SCOPED_TRACE(info.name);
    options.workloads = {&info};
    options.elements = {5003};
    const std::vector<Row> rows = run(options);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].status, Status::wrong_result);
    EXPECT_NE(rows[0].message, "");
    EXPECT_EQ(rows[0].samples, 0u) << "nothing wrong is timed";
    expect_measured(rows[1], options);
    expect_measured(rows[2], options);
  }
}

TEST_F(CampaignFaults, WhatGoesWrongOnlyInTheFirstTurnOrTheLastIsAWrongResultToo) {
  constexpr int turns = 4;
  for (const AllocatorInfo& turning_wrong : {allocator_of<make_turning_wrong<1>>("from-the-first"),
                                             allocator_of<make_turning_wrong<turns>>("in-the-last")}) {
    Options options = small_options();
    options.repetitions = turns;
    options.workloads = {&workload("compact")};
    options.allocators = {&turning_wrong, &allocator("preallocated")};
    Constructed::count = 0;
    const std::vector<Row> rows = run(options);
    EXPECT_EQ(rows[0].status, Status::wrong_result) << turning_wrong.name;
    EXPECT_EQ(rows[0].repetitions, turning_wrong.name == "from-the-first" ? 0u : turns - 1u);
    expect_measured(rows[1], options);
  }
}

// No turn is known to be the last.
TEST_F(CampaignFaults, WhereTurnsMayEndEarlyEachIsChecked) {
  const AllocatorInfo turning_wrong = allocator_of<make_turning_wrong<3>>("from-the-third");
  Options options = small_options();
  options.repetitions = 100;
  options.max_noise = 1e-9;
  options.workloads = {&workload("compact")};
  options.allocators = {&turning_wrong, &allocator("preallocated")};
  Constructed::count = 0;
  const std::vector<Row> rows = run(options);
  EXPECT_EQ(rows[0].status, Status::wrong_result);
  EXPECT_EQ(rows[0].repetitions, 2u);
}

TEST_F(CampaignFaults, OutOfMemoryIsToldFromOtherErrorsAndTheOthersAreMeasured) {
  const AllocatorInfo exhausted = allocator_of<make_exhausted>("exhausted");
  const AllocatorInfo refused = allocator_of<fail_with<cudaErrorMemoryAllocation>>("refused");
  const AllocatorInfo broken = allocator_of<fail_with<cudaErrorInvalidValue>>("broken");
  const AllocatorInfo mistaken = allocator_of<fail_with_logic_error>("mistaken");
  const AllocatorInfo odd = allocator_of<fail_with_number>("odd");
  Options options = small_options();
  options.allocators = {&exhausted, &refused, &broken, &mistaken, &odd, &allocator("preallocated")};
  const std::vector<Row> rows = run(options);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0].status, Status::out_of_memory);
  EXPECT_EQ(rows[1].status, Status::out_of_memory);
  EXPECT_NE(rows[1].message.find("cudaErrorMemoryAllocation"), std::string::npos) << rows[1].message;
  EXPECT_EQ(rows[2].status, Status::failed);
  EXPECT_NE(rows[2].message.find("cudaErrorInvalidValue"), std::string::npos) << rows[2].message;
  EXPECT_EQ(rows[3].status, Status::failed);
  EXPECT_EQ(rows[3].message, "a programmer's mistake");
  EXPECT_EQ(rows[4].status, Status::failed);
  expect_measured(rows[5], options);
}

TEST_F(CampaignFaults, AnAllocatorThatRunsOutInALaterTurnKeepsTheTurnsBefore) {
  const AllocatorInfo running_out = allocator_of<make_running_out>("running-out");
  Options options = small_options();
  options.allocators = {&running_out, &allocator("preallocated")};
  options.repetitions = 5;
  for (const std::size_t warmup : {0u, 2u}) {
    options.warmup = warmup;
    Constructed::count = 0;
    const std::vector<Row> rows = run(options);
    EXPECT_EQ(rows[0].status, Status::out_of_memory);
    EXPECT_EQ(rows[0].repetitions, 2u);
    EXPECT_EQ(Constructed::count, 4) << "no turn follows the failed one";
    expect_measured(rows[1], options);
  }
}

TEST_F(CampaignFaults, OnASmallDeviceOnlyWhatFitsIsMeasured) {
  Options options = small_options();
  std::size_t limit = 0;  // the least with which the floor can be measured
  do host::set_memory_limit(limit += 1 << 20);
  while (run(options)[0].status != Status::ok);
  for (const AllocatorInfo& info : allocators()) {
    if (info.name != floor_name) options.allocators.push_back(&info);
  }
  for (const Row& row : run(options)) {
    const bool takes_pages_of_a_pool = row.allocator != "preallocated" && row.allocator != "cuda-malloc";
    EXPECT_EQ(row.status, takes_pages_of_a_pool ? Status::out_of_memory : Status::ok) << row.allocator;
  }
}

TEST_F(CampaignFaults, WhereTheWorkloadDoesNotFitAllItsRowsSaySoAndTheNextIsMeasured) {
  host::set_memory_limit(8 << 20);
  Options options = small_options();
  options.allocators = {&allocator("preallocated"), &allocator("cuda-malloc")};
  options.elements = {1'000'000, 100};
  const std::vector<Row> rows = run(options);
  ASSERT_EQ(rows.size(), 4u);
  for (const Row& row : {rows[0], rows[1]}) {
    EXPECT_EQ(row.status, Status::out_of_memory);
    EXPECT_TRUE(row.message.starts_with("preparing the workload: ")) << row.message;
    EXPECT_EQ(row.repetitions, 0u);
  }
  expect_measured(rows[2], options);
  expect_measured(rows[3], options);
}

}  // namespace
}  // namespace daa::test
