// What the parts of a campaign share: when it is over, and what has come of it so far.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clocks/throttling.hpp"
#include "driver/campaign.hpp"
#include "driver/interrupt.hpp"
#include "driver/json_reporter.hpp"
#include "driver/series.hpp"
#include "workloads/random.hpp"

namespace daa::bench {

class CampaignRun {
 public:
  /// Borrows all three. The time that Options::timeout_s gives begins now.
  CampaignRun(const Options& options, const Listener& listener, const Instruments& instruments);

  /// No turn is begun any more.
  [[nodiscard]] bool is_over() const;
  /// What a turn that is not begun therefore says.
  [[nodiscard]] std::string why_over() const { return interrupted() ? "interrupted" : "the time was up"; }

  /// After the rounds of a group: if they ended too early for one, they did for all that have not failed,
  /// since what is not compared in the same rounds is not compared.
  template <class SomeSeries>
  void close_group(std::vector<SomeSeries>& group) const {
    const bool is_whole = std::ranges::all_of(
        group, [&](const SomeSeries& series) { return series.is_finished(options.repetitions); });
    for (SomeSeries& series : group) series.is_cut_short = !is_whole && is_over();
  }

  /// Notes those of a group that have no row. `name_of` gives the full name of one.
  template <class SomeSeries, class NameOf>
  void note_missing(const std::vector<SomeSeries>& group, NameOf name_of) {
    for (const SomeSeries& series : group) {
      if (series.is_finished(options.repetitions)) continue;
      if (end.missing++ == 0) end.first_missing = name_of(series);
    }
  }

  /// Says of each repetition whether it was throttled, as far as the turns of the group so far tell: those of
  /// another workload may run at another rate, by the power that it takes.
  template <class SomeSeries>
  static void mark_throttled(std::vector<SomeSeries>& group) {
    std::vector<ClockReading> clocks;
    for (const SomeSeries& series : group)
      clocks.insert(clocks.end(), series.clocks.begin(), series.clocks.end());
    const std::optional<double> least_mhz = least_rate_mhz(clocks);
    for (SomeSeries& series : group) find_throttled(series, least_mhz);
  }

  /// For a pass that is not timed: what counts calls makes them slower, so it is there for such passes only.
  /// Null if calls are not to be counted, and if they cannot be: the first time, the listener is told why.
  [[nodiscard]] std::unique_ptr<CallCounter> make_call_counter();

  const Options& options;
  const Listener& listener;
  const Instruments& instruments;
  JsonReporter json;
  Random lots;  // for the order of turns, drawn from Options::seed
  std::size_t turns_done = 0;
  CampaignEnd end;

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<Clock::time_point> deadline_;
  bool has_noted_counter_ = false;
};

/// The series labelled `label` if it was measured, else one without samples.
template <class SomeSeries>
[[nodiscard]] SomeSeries reference_of(const std::vector<SomeSeries>& group, std::string_view label,
                                      std::size_t repetitions) {
  for (const SomeSeries& series : group)
    if (series.label == label && series.status == Status::ok && series.is_finished(repetitions))
      return series;
  return {};
}

}  // namespace daa::bench
