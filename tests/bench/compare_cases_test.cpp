// Verdicts on cases and counters.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "compare_rows.hpp"

namespace daa::bench {
namespace {

struct CounterChange {
  std::string column;
  void (*add)(Row& row, int by);
};

const CounterChange counters[]{
    {"allocations_per_phase", [](Row& row, int by) { row.allocations_per_phase += by; }},
    {"runtime_calls_per_phase", [](Row& row, int by) { row.calls.runtime += 0.001 * by; }},
    {"synchronisations_per_phase", [](Row& row, int by) { row.calls.synchronisations += by; }},
    {"asked_per_phase_bytes", [](Row& row, int by) { row.asked_per_phase_bytes += by; }},
    {"peak_phase_bytes", [](Row& row, int by) { row.peak_phase_bytes += static_cast<std::size_t>(by); }},
    {"reserved_bytes", [](Row& row, int by) { row.reserved_bytes += static_cast<std::size_t>(by); }},
    {"pool_mapped_bytes", [](Row& row, int by) { row.pool_mapped_bytes += static_cast<std::size_t>(by); }},
};

TEST(Comparison, OfAResultWithItselfPasses) {
  const Comparison comparison = compare_rows({measured("arena")}, {measured("arena")});
  EXPECT_EQ(exit_code(comparison), 0);
  EXPECT_EQ(comparison.cases, 1u);
  EXPECT_EQ(comparison.counters, 6u);
  EXPECT_EQ(comparison.times, Times::one_process);
  for (const Finding& finding : comparison.findings)
    EXPECT_TRUE(finding.verdict == Verdict::unchanged || finding.verdict == Verdict::not_judged)
        << finding.what;
}

TEST(Comparison, AnyIncreaseOfACounterIsARegressionAndAnyDecreaseAnImprovement) {
  ASSERT_EQ(std::size(counters), compared_columns().counters.size());
  for (const std::string kind : {"cuda", "host"})
    for (const CounterChange& counter : counters) {
      SCOPED_TRACE(kind + ' ' + counter.column);
      const Row base = measured("arena");
      Row more = base, less = base;
      counter.add(more, 1);
      counter.add(less, -1);
      const bool is_judged = kind == "host" || counter.column != "pool_mapped_bytes";
      const Comparison grown = compare_rows({base}, {more}, default_gate, run_context(kind));
      EXPECT_EQ(find(grown, counter.column).verdict, is_judged ? Verdict::regression : Verdict::not_judged);
      EXPECT_EQ(exit_code(grown), is_judged ? 1 : 0);
      const Comparison shrunk = compare_rows({base}, {less}, default_gate, run_context(kind));
      EXPECT_EQ(find(shrunk, counter.column).verdict, is_judged ? Verdict::improvement : Verdict::not_judged);
      EXPECT_EQ(exit_code(shrunk), 0);
    }
}

TEST(Comparison, ACounterThatOnlyBaseHasIsInconclusive) {
  const Row counted = measured("arena");
  Row uncounted = counted;
  uncounted.calls = {};
  const Comparison lost = compare_rows({counted}, {uncounted});
  for (const std::string_view column : {"runtime_calls_per_phase", "synchronisations_per_phase"})
    EXPECT_EQ(find(lost, column).verdict, Verdict::inconclusive);
  EXPECT_EQ(exit_code(lost), 3);
  EXPECT_EQ(exit_code(compare_rows({uncounted}, {counted})), 0);
  EXPECT_EQ(exit_code(compare_rows({uncounted}, {uncounted})), 0);
}

TEST(Comparison, ARegressionOutranksInconclusiveFindings) {
  Row counted = measured("arena"), uncounted = counted;
  uncounted.calls = {};
  EXPECT_EQ(exit_code(compare_rows({counted}, {uncounted})), 3);
  uncounted.reserved_bytes += 1;
  EXPECT_EQ(exit_code(compare_rows({counted}, {uncounted})), 1);
}

TEST(Comparison, ACaseThatHeadDoesNotHaveIsARegressionAndANewOneIsListed) {
  const Row one = measured("one"), two = measured("two");
  const Comparison less = compare_rows({one, two}, {one});
  EXPECT_EQ(exit_code(less), 1);
  EXPECT_EQ(find(less, "case").key.back(), "two");
  const Comparison more = compare_rows({one}, {one, two});
  EXPECT_EQ(exit_code(more), 0);
  EXPECT_EQ(find(more, "case").verdict, Verdict::added);
}

TEST(Comparison, ACaseThatHeadCouldNotMeasureIsARegression) {
  const Row good = measured("arena");
  Row bad = measured("arena");
  bad.status = Status::wrong_result;
  bad.message = "element 5 is 3";
  const Comparison broken = compare_rows({good}, {bad});
  EXPECT_EQ(exit_code(broken), 1);
  EXPECT_EQ(find(broken, "case").reason, "wrong_result: element 5 is 3");
  const Comparison mended = compare_rows({bad}, {good});
  EXPECT_EQ(exit_code(mended), 0);
  EXPECT_EQ(find(mended, "case").verdict, Verdict::improvement);
  EXPECT_EQ(exit_code(compare_rows({bad}, {bad})), 3) << "nothing is known of it";

  bad.status = Status::unsupported;
  EXPECT_EQ(exit_code(compare_rows({good}, {bad})), 1);
  const Comparison never = compare_rows({bad}, {bad});
  EXPECT_EQ(exit_code(never), 0) << "on both sides";
  EXPECT_EQ(find(never, "case").verdict, Verdict::not_judged);
}

TEST(Comparison, OfACounterTheGreatestOfAllProcessesCounts) {
  const std::vector<Row> rows{measured("arena")};
  std::vector<Row> more = rows;
  more[0].reserved_bytes += 1;
  std::vector<Result> head = results(rows, run_context(), "1.csv");
  std::ranges::copy(results(more, run_context(), "2.csv"), std::back_inserter(head));
  const std::vector<Result> base = results(rows);
  EXPECT_EQ(find(compare(base, head, default_gate), "reserved_bytes").verdict, Verdict::regression);
  EXPECT_EQ(find(compare(head, base, default_gate), "reserved_bytes").verdict, Verdict::improvement);
}

TEST(Comparison, ACaseThatFailedInOneProcessFailed) {
  Row failed = measured("arena");
  failed.status = Status::failed;
  const std::vector<Result> base = results({measured("arena")}, run_context(), "1.csv");
  std::vector<Result> head = base;
  std::ranges::copy(results({failed}, run_context(), "2.csv"), std::back_inserter(head));
  EXPECT_EQ(exit_code(compare(base, head, default_gate)), 1);
}

TEST(Comparison, AReplayIsACaseLikeAnyOther) {
  const std::vector<Row> base{replayed("arena")};
  const Comparison same = compare_rows(base, base);
  EXPECT_EQ(exit_code(same), 0);
  EXPECT_EQ(same.cases, 1u);
  EXPECT_EQ(same.counters, 6u);
}

TEST(Comparison, EachKeyColumnTellsCasesApart) {
  const Row plain = measured("arena");
  std::vector<Row> rows(8, plain);
  rows[1].allocs_per_phase = 16;
  rows[2].configuration.sync = SyncMode::phase;
  rows[3].configuration.mode = Mode::cold;
  rows[4].configuration.mode = Mode::graph;
  rows[5].configuration.flush_l2 = true;
  rows[6].configuration.streams = 2;
  rows[7].configuration.threads = 2;
  EXPECT_EQ(compare_rows(rows, rows).cases, rows.size());
}

TEST(Comparison, ThreeHundredRegressionsStillExitWithOne) {
  std::vector<Row> base, head;
  for (int i = 0; i < 300; ++i) {
    base.push_back(measured("case " + std::to_string(i)));
    head.push_back(base.back());
    head.back().reserved_bytes += 1;
  }
  const Comparison comparison = compare_rows(base, head);
  EXPECT_EQ(comparison.count(Verdict::regression), 300u);
  EXPECT_EQ(exit_code(comparison), 1);
}

}  // namespace
}  // namespace daa::bench
