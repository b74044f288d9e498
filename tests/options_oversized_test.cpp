// Sizes that the device cannot hold.

#include "options_fixture.hpp"

namespace daa::bench {
namespace {

const WorkloadInfo& workload_of(const Options& options) {
  return *options.workloads.front();
}

TEST_F(OptionsTest, ASizeThatFitsExactlyIsNotOversized) {
  const std::size_t per_element = workloads().front().bytes_per_element;
  Options options = parse({"--elements=2^20"});
  options.workloads = {&workloads().front()};
  EXPECT_EQ(find_oversized(options, per_element << 20), std::nullopt);
  const auto line = find_oversized(options, (per_element << 20) - 1);
  ASSERT_TRUE(line);
  EXPECT_TRUE(contains(*line, "--elements=1048576: " + std::string{workloads().front().name}));
  EXPECT_TRUE(contains(*line, "the largest that fits is 1048575"));
}

TEST_F(OptionsTest, AnOversizedOneIsNamedAfterWhereItWasGiven) {
  write_file("sizes.toml", "elements = 2^20\n");
  EXPECT_TRUE(find_oversized(parse({}, {{"DAA_BENCH_ELEMENTS", "2^20"}}), 1)
                  ->starts_with("DAA_BENCH_ELEMENTS=1048576: "));
  EXPECT_TRUE(
      find_oversized(parse({"--config=sizes.toml"}), 1)->starts_with("sizes.toml: elements=1048576: "));
  EXPECT_TRUE(find_oversized(parse({}), 1)->starts_with("--elements=1048576: "));
}

TEST_F(OptionsTest, EachStreamHasItsCopyOfTheWorkload) {
  const std::size_t per_element = workload_of(parse({"--workload=scan"})).bytes_per_element;
  for (const std::string lanes : {"--threads=1,4,2", "--streams=4"}) {
    const Options options = parse({"--workload=scan", "--elements=2^20", lanes});
    const std::size_t needed = (4 + 1) * (per_element << 20);  // one is for verifying
    EXPECT_EQ(find_oversized(options, needed), std::nullopt);
    EXPECT_TRUE(contains(find_oversized(options, needed - 1).value(), "4 streams"));
  }
}

TEST_F(OptionsTest, ASizeWhoseBytesDoNotFit64BitsIsOversized) {
  Options options = parse({"--elements=1000"});
  options.elements = {18446744073709551615u};
  EXPECT_TRUE(find_oversized(options, std::size_t{1} << 40));
}

}  // namespace
}  // namespace daa::bench
