// The JSON file: one document in Google Benchmark's layout, whatever a campaign comes to.

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "campaign_fixture.hpp"
#include "json_reader.hpp"
#include "temporary_folder.hpp"

namespace daa::test {
namespace {

class JsonReportTest : public CampaignTest {
 protected:
  Json report_of(Options options) {
    options.json_path = path_;
    Context context;
    context.device = "a \"device\"";
    context.commit = "0123456789ab";
    run_campaign(options, context, {[](const auto&) {}, [](auto, auto) {}});
    std::ifstream file{path_};
    return read_json(std::string{std::istreambuf_iterator<char>{file}, {}});
  }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_.path() / "report.json";
};

// Single repetitions, not the statistics of several.
std::vector<Json> repetitions(const Json& report) {
  std::vector<Json> result;
  for (const Json& run : report["benchmarks"].array()) {
    if (run["run_type"].string() == "iteration") result.push_back(run);
  }
  return result;
}

TEST_F(JsonReportTest, IsOneDocumentOverAllGroups) {
  Options options = small_options();
  options.workloads = {&workload("scan"), &workload("reduce")};
  options.elements = {100, 200};
  options.sync_modes = {SyncMode::end, SyncMode::phase};
  options.allocators = {&allocator("preallocated"), &allocator("arena"), &allocator("arena")};
  const Json report = report_of(options);

  EXPECT_EQ(report.object().size(), 2u);
  EXPECT_EQ(report["context"]["device"].string(), "a \"device\"");
  EXPECT_EQ(report["context"]["commit"].string(), "0123456789ab");
  std::set<std::string> names;
  for (const Json& run : repetitions(report)) {
    names.insert(run["name"].string());
    EXPECT_FALSE(run.has("error_occurred"));
    EXPECT_GT(run["real_time"].number(), 0);
    EXPECT_GT(run["host_enqueue_ns"].number(), 0);
    EXPECT_GT(run["device_ns"].number(), 0);
  }
  EXPECT_EQ(names.size(), 2u * 2u * 2u * 3u);
  EXPECT_EQ(repetitions(report).size(), 3 * names.size());
  EXPECT_TRUE(std::ranges::any_of(
      names, [](const std::string& name) { return name.starts_with("reduce/200/sync:phase/arena:2/"); }));
}

TEST_F(JsonReportTest, RoundsAreRepetitionsOfOneBenchmarkWithTheirAggregates) {
  Options options = small_options();
  options.allocators = {&allocator("preallocated"), &allocator("arena")};
  const Json report = report_of(options);
  ASSERT_EQ(report["benchmarks"].array().size(), 2u * (3 + 4)) << "mean, median, stddev, cv";
  const std::vector<Json> runs = repetitions(report);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string allocator = i < 3 ? "preallocated" : "arena";
    EXPECT_EQ(runs[i]["name"].string(),
              "scan/1000/sync:end/" + allocator + "/iterations:1/repeats:3/manual_time");
    EXPECT_EQ(runs[i]["repetitions"].number(), 3);
    EXPECT_EQ(runs[i]["repetition_index"].number(), static_cast<double>(i % 3));
    EXPECT_EQ(runs[i]["family_index"].number(), static_cast<double>(i / 3));
  }
  for (const std::string figure : {"real_time", "device_ns"}) {
    std::vector<double> values;
    for (std::size_t i = 0; i < 3; ++i) values.push_back(runs[i][figure].number());
    const double mean = (values[0] + values[1] + values[2]) / 3;
    std::ranges::sort(values);
    for (const Json& run : report["benchmarks"].array()) {
      if (run["family_index"].number() != 0 || run["run_type"].string() != "aggregate") continue;
      const std::map<std::string, double> expected{{"mean", mean}, {"median", values[1]}};
      const auto found = expected.find(run["aggregate_name"].string());
      if (found == expected.end()) continue;
      EXPECT_NEAR(run[figure].number(), found->second, 1e-6 * mean) << found->first;
    }
  }
}

TEST_F(JsonReportTest, TheAggregatesAloneAreThereWhereGoogleBenchmarkIsToldSo) {
  Options options = small_options();
  for (const std::string flag :
       {"--benchmark_report_aggregates_only", "--benchmark_display_aggregates_only=1"}) {
    options.benchmark_args = {flag};
    const Json report = report_of(options);
    EXPECT_EQ(report["benchmarks"].array().size(), 4u) << flag;
    EXPECT_EQ(repetitions(report).size(), 0u) << flag;
  }
  options.benchmark_args = {"--benchmark_report_aggregates_only=false"};
  EXPECT_EQ(repetitions(report_of(options)).size(), 3u);
}

TEST_F(JsonReportTest, RunsThatFailedSaySo) {
  const AllocatorInfo overlapping = allocator_of<make_overlapping>("overlapping");
  const AllocatorInfo exhausted = allocator_of<make_exhausted>("exhausted");
  Options options = small_options();
  options.allocators = {&overlapping, &exhausted, &allocator("preallocated")};
  options.elements = {5003};
  const std::vector<Json> runs = repetitions(report_of(options));
  ASSERT_EQ(runs.size(), 3u * 3u);
  for (const Json& run : runs) {
    const bool is_right = run["name"].string().find("/preallocated/") != std::string::npos;
    EXPECT_EQ(run.has("error_occurred"), !is_right);
    EXPECT_TRUE(is_right || !run["error_message"].string().empty());
  }
}

TEST_F(JsonReportTest, IsADocumentEvenIfNothingCouldBeRun) {
  host_runtime::set_memory_limit(0);
  const Json report = report_of(small_options());
  EXPECT_TRUE(report.has("context"));
  EXPECT_TRUE(report["benchmarks"].array().empty());
}

TEST_F(JsonReportTest, AFileThatCannotBeWrittenEndsTheCampaignBeforeItBegins) {
  Options options = small_options();
  options.json_path = "/no/such/directory/file.json";
  EXPECT_THROW(run(options), std::runtime_error);
  EXPECT_EQ(host_runtime::call_count("cudaLaunchKernel"), 0u);
}

TEST_F(JsonReportTest, AFileThatCannotBeWrittenWholeIsAnError) {
  Options options = small_options();
  options.json_path = "/dev/full";
  EXPECT_THROW(run(options), std::runtime_error);
}

}  // namespace
}  // namespace daa::test
