// Which columns the CSV has, what each is to a comparison, and what is in it.

#include "report/columns.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "report_rows.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

using Fields = std::map<std::string, std::string>;

std::set<std::string> columns_with(std::initializer_list<Role> roles) {
  std::set<std::string> names;
  for (const Column& column : columns())
    if (std::ranges::find(roles, column.role) != roles.end()) names.insert(std::string{column.name});
  return names;
}

TEST(Columns, AreUniqueSnakeCaseAndDescribed) {
  std::set<std::string_view> seen;
  for (const Column& column : columns()) {
    EXPECT_TRUE(seen.insert(column.name).second) << column.name;
    EXPECT_TRUE(matches(std::string{column.name}, "[a-z][a-z0-9]*(_[a-z0-9]+)*"));
    EXPECT_GT(column.description.size(), 5u) << column.name;
    EXPECT_NE(to_string(column.role), "unknown") << column.name;
  }
  EXPECT_EQ(columns().front().name, "schema_version") << "a reader looks at it first";
}

// A reader that takes a case for another, or a counter for information, misses a regression.
TEST(Columns, HaveTheRolesThatComparisonsRelyOn) {
  EXPECT_EQ(columns_with({Role::key}),
            (std::set<std::string>{"kind", "workload", "trace", "vary", "elements", "allocs_per_phase",
                                   "sync", "state", "graph", "threads", "streams", "flush_l2", "ranks",
                                   "rank", "allocator"}));
  EXPECT_EQ(columns_with({Role::counter, Role::host_counter}),
            (std::set<std::string>{"allocations_per_phase", "runtime_calls_per_phase",
                                   "synchronisations_per_phase", "asked_per_phase_bytes", "peak_phase_bytes",
                                   "reserved_bytes", "pool_mapped_bytes"}));
  EXPECT_EQ(columns_with({Role::time}),
            (std::set<std::string>{"host_enqueue_median_ns", "end_to_end_median_ns", "operation_median_ns",
                                   "allocation_ns"}));
  EXPECT_EQ(columns_with({Role::ratio}), (std::set<std::string>{"host_enqueue_ratio", "end_to_end_ratio",
                                                                "allocation_ratio", "operation_ratio"}));
}

/// What columns hold of a_row() and a_context(), clocks aside.
Fields fields_of_a_row() {
  return {{"schema_version", "4"},
          {"daa_version", "1.2.3"},
          {"commit", "0123456789ab-dirty"},
          {"time_utc", "2030-01-02T03:04:05Z"},
          {"device_kind", "cuda"},
          {"device", "NVIDIA H200"},
          {"sm_clock_mhz", "1980"},
          {"memory_clock_mhz", "3201"},
          {"driver", "580.159.04"},
          {"toolkit", "13.0"},
          {"compiler", "g++ 12.2.0, nvcc 13.0.88"},
          {"cpu", "A CPU"},
          {"kind", "steady"},
          {"workload", "scan"},
          {"vary", "none"},
          {"elements", "1048576"},
          {"sync", "end"},
          {"state", "steady"},
          {"graph", "false"},
          {"threads", "1"},
          {"streams", "1"},
          {"flush_l2", "false"},
          {"ranks", "1"},
          {"hosts", "1"},
          {"ranks_per_device", "1"},
          {"allocator", "arena"},
          {"status", "ok"},
          {"seed", "18446744073709551615"},
          {"iters", "1000"},
          {"warmup", "20"},
          {"phases_per_batch", "25"},
          {"profiler", "none"},
          {"repetitions", "3"},
          {"samples", "120"},
          {"throttled_samples", "40"},
          {"sm_clock_median_mhz", "1965.5"},
          {"allocations_per_phase", "2.5"},
          {"runtime_calls_per_phase", "0.002"},
          {"driver_calls_per_phase", "0.003"},
          {"allocate_calls_per_phase", "0.25"},
          {"free_calls_per_phase", "0.5"},
          {"launch_calls_per_phase", "0.75"},
          {"copy_calls_per_phase", "1.25"},
          {"synchronise_calls_per_phase", "1.5"},
          {"other_calls_per_phase", "1.75"},
          {"synchronisations_per_phase", "2.25"},
          {"asked_per_phase_bytes", "1000"},
          {"peak_phase_bytes", "2000"},
          {"reserved_bytes", "3072"},
          {"wasted_bytes", "4000"},
          {"pool_mapped_bytes", "5000"},
          {"against", "preallocated"}};
}

