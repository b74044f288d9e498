// Which cases a configuration makes.

#include "cases.hpp"
#include "lone_ranks.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "compare/results.hpp"
#include "device/context.hpp"
#include "measure_fixture.hpp"
#include "temporary_folder.hpp"
#include "usage_error.hpp"

namespace daa::test {
namespace {

using Names = std::vector<std::string>;
constexpr std::size_t ample = std::size_t{1} << 40;

class CasesTest : public MeasureTest {
 protected:
  static Names names(const RunConfig& config) {
    Names result;
    for (const auto& each : make_cases(config, ample, lone_ranks())) result.push_back(each->name());
    EXPECT_EQ(std::set(result.begin(), result.end()).size(), result.size()) << "names are unique";
    EXPECT_EQ(trial_count(config, make_cases(config, ample, lone_ranks())),
              result.size() * config.allocators.size() * config.repetitions);
    return result;
  }

  std::string trace(const std::string& lines) {
    const std::filesystem::path path = folder_.path() / "a_trace.csv";
    std::ofstream{path} << "Thread,Time,Action,Pointer,Size,Stream\n" << lines;
    return path;
  }
  std::string small_trace() { return trace("0,0,allocate,0x1,1000,0\n0,1,free,0x1,1000,0\n"); }

  static std::string refusal(const RunConfig& config, std::size_t device_bytes = ample) {
    try {
      static_cast<void>(make_cases(config, device_bytes, lone_ranks()));
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(CasesTest, AreEachCombinationOfModeAndSyncMode) {
  RunConfig config = small_config();
  config.sync_modes = {SyncMode::end, SyncMode::phase};
  EXPECT_EQ(names(config), (Names{"scan/1000/sync:end", "scan/1000/sync:phase"}));
  config.modes = {Mode::steady, Mode::cold};
  config.flush_l2 = true;
  config.traces = {{"t", small_trace()}};
  EXPECT_EQ(names(config), (Names{"scan/1000/sync:end/flush_l2", "scan/1000/sync:phase/flush_l2",
                                  "scan/1000/sync:phase/state:cold/flush_l2", "replay/t/sync:end/flush_l2",
                                  "replay/t/sync:phase/flush_l2"}))
      << "a cold phase is synchronised after it in any case";
  config.flush_l2 = false;
  config.traces.clear();
  config.modes = {Mode::graph};
  EXPECT_EQ(names(config), (Names{"scan/1000/sync:end/graph", "scan/1000/sync:phase/graph"}));

  config.modes = {Mode::steady};
  config.sync_modes = {SyncMode::phase};
  config.threads = {1, 4};
  config.streams = {3};
  EXPECT_EQ(names(config), (Names{"scan/1000/sync:phase/threads:1", "scan/1000/sync:phase/threads:4",
                                  "scan/1000/sync:phase/streams:3"}));
  for (const Configuration& each : configurations_of(config)) {
    EXPECT_EQ(each.threads, each.mode == Mode::threads ? each.streams : 1);
    EXPECT_TRUE(each.mode == Mode::threads || each.streams == 3);
  }
}

TEST_F(CasesTest, AreEachWorkloadSizeAndNumberOfAllocationsThenTraces) {
  RunConfig config = small_config();
  config.workloads = {&workload("sort"), &synthetic("allocs")};
  config.elements = {700, 300};
  config.allocs_per_phase = {1, 8};
  config.traces = {{"b", small_trace()}, {"a", small_trace()}};
  EXPECT_EQ(names(config), (Names{"sort/700/sync:end", "sort/300/sync:end", "allocs/700/allocs:1/sync:end",
                                  "allocs/700/allocs:8/sync:end", "allocs/300/allocs:1/sync:end",
                                  "allocs/300/allocs:8/sync:end", "replay/b/sync:end", "replay/a/sync:end"}));
  config.variations = {Variation::none, Variation::drop};
  config.workloads.clear();
  config.traces = {{"a", small_trace()}};
  EXPECT_EQ(names(config), (Names{"replay/a/sync:end", "replay/a/sync:end/vary:drop"}));
  config.traces.clear();
  config.allocs_per_phase.clear();
  config.workloads = {&synthetic("allocs")};
  config.elements = {300};
  EXPECT_EQ(names(config).front(), "allocs/300/sync:end");
}

TEST_F(CasesTest, ThatDoNotFitAreRefusedWithFlagValueAndWhatFits) {
  RunConfig config = small_config();
  config.elements = {1'000'000};
  const std::size_t bytes = workload("scan").bytes_per_element * 1'000'000;
  EXPECT_EQ(refusal(config, bytes), "");
  for (const std::string_view part : {"--elements=1000000", "scan", "999999"})
    EXPECT_NE(refusal(config, bytes - 1).find(part), std::string::npos) << refusal(config, bytes - 1);
  EXPECT_NE(refusal(config, 1), "");
  config.streams = {3};  // and one more to verify with
  EXPECT_EQ(refusal(config, 4 * bytes), "");
  EXPECT_NE(refusal(config, 4 * bytes - 1), "");
}

TEST_F(CasesTest, OfAMalformedTraceAreRefusedWithFlagFileAndLine) {
  RunConfig config = small_config();
  config.traces = {{"mine", trace("0,0,allocate,0x1,1000,0\n0,1,realloc,0x1,1000,0\n")}};
  for (const std::string_view part : {"--trace=mine", "a_trace.csv:3: ", "realloc"})
    EXPECT_NE(refusal(config).find(part), std::string::npos) << refusal(config);
}

// So that a baseline that does not fit is refused before anything is measured.
TEST_F(CasesTest, AnnounceRowsWithTheKeysAndSettingsOfThoseReported) {
  RunConfig config = small_config();
  config.traces = {{"t", small_trace()}};
  config.allocators = {&allocator("preallocated"), &allocator("preallocated"), &allocator("arena")};
  std::vector<RunConfig> configs{config, config, config};
  configs[0].modes = {Mode::steady, Mode::cold, Mode::graph};
  configs[0].sync_modes = {SyncMode::end, SyncMode::phase};
  configs[1].threads = {2};
  configs[1].streams = {2};
  configs[2].workloads = {&synthetic("allocs")};
  configs[2].allocs_per_phase = {4};
  for (const RunConfig& each : configs) {
    const std::vector<Row> to_come = rows_to_come(each, make_cases(each, ample, lone_ranks()), lone_ranks());
    const std::vector<Row> reported = run(each).rows();
    ASSERT_EQ(to_come.size(), reported.size());
    const Context context = current_context();
    std::vector<Result> announced, results;
    for (std::size_t i = 0; i < reported.size(); ++i) {
      EXPECT_EQ(reported[i].status, Status::ok) << reported[i].message;
      announced.push_back(to_result("announced", to_come[i], context));
      results.push_back(to_result("reported", reported[i], context));
      EXPECT_EQ(announced[i].key, results[i].key);
      EXPECT_EQ(announced[i].settings, results[i].settings) << case_name(reported[i]);
    }
    EXPECT_NO_THROW(require_comparable(results, announced));
  }
}

}  // namespace
}  // namespace daa::test
