// The file of samples, read back by a reader that knows nothing of its writer.

#include "report/jsonl.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <locale>
#include <sstream>
#include <system_error>

#include "json_reader.hpp"
#include "report_rows.hpp"

namespace daa::bench {
namespace {

using test::Json;
using test::read_json;

std::vector<Json> read_lines(const std::string& text) {
  EXPECT_TRUE(text.empty() || text.back() == '\n');
  std::vector<Json> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(read_json(line));
  return lines;
}

struct Samples {
  std::vector<double> host_enqueue{1.5, 2.5, 1e9}, device{3, 4, 0.1}, end_to_end{5.25, 6, 1e-3};
  RowMode mode = a_mode();

  [[nodiscard]] TurnSamples turn(std::string_view allocator = "arena:2") const {
    return {"scan",       1 << 20, SyncMode::phase, mode,  allocator, 7,
            host_enqueue, device,  end_to_end,      false, 1965};
  }
};

TEST(Jsonl, ALineHasEverythingOfASample) {
  const Samples samples;
  const std::vector<Json> lines = read_lines(jsonl_lines(samples.turn()));
  ASSERT_EQ(lines.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const Json& line = lines[i];
    EXPECT_EQ(line.object().size(), 17u);
    EXPECT_EQ(line["workload"].string(), "scan");
    EXPECT_EQ(line["elements"].number(), 1 << 20);
    EXPECT_EQ(line["sync"].string(), "phase");
    EXPECT_EQ(line["allocs_per_phase"].number(), 64);
    EXPECT_EQ(line["state"].string(), "cold");
    EXPECT_TRUE(line["graph"].boolean());
    EXPECT_EQ(line["threads"].number(), 2);
    EXPECT_EQ(line["streams"].number(), 3);
    EXPECT_TRUE(line["flush_l2"].boolean());
    EXPECT_EQ(line["allocator"].string(), "arena:2");
    EXPECT_EQ(line["repetition"].number(), 7);
    EXPECT_EQ(line["sample"].number(), static_cast<double>(i));
    EXPECT_EQ(line["host_enqueue_ns"].number(), samples.host_enqueue[i]);
    EXPECT_EQ(line["device_ns"].number(), samples.device[i]);
    EXPECT_EQ(line["end_to_end_ns"].number(), samples.end_to_end[i]);
    EXPECT_FALSE(line["throttled"].boolean());
    EXPECT_EQ(line["sm_clock_mhz"].number(), 1965);
  }
}

TEST(Jsonl, AClockThatIsNotKnownIsNull) {
  const Samples samples;
  TurnSamples turn = samples.turn();
  turn.sm_clock_mhz.reset();
  turn.throttled = true;
  const std::string text = jsonl_lines(turn);
  EXPECT_NE(text.find("\"sm_clock_mhz\":null"), std::string::npos) << text;
  EXPECT_TRUE(read_lines(text)[0]["throttled"].boolean());
}

TEST(Jsonl, TheFirstLineSaysWhatTheRunWas) {
  Options options;
  options.iters = 500;
  options.warmup = 20;
  options.seed = 18446744073709551615u;
  const std::string text = jsonl_context(a_context(), options);
  const std::vector<Json> lines = read_lines(text);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["schema_version"].number(), jsonl_schema_version);
  EXPECT_EQ(lines[0]["device"].string(), "NVIDIA H200");
  EXPECT_EQ(lines[0]["compiler"].string(), "g++ 12.2.0, nvcc 13.0.88");
  EXPECT_EQ(lines[0]["iters"].number(), 500);
  EXPECT_NE(text.find("\"seed\":18446744073709551615"), std::string::npos) << "to the last digit";
}

TEST(Jsonl, AnyStringComesBackAsItWas) {
  std::string every;
  for (int c = 0; c < 128; ++c) every += static_cast<char>(c);
  const Samples samples;
  EXPECT_EQ(read_lines(jsonl_lines(samples.turn(every)))[0]["allocator"].string(), every);
}

TEST(Jsonl, WhatIsNotANumberIsNull) {
  EXPECT_EQ(json_number(std::nan("")), "null");
  EXPECT_EQ(json_number(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(json_number(0.1), "0.1");
}

struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
};

TEST(Jsonl, NumbersKnowNoLocale) {
  const Samples samples;
  const std::string expected = jsonl_lines(samples.turn());
  const std::locale previous = std::locale::global(std::locale{std::locale{}, new Comma});
  const std::string lines = jsonl_lines(samples.turn());
  std::locale::global(previous);
  EXPECT_EQ(lines, expected);
}

TEST(JsonlWriter, TheLinesOfATurnAreInTheFileAtOnce) {
  const std::string path = testing::TempDir() + "samples.jsonl";
  std::ofstream{path} << std::string(10'000, 'x');
  const Samples samples;
  JsonlWriter writer{path, a_context(), {}};
  const auto content = [&] {
    std::ifstream file{path};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  EXPECT_EQ(read_lines(content()).size(), 1u) << "what was there is replaced";
  writer.write(samples.turn());
  writer.write(samples.turn());
  EXPECT_EQ(read_lines(content()).size(), 1u + 2u * 3u);
  std::remove(path.c_str());
}

TEST(JsonlWriter, AFileThatCannotBeOpenedIsAnErrorWithItsPath) {
  try {
    JsonlWriter{"/no/such/directory/samples.jsonl", a_context(), {}};
    FAIL() << "opened";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string{error.what()}.find("samples.jsonl"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace daa::bench