void add_clock(Fields& fields, const std::string& name, const ClockSummary& clock) {
  const std::pair<std::string, double> figures[]{
      {name + "_median_ns", clock.median_ns},
      {name + "_p99_ns", clock.p99_ns},
      {name + "_ratio", clock.ratio},
      {name + "_ratio_low", clock.ratio_low},
      {name + "_ratio_high", clock.ratio_high},
      {"against_" + name + "_ratio", clock.against_ratio},
      {"against_" + name + "_ratio_low", clock.against_ratio_low},
      {"against_" + name + "_ratio_high", clock.against_ratio_high}};
  for (const auto& [column, figure] : figures) fields[column] = csv_number(figure);
  if (name == "operation") return;  // of a replay, whose clock is its end-to-end time
  fields[name + "_p90_ns"] = csv_number(clock.p90_ns);
  fields[name + "_max_ns"] = csv_number(clock.max_ns);
  std::vector<std::string> repetitions;
  for (const double ns : clock.repetitions_ns) repetitions.push_back(csv_number(ns));
  fields[name + "_repetitions_ns"] = fmt::format("{}", fmt::join(repetitions, " "));
}

/// `expected`, and nothing in all other columns.
void expect_fields(const Row& row, const Fields& expected) {
  const test::CsvRecord record = read_back(row);
  EXPECT_EQ(record.size(), columns().size());
  for (const auto& [column, value] : record) {
    const auto found = expected.find(column);
    EXPECT_EQ(value, found == expected.end() ? "" : found->second) << column;
  }
  for (const auto& [column, value] : expected) EXPECT_TRUE(record.contains(column)) << column;
}

TEST(Columns, HoldEveryFigureOfARow) {
  Fields expected = fields_of_a_row();
  add_clock(expected, "host_enqueue", a_row().host_enqueue);
  add_clock(expected, "device", a_row().device);
  add_clock(expected, "end_to_end", a_row().end_to_end);
  EXPECT_EQ(expected.at("device_repetitions_ns"), "26000 26000.5 26001");
  expect_fields(a_row(), expected);
}

TEST(Columns, HoldWhatSeveralRanksFindOut) {
  Row row = a_row();
  row.ranks = {8, 2, 3, 5, 1.25, 0.5, 0.25, 0.75};
  const test::CsvRecord record = read_back(row);
  for (const auto& [column, value] : Fields{{"ranks", "8"},
                                            {"hosts", "2"},
                                            {"ranks_per_device", "3"},
                                            {"rank", "5"},
                                            {"rank_imbalance", "1.25"},
                                            {"weak_efficiency", "0.5"},
                                            {"weak_efficiency_low", "0.25"},
                                            {"weak_efficiency_high", "0.75"}})
    EXPECT_EQ(record.at(column), value) << column;
}

TEST(Columns, HoldWhatOnlySomeModesFindOut) {
  Row row = a_row();
  row.found = {4.5, 12.5, 1.75, 14.25, 56000.0, 0.75};
  const test::CsvRecord record = read_back(row);
  for (const auto& [column, value] : Fields{{"graph_memory_nodes", "4.5"},
                                            {"allocation_ns", "12.5"},
                                            {"allocation_ratio", "1.75"},
                                            {"slowest_allocation_ns", "14.25"},
                                            {"serial_ns", "56000"},
                                            {"overlap_score", "0.75"}})
    EXPECT_EQ(record.at(column), value) << column;
}

