// Which results may be compared.

#include "compare/context.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "gate_rows.hpp"
#include "text_match.hpp"

namespace daa::bench {
namespace {

const Row row = measured("arena", {1, 2, 3});

std::string difference(const Row& base, const Context& base_context, const Row& head,
                       const Context& context) {
  const auto found =
      find_difference(results({base}, base_context, "base.csv"), results({head}, context, "head.csv"));
  return found.value_or("");
}

struct Change {
  std::string column;
  std::function<void(Context&)> apply;
  bool of_gpu = true;
};

const Change of_device[]{
    {"device", [](Context& c) { c.device = "NVIDIA H100"; }},
    {"driver", [](Context& c) { c.driver = "590.1"; }},
    {"toolkit", [](Context& c) { c.toolkit = "13.1"; }},
    {"cpu", [](Context& c) { c.cpu = "Another"; }},
    {"sm_clock_mhz", [](Context& c) { c.sm_clock_mhz = 1; }},
    {"memory_clock_mhz", [](Context& c) { c.memory_clock_mhz = 1; }},
};

TEST(ComparisonContext, TheSameMayBeComparedWhoeverBuiltItAndWhenever) {
  Context other = a_context();
  other.commit = "another";
  other.compiler = "another";
  other.time = "another";
  other.daa_version = "9.9.9";
  EXPECT_EQ(difference(row, a_context(), row, other), "");
}

TEST(ComparisonContext, AnotherDeviceOrDriverIsRefusedWithBothPlacesAndTheRemedy) {
  for (const Change& change : of_device) {
    Context other = a_context();
    change.apply(other);
    const std::string said = difference(row, a_context(), row, other);
    for (const std::string& part : {change.column + " is ", std::string{" at head.csv: line 2, but "},
                                    std::string{" at base.csv: line 2"}, std::string{"--ignore-context"}})
      EXPECT_TRUE(contains(said, part));
  }
  EXPECT_TRUE(
      contains(difference(row, a_context("host"), row, a_context()), "device_kind is cuda at head.csv"));
}

TEST(ComparisonContext, CountersOfTheHostRuntimeAreTheSameOnEveryMachine) {
  for (const Change& change : of_device) {
    Context other = a_context("host");
    change.apply(other);
    EXPECT_EQ(difference(row, a_context("host"), row, other), "") << change.column;
  }
}

TEST(ComparisonContext, ACaseMeasuredOtherwiseIsRefused) {
  for (const std::string kind : {"cuda", "host"}) {
    const std::pair<std::string, std::function<void(Row&)>> changes[]{
        {"seed", [](Row& r) { r.seed = 1; }},
        {"iters", [](Row& r) { r.iters = 1; }},
        {"warmup", [](Row& r) { r.warmup = 1; }},
        {"phases_per_sample", [](Row& r) { r.phases_per_sample = 7; }},
        {"profiler", [](Row& r) { r.mode.profiler = "nsys"; }},
    };
    for (const auto& [column, apply] : changes) {
      Row other = row;
      apply(other);
      EXPECT_TRUE(contains(difference(row, a_context(kind), other, a_context(kind)), column + " is "));
      other.elements = 5;  // another case
      EXPECT_EQ(difference(row, a_context(kind), other, a_context(kind)), "");
    }
  }
}

TEST(ComparisonContext, RepetitionsAndAPlantedDelayMayDiffer) {
  Row other = measured("arena", {1, 2});
  other.planted_delay = "0.05";
  EXPECT_EQ(difference(row, a_context(), other, a_context()), "");
}

TEST(ComparisonContext, RowsOfOneSideMustAgreeAmongThemselves) {
  std::vector<ResultRow> mixed = results({row});
  Context other = a_context();
  other.driver = "590.1";
  mixed.push_back(results({row}, other, "b.csv").at(0));
  EXPECT_TRUE(contains(find_difference(mixed, results({row})).value_or(""), "driver is 590.1 at b.csv"));
}

TEST(ComparisonContext, AnotherVersionOfTheColumnsIsRefused) {
  std::vector<ResultRow> newer = results({row});
  newer[0].schema_version = "999";
  const std::string said = find_difference(results({row}), newer).value_or("");
  EXPECT_TRUE(contains(said, "schema_version is 999 at a.csv: line 2, but this daa-bench writes and reads"));
  EXPECT_TRUE(find_difference(newer, newer));
}

}  // namespace
}  // namespace daa::bench
