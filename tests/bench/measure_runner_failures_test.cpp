// What a run reports of allocators and workloads that fail.

#include <cmath>
#include <stdexcept>

#include "measure_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

class Failures : public MeasureTest {
 protected:
  // Of the observed allocator, and of one that is right and must be measured all the same.
  static Row run_beside_another(RunConfig config) {
    config.allocators = {&observed, &allocator(lower_bound_name)};
    Observed::lives = 0;
    const Outcome outcome = run(config);
    EXPECT_EQ(outcome.rows().size(), 2u);
    expect_measured(outcome.rows().at(1), config);
    const Row row = outcome.rows().at(0);
    EXPECT_EQ(row.status == Status::ok, row.message.empty()) << row.message;
    EXPECT_EQ(outcome.end.all_measured, row.status == Status::ok);
    EXPECT_EQ(outcome.end.missing, 0u) << "a failure is a row";
    return row;
  }
};

// The verification is life 0, trials are 1 to 5, the pass for the counters is 6.
TEST_F(Failures, WhereverAnAllocatorFailsItsTrialsBeforeAreKeptAndNoneFollow) {
  RunConfig config = small_config();
  config.repetitions = 5;
  for (const std::size_t warmup : {0u, 2u}) {
    config.warmup = warmup;
    for (const char where : {'m', 'a', 'e'}) {
      for (const std::size_t life : {0u, 1u, 3u, 6u}) {
        SCOPED_TRACE(std::string{where} + " in life " + std::to_string(life));
        Observed::on_event = [&](const Observed::Event& event) {
          if (event.what == where && event.life == life) throw OutOfDeviceMemory({.bytes_asked = 1});
        };
        const Row row = run_beside_another(config);
        EXPECT_EQ(row.status, Status::out_of_memory);
        EXPECT_EQ(row.repetitions, life == 0 ? 0 : std::min<std::size_t>(life - 1, 5));
        EXPECT_EQ(Observed::lives, life + 1) << "nothing follows";
      }
    }
  }
}

TEST_F(Failures, AreToldApart) {
  struct Expected {
    std::function<void()> failure;
    Status status;
    std::string_view message;
  };
  const auto cuda_error = [](cudaError_t error) {
    return [error] { throw CudaError(error, "cudaSomething", "a_file.cpp", 1); };
  };
  for (const auto& [failure, status, message] :
       {Expected{[] { throw OutOfDeviceMemory({.bytes_asked = 77}); }, Status::out_of_memory, "77"},
        Expected{cuda_error(cudaErrorMemoryAllocation), Status::out_of_memory, "cudaErrorMemoryAllocation"},
        Expected{cuda_error(cudaErrorInvalidValue), Status::failed, "cudaErrorInvalidValue"},
        Expected{[] { throw std::logic_error("a programmer's mistake"); }, Status::failed,
                 "a programmer's mistake"},
        Expected{[] { throw 42; }, Status::failed, ""},
        Expected{[] {  // and leaves an error in the runtime
                   static_cast<void>(cudaSetDevice(99));
                   throw std::runtime_error("no such device");
                 },
                 Status::failed, "no such device"}}) {
    Observed::on_event = [&](const Observed::Event& event) {
      if (event.what == 'm') failure();
    };
    const Row row = run_beside_another(small_config());
    EXPECT_EQ(row.status, status) << row.message;
    EXPECT_NE(row.message.find(message), std::string::npos) << row.message;
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  }
}