TEST(Columns, OfAReplayHoldItsTraceAndTheTimeOfAnOperation) {
  Fields expected = fields_of_a_row();
  for (const auto& [column, value] : Fields{{"kind", "replay"},
                                            {"workload", "replay"},
                                            {"trace", "gpt2_decode"},
                                            {"elements", "0"},
                                            {"threads", "2"},
                                            {"streams", "3"},
                                            {"operations", "15444"},
                                            {"left_out_lines", "4"},
                                            {"first_phase_ns", "900.5"},
                                            {"first_phase_ratio", "3.25"},
                                            {"worst_phase_ns", "77.5"},
                                            {"peak_live_bytes", "2048"},
                                            {"reserved_over_live", "1.5"},
                                            {"held_bytes", "6144"},
                                            {"held_over_live", "3"}})
    expected[column] = value;
  add_clock(expected, "host_enqueue", a_row().host_enqueue);
  add_clock(expected, "end_to_end", a_row().end_to_end);
  add_clock(expected, "operation", a_replay().replay->operation);
  expect_fields(a_replay(), expected);
}

struct ModeOfARow {
  Configuration configuration;
  std::optional<std::size_t> allocs;
  std::string name;  // of the case
  Fields keys;
};

// What tells two cases apart must be in a key column, and in the name.
TEST(Columns, AndTheNameOfACaseTellEveryModeApart) {
  using enum SyncMode;
  const ModeOfARow rows[]{
      {{}, {}, "sync:end", {{"kind", "steady"}, {"sync", "end"}, {"state", "steady"}}},
      {{.sync = phase}, {}, "sync:phase", {{"kind", "steady"}, {"sync", "phase"}}},
      {{.flush_l2 = true}, {}, "sync:end/flush_l2", {{"kind", "steady"}, {"flush_l2", "true"}}},
      {{.sync = phase, .mode = Mode::cold},
       {},
       "sync:phase/state:cold",
       {{"kind", "cold"}, {"state", "cold"}}},
      {{.mode = Mode::graph}, {}, "sync:end/graph", {{"kind", "graph"}, {"graph", "true"}}},
      {{.mode = Mode::threads, .threads = 4, .streams = 4},
       {},
       "sync:end/threads:4",
       {{"kind", "threads"}, {"threads", "4"}, {"streams", "4"}}},
      {{.mode = Mode::streams, .streams = 4},
       {},
       "sync:end/streams:4",
       {{"kind", "streams"}, {"threads", "1"}, {"streams", "4"}}},
      {{}, 64, "allocs:64/sync:end", {{"kind", "sweep"}, {"allocs_per_phase", "64"}}}};
  std::set<std::string> names;
  for (const ModeOfARow& each : rows) {
    Row row = a_row();
    row.configuration = each.configuration;
    row.allocs_per_phase = each.allocs;
    EXPECT_EQ(case_name(row), "scan/1048576/" + each.name);
    const test::CsvRecord record = read_back(row);
    for (const auto& [column, value] : each.keys) EXPECT_EQ(record.at(column), value) << each.name;
    names.insert(case_name(row));
  }
  EXPECT_EQ(names.size(), std::size(rows));
  for (const auto& [variation, name] : {std::pair{Variation::none, "replay/gpt2_decode/sync:end"},
                                        {Variation::scale, "replay/gpt2_decode/sync:end/vary:scale"},
                                        {Variation::drop, "replay/gpt2_decode/sync:end/vary:drop"}}) {
    Row row = a_replay();
    row.configuration.vary = variation;
    EXPECT_EQ(case_name(row), name);
    EXPECT_EQ(read_back(row).at("vary"), to_string(variation));
    EXPECT_EQ(read_back(row).at("kind"), "replay");
  }
}

}  // namespace
}  // namespace daa::bench
