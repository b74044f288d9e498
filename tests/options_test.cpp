// What a command line that is right means.

#include "options_fixture.hpp"

namespace daa::bench {
namespace {

using Sizes = std::vector<std::size_t>;
using SyncModes = std::vector<SyncMode>;

TEST_F(OptionsTest, NothingGivenMeansEverythingOnceAtItsDefault) {
  const Options options = parse({});
  EXPECT_EQ(options.workloads.size(), workloads().size());
  EXPECT_EQ(options.allocators.size(), allocators().size() + 1) << "preallocated is measured again";
  EXPECT_EQ(options.states, std::vector{State::steady});
  EXPECT_FALSE(options.graph || options.flush_l2);
  EXPECT_TRUE(options.count_calls);
  EXPECT_TRUE(options.threads.empty() && options.streams.empty() && options.allocs_per_phase.empty());
  EXPECT_EQ(options.elements, (Sizes{std::size_t{1} << 20}));
  EXPECT_EQ(options.iters, 1000u);
  EXPECT_EQ(options.warmup, 20u);
  EXPECT_EQ(options.repetitions, 5u);
  EXPECT_EQ(options.sync_modes, (SyncModes{SyncMode::end}));
  EXPECT_EQ(options.device, DeviceKind::automatic);
  EXPECT_EQ(options.csv_path, "daa-bench.csv");
  EXPECT_EQ(options.json_path, "");
  EXPECT_EQ(options.jsonl_path, "");
  EXPECT_EQ(options.against, "preallocated");
  EXPECT_EQ(options.max_noise, std::nullopt);
  EXPECT_EQ(options.timeout_s, std::nullopt);
  EXPECT_FALSE(options.profile);
  EXPECT_EQ(options.benchmark_args.size(), 0);
}

TEST_F(OptionsTest, ParsingTouchesNoFile) {
  write_file("old.csv", "kept");
  const auto before = files();
  parse({"--csv=old.csv", "--json=new.json"});
  EXPECT_EQ(files(), before);
}

TEST_F(OptionsTest, ListsAreSeparatedByCommasOrRepeated) {
  const Strings expected{"sort", "scan"};
  EXPECT_EQ(names(parse({"--workload=sort,scan"}).workloads), expected);
  EXPECT_EQ(names(parse({"--workload", "sort", "--workload", "scan"}).workloads), expected);
  EXPECT_EQ(names(parse({"--workload=sort, scan"}).workloads), expected);
}

TEST_F(OptionsTest, AnAllocatorNamedTwiceIsThereTwice) {
  EXPECT_EQ(names(parse({"--allocator=arena,preallocated,arena"}).allocators),
            (Strings{"arena", "preallocated", "preallocated", "arena"}));
  EXPECT_EQ(parse({"--allocator=all,arena", "--aa=false"}).allocators.size(), allocators().size() + 1);
}

TEST_F(OptionsTest, PreallocatedIsMeasuredAgainWhereOthersAreComparedWithIt) {
  const auto of = [](Strings args) { return names(parse(args).allocators); };
  EXPECT_EQ(of({"--allocator=arena,preallocated"}), (Strings{"arena", "preallocated", "preallocated"}));
  EXPECT_EQ(of({"--allocator=preallocated"}), (Strings{"preallocated"})) << "there is no comparison";
  EXPECT_EQ(of({"--allocator=arena"}), (Strings{"arena"})) << "nor here";
  EXPECT_EQ(of({"--allocator=preallocated,arena,preallocated"}),
            (Strings{"preallocated", "arena", "preallocated"}));
  EXPECT_EQ(of({"--allocator=preallocated,arena", "--aa=false"}), (Strings{"preallocated", "arena"}));
  EXPECT_EQ(of({"--allocator=preallocated,arena", "--profile"}), (Strings{"preallocated", "arena"}));
  EXPECT_EQ(of({"--allocator=preallocated,arena", "--profile", "--aa=true"}),
            (Strings{"preallocated", "preallocated", "arena"}));
}

TEST_F(OptionsTest, WorkloadsThatAreMadeToFindSomethingOutAreRunWhereTheyAreNamed) {
  EXPECT_EQ(parse({"--workload=all"}).workloads.size(), workloads().size());
  EXPECT_EQ(names(parse({"--workload=none,scan,allocs"}).workloads), (Strings{"none", "scan", "allocs"}));
}

TEST_F(OptionsTest, ASweepOverAllocationsIsInOrderAndHasADefaultThatFits) {
  EXPECT_EQ(parse({"--workload=allocs", "--allocs-per-phase=64,1,8"}).allocs_per_phase, (Sizes{1, 8, 64}));
  EXPECT_EQ(parse({"--workload=allocs"}).allocs_per_phase, (Sizes{1, 4, 16, 64, 256, 1024}));
  EXPECT_EQ(parse({"--workload=allocs", "--elements=100,2^20"}).allocs_per_phase, (Sizes{1, 4, 16, 64}));
}

TEST_F(OptionsTest, StatesAreOneOrBoth) {
  EXPECT_EQ(parse({"--state=cold"}).states, std::vector{State::cold});
  EXPECT_EQ(parse({"--state=both"}).states, (std::vector{State::steady, State::cold}));
}

TEST_F(OptionsTest, SizesAreDecimalPowersOrBinaryMultiples) {
  EXPECT_EQ(parse({"--elements=65536,2^17,4Mi", "--elements", "10^5"}).elements,
            (Sizes{65536, 131072, 4194304, 100000}));
  EXPECT_EQ(parse({"--elements=2^31"}).elements, (Sizes{std::size_t{1} << 31}));
}

TEST_F(OptionsTest, StandardOutputHasTwoNames) {
  EXPECT_EQ(parse({"--csv=/dev/stdout"}).csv_path, "-");
}

TEST_F(OptionsTest, CountsAndSeedAreTaken) {
  const Options options = parse({"--iters=10", "--warmup=0", "--repetitions", "3", "--seed=0"});
  EXPECT_EQ(options.iters, 10u);
  EXPECT_EQ(options.warmup, 0u);
  EXPECT_EQ(options.repetitions, 3u);
  EXPECT_EQ(options.seed, 0u);
}

TEST_F(OptionsTest, SeedDiffersFromRunToRunUnlessGiven) {
  EXPECT_NE(parse({}).seed, parse({}).seed);
}

TEST_F(OptionsTest, BothSyncModesRunOneAfterTheOther) {
  EXPECT_EQ(parse({"--sync=phase"}).sync_modes, (SyncModes{SyncMode::phase}));
  EXPECT_EQ(parse({"--sync=both"}).sync_modes, (SyncModes{SyncMode::end, SyncMode::phase}));
}

TEST_F(OptionsTest, AnIndexIsACudaDevice) {
  EXPECT_EQ(parse({"--device=host"}).device, DeviceKind::host);
  EXPECT_EQ(parse({"--device=cuda"}).device, DeviceKind::cuda);
  const Options options = parse({"--device=3"});
  EXPECT_EQ(options.device, DeviceKind::cuda);
  EXPECT_EQ(options.device_index, 3);
}

TEST_F(OptionsTest, ADelayIsPlantedAtTheEndUnlessAtTheHost) {
  EXPECT_EQ(parse({"--plant-delay=0.05"}).planted.end_to_end, 0.05);
  EXPECT_EQ(parse({"--plant-delay=0.05"}).planted.host_enqueue, 0);
  EXPECT_EQ(parse({"--plant-delay=host:0.03"}).planted.end_to_end, 0);
  EXPECT_EQ(parse({"--plant-delay=host:0.03"}).planted.host_enqueue, 0.03);
  EXPECT_EQ(parse({}).planted_given, "");
}

TEST_F(OptionsTest, NoiseBoundsTheRepetitionsOfWhichThereMayThenBeMore) {
  const Options options = parse({"--max-noise=0.01", "--timeout=90"});
  EXPECT_EQ(options.max_noise, 0.01);
  EXPECT_EQ(options.timeout_s, 90);
  EXPECT_EQ(options.repetitions, 100u);
  EXPECT_EQ(parse({"--max-noise=0.01", "--repetitions=31"}).repetitions, 31u);
}

TEST_F(OptionsTest, RatiosMayBeToAnyAllocatorThatIsMeasured) {
  EXPECT_EQ(parse({"--against=arena"}).against, "arena");
  EXPECT_EQ(parse({"--allocator=arena"}).against, "preallocated") << "though it is not measured";
}

TEST_F(OptionsTest, NoneIsNoFile) {
  const Options options = parse({"--csv=none", "--json=none"});
  EXPECT_EQ(options.csv_path, "");
  EXPECT_EQ(options.json_path, "");
}

TEST_F(OptionsTest, WhatFollowsTheDashesGoesToGoogleBenchmarkUntouched) {
  EXPECT_EQ(parse({"--iters=1", "--", "--benchmark_context=a=b,c", "--v=2"}).benchmark_args,
            (Strings{"--benchmark_context=a=b,c", "--v=2"}));
}

}  // namespace
}  // namespace daa::bench
