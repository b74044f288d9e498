// What one allocator did in one case: its trials, and the row made of them.
#pragma once

#include <cuda_runtime_api.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daa/error.hpp"
#include "device/sm_clock.hpp"
#include "measure/captured_phase.hpp"
#include "measure/stop_condition.hpp"
#include "measure/trial.hpp"
#include "report/row.hpp"
#include "stats/quantile.hpp"

namespace daa::bench {

/// The samples of one trial, nanoseconds a phase (of an operation in `operation`).
struct TrialSamples {
  std::vector<double> host_enqueue, device, end_to_end, operation;
  ClockReading clock;  // of the device during the trial
  TrialFindings findings;
  // Of several ranks:
  std::vector<double> imbalance = {};       // of each sample end to end: slowest rank over their mean
  std::vector<double> alone = {};           // end to end, of the first rank while others did nothing
  std::vector<TrialSamples> of_ranks = {};  // each rank's own, where they are kept
};

struct Series {
  const AllocatorInfo* allocator = nullptr;
  std::string label;
  Status status = Status::ok;
  std::string message;
  std::vector<TrialSamples> trials;   // complete ones: one for each repetition
  Recording recording;                // of several ranks: the greatest of each figure
  std::vector<Recording> recordings;  // of each of several ranks
  std::size_t reserved_bytes = 0;     // of a replay: most while it was checked
  std::size_t pool_mapped_bytes = 0;

  /// Takes over what a check has found.
  void note(const TrialFindings& findings);
};

/// A series for each allocator, labelled with its name, and ":2" and up where one is named again.
[[nodiscard]] std::vector<Series> make_series(const std::vector<const AllocatorInfo*>& allocators);

/// Runs `action` and returns whether it came to its end; if it threw, the series' status says how, except
/// for Stopped. Errors that the CUDA runtime remembers of the failure, and of destructors after it, are
/// cleared.
template <class Action>
bool attempt(Series& series, Action action) {
  const auto fail = [&](Status status, const char* message) {
    series.status = status;
    series.message = message;
    static_cast<void>(cudaGetLastError());
    return false;
  };
  try {
    action();
    return true;
  } catch (const Stopped&) {
    return false;
  } catch (const OutOfDeviceMemory& error) {
    return fail(Status::out_of_memory, error.what());
  } catch (const CudaError& error) {
    const bool out_of_memory = error.code() == cudaErrorMemoryAllocation;
    return fail(out_of_memory ? Status::out_of_memory : Status::failed, error.what());
  } catch (const NotCapturable& error) {
    return fail(Status::unsupported, error.what());
  } catch (const std::exception& error) {
    return fail(Status::failed, error.what());
  } catch (...) {
    return fail(Status::failed, "threw something that is not a std::exception");
  }
}

/// The samples of one clock, trial by trial. Those of trials on a throttled device are left out (an empty
/// vector in their place), unless all were: `least_mhz` is the rate below which the device was throttled.
[[nodiscard]] Repetitions samples_of(const Series& series, std::vector<double> TrialSamples::*clock,
                                     std::optional<double> least_mhz);

/// The rate below which the device was throttled in the trials of a case. Other workloads may run at other
/// rates, depending on the power that they draw.
[[nodiscard]] std::optional<double> least_rate_of(const std::vector<Series>& group);

/// Whether half the confidence interval of each allocator's end-to-end ratio to the one labelled `against` is
/// within `max_noise` of the ratio, each over min_repetitions_for_noise pairs at least. Allocators that have
/// failed do not count, except for that one: without it no ratio is known.
[[nodiscard]] bool is_precise(const std::vector<Series>& group, std::string_view against, double max_noise);

/// The allocators for which that is not so, and how well their ratios are known: "arena 3.1 % of 15
/// repetitions, cub-caching 12 % of 15 repetitions". Empty if it is so for all, and if the one labelled
/// `against` has failed.
[[nodiscard]] std::string describe_noise(const std::vector<Series>& group, std::string_view against,
                                         double max_noise);

/// Fills in what a row takes from the series `of` its group. Ratios refer to the lower bound and to the
/// allocator labelled `against`, where these were measured.
void fill(Row& row, const Series& of, const std::vector<Series>& group, std::string_view against);

}  // namespace daa::bench
