// The JSON file: one document in Google Benchmark's layout, whatever a run comes to.

#include "report/json.hpp"

#include <set>
#include <system_error>

#include "child_process.hpp"
#include "json_reader.hpp"
#include "report_rows.hpp"
#include "temporary_folder.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

using test::Json;

/// The document after these calls of write().
Json report_of(const std::vector<std::vector<Row>>& cases) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() / "report.json";
  JsonSink sink{path, a_context()};
  for (const std::vector<Row>& rows : cases) sink.write(rows);
  sink.finish();
  return test::read_json(test::read_file(path));
}

TEST(JsonReport, HasABenchmarkForEachRowWithARunForEachRepetition) {
  Row threads = a_row("preallocated:2");
  threads.configuration = {.mode = Mode::threads, .threads = 4, .streams = 4};
  const Json report = report_of({{a_row("arena"), a_row("cuda-malloc")}, {threads}});
  const Json::Array& runs = report["benchmarks"].array();
  ASSERT_EQ(runs.size(), 3u * 3u);
  const std::string names[]{"scan/1048576/sync:end/arena", "scan/1048576/sync:end/cuda-malloc",
                            "scan/1048576/sync:end/threads:4/preallocated:2"};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Json& run = runs[i];
    const double repetition = static_cast<double>(i % 3);
    EXPECT_EQ(run["run_name"].string(), names[i / 3]);
    EXPECT_TRUE(run["name"].string().starts_with(names[i / 3]));
    EXPECT_EQ(run["run_type"].string(), "iteration");
    EXPECT_EQ(run["family_index"].number(), static_cast<double>(i / 3));
    EXPECT_EQ(run["repetitions"].number(), 3);
    EXPECT_EQ(run["repetition_index"].number(), repetition);
    EXPECT_EQ(run["iterations"].number(), 1000);
    EXPECT_EQ(run["threads"].number(), i < 6 ? 1 : 4);
    EXPECT_EQ(run["time_unit"].string(), "us");
    EXPECT_NEAR(run["real_time"].number(), 1180 + repetition * 5e-4, 1e-9);
    EXPECT_EQ(run["host_enqueue_ns"].number(), 2500 + repetition / 2);
    EXPECT_EQ(run["device_ns"].number(), 26e3 + repetition / 2);
    EXPECT_FALSE(run.has("error_occurred"));
    EXPECT_FALSE(run.has("operation_ns"));
  }
}

TEST(JsonReport, OfAReplayHasTheTimeOfAnOperation) {
  const Json report = report_of({{a_replay()}});
  const Json& run = report["benchmarks"].array().at(1);
  EXPECT_EQ(run["run_name"].string(), "replay/gpt2_decode/sync:end/arena");
  EXPECT_EQ(run["operation_ns"].number(), 40.5);
  EXPECT_FALSE(run.has("device_ns"));
}

TEST(JsonReport, HasTheMessagesOfFailedRows) {
  const Json report = report_of({{a_failed_row("cuda-malloc"), a_row("arena")}});
  const Json::Array& runs = report["benchmarks"].array();
  ASSERT_EQ(runs.size(), 1u + 3u);
  EXPECT_EQ(runs[0]["run_name"].string(), "scan/1048576/sync:end/cuda-malloc");
  EXPECT_TRUE(runs[0]["error_occurred"].boolean());
  EXPECT_EQ(runs[0]["error_message"].string(), "out_of_memory: 64.0MiB asked\nfor");
}

TEST(JsonReport, SaysWhatWasMeasuredOnWhat) {
  const Json report = report_of({{a_row()}});
  for (const auto& [name, value] : {std::pair{"device", "NVIDIA H200"},
                                    {"device_kind", "cuda"},
                                    {"driver", "580.159.04"},
                                    {"toolkit", "13.0"},
                                    {"compiler", "g++ 12.2.0, nvcc 13.0.88"},
                                    {"commit", "0123456789ab-dirty"}})
    EXPECT_EQ(report["context"][name].string(), value);
}

TEST(JsonReport, IsADocumentWhateverWasWritten) {
  const std::vector<std::vector<std::vector<Row>>> runs{
      {}, {{a_failed_row()}}, {{a_failed_row()}, {a_failed_row()}}, {{a_row()}, {a_failed_row(), a_row()}}};
  const std::size_t counts[]{0, 1, 2, 3 + 1 + 3};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Json report = report_of(runs[i]);
    EXPECT_TRUE(report.has("context"));
    EXPECT_EQ(report["benchmarks"].array().size(), counts[i]);
  }
}

TEST(JsonReport, ThatCannotBeWrittenIsAnErrorWithItsPath) {
  try {
    JsonSink{"/no/such/directory/file.json", a_context()};
    FAIL() << "opened";
  } catch (const std::system_error& error) {
    EXPECT_TRUE(contains(error.what(), "/no/such/directory/file.json"));
  }
  EXPECT_THROW(
      {
        JsonSink sink("/dev/full", a_context());
        sink.write(std::vector<Row>{a_row()});
        sink.finish();
      },
      std::system_error);
}

}  // namespace
}  // namespace daa::bench
