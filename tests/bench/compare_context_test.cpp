// Which results may be compared.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "compare_rows.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

const Row row = measured("arena");

void require(const Row& base, const Context& base_context, const Row& head, const Context& context) {
  require_comparable(results({base}, base_context, "base.csv"), results({head}, context, "head.csv"));
}

const std::pair<std::string, std::function<void(Context&)>> of_gpu[]{
    {"device", [](Context& c) { c.device = "NVIDIA H100"; }},
    {"driver", [](Context& c) { c.driver = "590.1"; }},
    {"toolkit", [](Context& c) { c.toolkit = "13.1"; }},
    {"cpu", [](Context& c) { c.cpu = "Another"; }},
    {"sm_clock_mhz", [](Context& c) { c.sm_clock_mhz = 1; }},
    {"memory_clock_mhz", [](Context& c) { c.memory_clock_mhz = 1; }},
};

TEST(CompareContext, IgnoresWhoBuiltItAndWhen) {
  Context other = run_context();
  other.commit = other.compiler = other.time = other.daa_version = "another";
  EXPECT_NO_THROW(require(row, run_context(), row, other));
}

TEST(CompareContext, AnotherDeviceOrDriverIsRefusedWithBothPlacesAndTheRemedy) {
  for (const auto& [column, change] : of_gpu) {
    Context other = run_context();
    change(other);
    const std::string said = refusal([&] { require(row, run_context(), row, other); });
    for (const std::string& part : {column + " is ", std::string{"head.csv: line 2"},
                                    std::string{"base.csv: line 2"}, std::string{"--ignore-context"}})
      EXPECT_TRUE(contains(said, part));
  }
  EXPECT_TRUE(contains(refusal([] { require(row, run_context("host"), row, run_context()); }),
                       "device_kind is cuda in head.csv"));
}

TEST(CompareContext, TheHostRuntimeIsTheSameOnEveryMachine) {
  for (const auto& [column, change] : of_gpu) {
    Context other = run_context("host");
    change(other);
    EXPECT_NO_THROW(require(row, run_context("host"), row, other)) << column;
  }
}

TEST(CompareContext, AnotherSettingOfOneKeyIsRefused) {
  const std::pair<std::string, std::function<void(Row&)>> changes[]{
      {"seed", [](Row& r) { r.seed = 1; }},
      {"iters", [](Row& r) { r.iters = 1; }},
      {"warmup", [](Row& r) { r.warmup = 1; }},
      {"phases_per_batch", [](Row& r) { r.phases_per_batch = 7; }},
      {"profiler", [](Row& r) { r.profiler = "nsys"; }},
  };
  for (const std::string kind : {"cuda", "host"})
    for (const auto& [column, apply] : changes) {
      Row other = row;
      apply(other);
      EXPECT_TRUE(contains(refusal([&] { require(row, run_context(kind), other, run_context(kind)); }),
                           column + " is "));
      other.elements = 5;  // another key
      EXPECT_NO_THROW(require(row, run_context(kind), other, run_context(kind)));
    }
}

TEST(CompareContext, RepetitionsMayDiffer) {
  Row longer = row;
  longer.repetitions = 7;
  EXPECT_NO_THROW(require(row, run_context(), longer, run_context()));
}

TEST(CompareContext, RowsOfOneSideMustAgree) {
  std::vector<Result> mixed = results({row});
  Context other = run_context();
  other.driver = "590.1";
  mixed.push_back(results({row}, other, "b.csv").at(0));
  EXPECT_TRUE(
      contains(refusal([&] { require_comparable(mixed, results({row})); }), "driver is 590.1 in b.csv"));
}

TEST(CompareContext, AnotherSchemaVersionIsRefusedEvenOnBothSides) {
  std::vector<Result> newer = results({row});
  newer[0].settings[0] = "999";
  for (const auto& base : {results({row}), newer}) {
    const std::string said = refusal([&] { require_comparable(base, newer); });
    EXPECT_TRUE(contains(said, "schema_version is 999 in a.csv: line 2"));
    EXPECT_TRUE(contains(said, "measure it again"));
  }
}

}  // namespace
}  // namespace daa::bench