TEST_F(Failures, OfADestructorLeaveNoErrorInTheRuntime) {
  Observed::on_event = [](const Observed::Event& event) {
    if (event.what == 'e' && event.life > 0) throw std::runtime_error("fails");
    if (event.what == 'd') static_cast<void>(cudaSetDevice(99));
  };
  EXPECT_EQ(run_beside_another(small_config()).status, Status::failed);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(Failures, WrongResultsOfAnyWorkloadAreNotTimed) {
  Observed::is_wrong = [](auto, auto) { return true; };
  for (const WorkloadInfo& info : workloads()) {
    SCOPED_TRACE(info.name);
    RunConfig config = small_config();
    config.workloads = {&info};
    config.elements = {5003};
    const Row row = run_beside_another(config);
    EXPECT_EQ(row.status, Status::wrong_result);
    EXPECT_EQ(row.samples, 0u);
    EXPECT_EQ(Observed::lives, 1u);
  }
}

// Trials between the first and the last are not checked, unless any may be the last.
TEST_F(Failures, AWrongFirstOrLastTrialIsFoundAndAnyWhereTheLastIsNotKnown) {
  RunConfig config = small_config();
  config.workloads = {&workload("compact")};
  config.repetitions = 4;
  const auto wrong_from = [](std::size_t first) {
    Observed::is_wrong = [first](std::size_t life, auto) { return life >= first; };
  };
  for (const auto& [first, repetitions] : {std::pair{1u, 0u}, {3u, 3u}, {4u, 3u}}) {
    wrong_from(first);
    const Row row = run_beside_another(config);
    EXPECT_EQ(row.status, Status::wrong_result) << first;
    EXPECT_EQ(row.repetitions, repetitions) << first;
  }
  config.repetitions = 100;
  config.max_noise = 1e-9;
  wrong_from(3);
  config.allocators = {&observed, &allocator(lower_bound_name)};
  Observed::lives = 0;
  const Row row = run(config).rows().at(0);
  EXPECT_EQ(row.status, Status::wrong_result);
  EXPECT_EQ(row.repetitions, 2u);
}

TEST_F(Failures, WithoutTheLowerBoundTheOthersHaveNoRatios) {
  const AllocatorInfo failing{lower_bound_name, "of a test", [](cudaStream_t, const Demand&) {
                                throw OutOfDeviceMemory({.bytes_asked = 1});
                                return std::unique_ptr<ScratchAllocator>{};
                              }};
  RunConfig config = small_config();
  config.allocators = {&failing, &allocator("arena")};
  const Row row = run(config).rows().at(1);
  expect_measured(row, config);
  EXPECT_TRUE(std::isnan(row.end_to_end.ratio));
}

TEST_F(Failures, ThatNoAllocatorCanHelpAreRowsOfAllOfThemAndTheNextCaseIsMeasured) {
  host::set_memory_limit(8 << 20);
  RunConfig config = small_config();
  config.allocators = {&allocator("preallocated"), &allocator("cuda-malloc")};
  config.elements = {1'000'000, 100};
  const Outcome outcome = run(config);
  ASSERT_EQ(outcome.groups.size(), 2u);
  for (const Row& row : outcome.groups[0]) {
    EXPECT_EQ(row.status, Status::out_of_memory);
    EXPECT_TRUE(row.message.starts_with("preparing the workload: ")) << row.message;
    EXPECT_EQ(row.repetitions, 0u);
  }
  for (const Row& row : outcome.groups[1]) expect_measured(row, config);
  EXPECT_FALSE(outcome.end.all_measured);
}

TEST_F(Failures, OnASmallDeviceOnlyWhatFitsIsMeasured) {
  RunConfig config = small_config();
  std::size_t limit = 0;  // the least with which the lower bound can be measured
  do host::set_memory_limit(limit += 1 << 20);
  while (run(config).rows()[0].status != Status::ok);
  config.allocators = all_allocators();
  for (const Row& row : run(config).rows()) {
    const bool takes_pages_of_a_pool = row.allocator != "preallocated" && row.allocator != "cuda-malloc";
    EXPECT_EQ(row.status, takes_pages_of_a_pool ? Status::out_of_memory : Status::ok) << row.allocator;
  }
}

TEST_F(Failures, ToBeCapturedIsUnsupportedAndNoFailureOfTheRun) {
  RunConfig config = small_config();
  config.modes = {Mode::graph};
  config.workloads.clear();
  for (const WorkloadInfo& info : workloads()) config.workloads.push_back(&info);
  config.allocators = all_allocators();
  const Outcome outcome = run(config);
  for (const Row& row : outcome.rows()) {
    if (row.allocator == "cuda-malloc") {
      EXPECT_EQ(row.status, Status::unsupported);
      EXPECT_NE(row.message.find("cudaMalloc"), std::string::npos) << row.message;
    } else {
      expect_measured(row, config);
      EXPECT_EQ(row.calls.runtime, 0) << row.allocator;
    }
  }
  EXPECT_TRUE(outcome.end.all_measured);
}

}  // namespace
}  // namespace daa::test
