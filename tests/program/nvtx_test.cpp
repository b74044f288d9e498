// The NVTX ranges that reach a tool from daa-bench.

#include <set>

#include "nvtx_trace.hpp"
#include "program_fixture.hpp"

namespace daa::test {
namespace {

using Strings = std::vector<std::string>;

class Nvtx : public ProgramTest {
 protected:
  /// What a tool sees of daa-bench-host with these flags.
  [[nodiscard]] NvtxTrace trace(Args args) const {
    args.insert(args.end(), {"--csv=none", "--seed=1"});
    const Command command{
        DAA_BENCH_HOST, args, {{"NVTX_INJECTION64_PATH", NVTX_INJECTION}, {"DAA_NVTX_LOG", "nvtx.log"}}};
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_nvtx_trace(written("nvtx.log"));
  }

  static std::set<std::string> paths(const NvtxTrace& trace) {
    std::set<std::string> result;
    for (const NvtxRange& range : trace.ranges) result.insert(range.path);
    return result;
  }
};

TEST_F(Nvtx, RangesNestAsWorkloadAllocatorAndBatch) {
  const NvtxTrace seen = trace({"--workload=scan,reduce", "--allocator=preallocated,cuda-malloc",
                                "--elements=1000,2000", "--iters=50", "--repetitions=2", "--sync=both"});
  EXPECT_EQ(paths(seen),
            (std::set<std::string>{
                "scan", "scan > preallocated", "scan > preallocated > batch", "scan > cuda-malloc",
                "scan > cuda-malloc > batch", "reduce", "reduce > preallocated",
                "reduce > preallocated > batch", "reduce > cuda-malloc", "reduce > cuda-malloc > batch",
                "scan > counters", "scan > counters > preallocated", "scan > counters > cuda-malloc",
                "reduce > counters", "reduce > counters > preallocated", "reduce > counters > cuda-malloc"}));
  constexpr std::size_t sizes = 2, repetitions = 2, batches = 3 + 50;  // sync=end and sync=phase
  EXPECT_EQ(seen.count("scan"), sizes * 2) << "one for each case";
  EXPECT_EQ(seen.count("scan > cuda-malloc"), sizes * repetitions * 2);
  EXPECT_EQ(seen.count("scan > cuda-malloc > batch"), sizes * repetitions * batches);
  EXPECT_EQ(seen.count("reduce > preallocated"), 2 * sizes * repetitions * 2) << "is measured again";
  EXPECT_EQ(seen.count("reduce > preallocated > batch"), 2 * sizes * repetitions * batches);
}

TEST_F(Nvtx, EachPhaseIsARangeUnderProfileOnly) {
  const Args args{"--workload=scan", "--allocator=arena", "--elements=1000",
                  "--iters=50",      "--repetitions=1",   "--warmup=4"};
  Args profiled = args;
  profiled.emplace_back("--profile");
  EXPECT_EQ(trace(profiled).count("measured > scan > arena > batch > phase"), 50u)
      << "and none of the warm-up";
  for (const std::string& path : paths(trace(args))) EXPECT_EQ(path.find("phase"), path.npos) << path;
}

// A profiler shows no range that was begun before it started.
TEST_F(Nvtx, UnderProfileTheRangesOfATrialBeginWithItsBatches) {
  const NvtxTrace seen = trace({"--workload=scan", "--allocator=arena,preallocated", "--elements=1000",
                                "--iters=4", "--repetitions=3", "--warmup=2", "--profile"});
  std::set<std::string> expected{"chunk growth",
                                 "counters",
                                 "counters > arena",
                                 "counters > arena > chunk growth",
                                 "counters > preallocated",
                                 "measured",
                                 "measured > scan"};
  for (const std::string allocator : {"arena", "preallocated"})
    for (const std::string inner : {"", " > batch", " > batch > phase"})
      expected.insert("measured > scan > " + allocator + inner);
  EXPECT_EQ(paths(seen), expected);
  EXPECT_EQ(seen.count("measured"), 2u * 3u);
  EXPECT_EQ(seen.count("measured > scan > arena"), 3u);
  EXPECT_TRUE(seen.is_balanced);
}

TEST_F(Nvtx, UnderProfileEveryModeHasItsMeasuredBatchesInOneRangeATrial) {
  const std::vector<Args> modes{{"--workload=scan", "--state=cold"},
                                {"--workload=scan", "--graph"},
                                {"--workload=scan", "--streams=2"},
                                {"--workload=replay", "--trace=sort_unique_topk"}};
  for (const Args& mode : modes) {
    SCOPED_TRACE(mode.back());
    Args args{"--allocator=arena,preallocated",
              "--elements=1000",
              "--iters=1",
              "--warmup=1",
              "--repetitions=2",
              "--profile"};
    if (mode.front() == "--workload=replay") args.erase(args.begin() + 1);
    args.insert(args.end(), mode.begin(), mode.end());
    const NvtxTrace seen = trace(args);
    EXPECT_EQ(seen.count("measured"), 2u * 2u);
    const std::string workload = mode.front() == "--workload=replay" ? "replay" : "scan";
    EXPECT_GT(seen.count("measured > " + workload + " > arena > batch"), 0u);
    for (const std::string& path : paths(seen))
      EXPECT_TRUE(path.starts_with("measured") || path.find("batch") == path.npos) << path;
  }
}

TEST_F(Nvtx, AllRangesAreInOneDomainWithRegisteredNamesAndBalanced) {
  for (const std::string mode : {"--profile=true", "--profile=false"}) {
    const NvtxTrace seen =
        trace({"--workload=all", "--elements=20000", "--iters=4", "--repetitions=2", "--warmup=1", mode});
    EXPECT_EQ(seen.domains, (std::map<int, std::string>{{1, "daa"}}));
    EXPECT_TRUE(seen.is_balanced);
    const std::string outer = mode == "--profile=true" ? "measured > " : "";
    EXPECT_GT(seen.count(outer + "compact > arena > batch"), 0u);
    for (const NvtxRange& range : seen.ranges) {
      EXPECT_EQ(range.domain, 1) << range.path;
      EXPECT_TRUE(range.is_registered) << range.path;
    }
  }
}

TEST_F(Nvtx, GrowthIsARangeWithTheBytesAskedFor) {
  constexpr std::size_t elements = 300'000;  // three such arrays make two chunks and, merged, a third
  const NvtxTrace seen = trace({"--workload=compact", "--allocator=arena", "--elements=300000", "--iters=1",
                                "--repetitions=1", "--warmup=0"});
  const Strings bytes = seen.payloads("compact > arena > batch > chunk growth");
  ASSERT_GE(bytes.size(), 3u);
  EXPECT_EQ(bytes[0], std::to_string((elements + 1) * 4)) << "the first array, in a fresh arena";
  std::size_t asked = 0;
  for (const std::string& growth : bytes) asked = std::max(asked, std::stoul(growth));
  EXPECT_EQ(bytes.back(), std::to_string(asked)) << "the chunk into which reset() merges is the largest";
  EXPECT_GT(asked, 2 * (elements + 1) * 4);
}

TEST_F(Nvtx, AWarmedUpArenaDoesNotGrowInMeasuredBatches) {
  const NvtxTrace seen = trace({"--workload=compact", "--allocator=arena", "--elements=230000", "--iters=4",
                                "--repetitions=1", "--warmup=8", "--sync=both"});
  EXPECT_GT(seen.count("compact > arena > chunk growth"), 2u) << "while it warms up";
  EXPECT_EQ(seen.count("compact > arena > batch"), 1u + 4u);
  EXPECT_EQ(seen.count("compact > arena > batch > chunk growth"), 0u);
}

TEST_F(Nvtx, OnlyTheChunkedArenaGrows) {
  const NvtxTrace seen = trace({"--workload=compact", "--elements=20000", "--iters=4", "--repetitions=1",
                                "--allocator=preallocated,cuda-malloc,cuda-malloc-async,arena-individual"});
  for (const std::string& path : paths(seen)) EXPECT_EQ(path.find("chunk growth"), path.npos) << path;
}

}  // namespace
}  // namespace daa::test
