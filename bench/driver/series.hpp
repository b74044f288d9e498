// An allocator's place in a group that is measured together: its turns and what came of them.
#pragma once

#include <benchmark/benchmark.h>

#include <optional>
#include <string>
#include <vector>

#include "clocks/sm_clock.hpp"
#include "daa/error.hpp"
#include "driver/captured_phase.hpp"
#include "driver/counted_allocator.hpp"
#include "driver/statistics.hpp"
#include "driver/turn.hpp"
#include "report/row.hpp"

namespace daa::bench {

struct Series {
  const AllocatorInfo* allocator = nullptr;
  std::string label;
  Status status = Status::ok;
  std::string message;
  Repetitions host_enqueue, device, end_to_end;
  std::vector<LaneTimes> lanes;              // of each repetition
  std::optional<double> graph_memory_nodes;  // of the last
  std::vector<ClockReading> clocks;          // of the device, in each repetition
  std::vector<bool> throttled;  // whether the device was, likewise; known when all turns are over
  bool is_settled = false;      // it takes no more turns, and those that it took are reported
  bool is_cut_short = false;    // the rounds of its group ended early, and it has no row
  PassCounts counts;

  /// Whether nothing is left to be reported later.
  [[nodiscard]] bool is_finished(std::size_t repetitions) const {
    return status != Status::ok || is_settled || (!is_cut_short && end_to_end.size() == repetitions);
  }
};

/// Runs `action` and returns whether it succeeded; if it threw, the series' status says how. What the CUDA
/// runtime keeps of the failure (and of destructors after it) is not left to who asks it for errors next.
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
    return fail(Status::failed, "threw what is no std::exception");
  }
}

void note_error(Series& series, const std::optional<std::string>& error);

/// The labels of the allocators: their names, and ":2" and up where one is named again.
[[nodiscard]] std::vector<std::string> labels_of(const std::vector<const AllocatorInfo*>& allocators);

/// Nobody but the user may leave turns out.
void fail_if_unfinished(Series& series, std::size_t repetitions);

/// Skips a turn for the reason in `why`. Also runs its empty loop: Google Benchmark aborts the process if one
/// repetition of several has begun no loop.
void skip(benchmark::State& state, const std::string& why);

/// One of the times of each turn that has it.
[[nodiscard]] std::vector<double> times_of(const std::vector<LaneTimes>& turns,
                                           std::optional<double> LaneTimes::*time);

/// Says of each repetition whether it was throttled, given the rate below which it was.
void find_throttled(Series& series, std::optional<double> least_mhz);

/// Those of `samples`, a clock's of the series, of repetitions that were not throttled, the others empty; of
/// all, if all were.
[[nodiscard]] Repetitions undisturbed(const Series& series, Repetitions samples);

/// What a row has of its series. `floor` and `against` are those series of its group that ratios refer to, or
/// empty.
void fill(Row& row, const Series& series, const Series& floor, const Series& against);

}  // namespace daa::bench
