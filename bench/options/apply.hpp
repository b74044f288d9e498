// What the value of each flag means. Each function is the `apply` of the flag of its name.
#pragma once

#include <string_view>
#include <vector>

#include "options.hpp"
#include "options/given.hpp"

namespace daa::bench {

void apply_workload(Options& options, const std::vector<Given>& values);
/// After apply_workload(), as the two below: refuses what is for replays where none is asked for.
void apply_phase_rows(Options& options, const std::vector<Given>& values);
/// After apply_phase_rows(): reads the traces, and refuses what is malformed.
void apply_trace(Options& options, const std::vector<Given>& values);
void apply_min_fit(Options& options, const std::vector<Given>& values);
void apply_allocator(Options& options, const std::vector<Given>& values);
/// After apply_workload(): refuses sizes below what a workload needs.
void apply_elements(Options& options, const std::vector<Given>& values);
void apply_sync(Options& options, const std::vector<Given>& values);
void apply_device(Options& options, const std::vector<Given>& values);
void apply_iters(Options& options, const std::vector<Given>& values);
void apply_warmup(Options& options, const std::vector<Given>& values);
void apply_repetitions(Options& options, const std::vector<Given>& values);
void apply_seed(Options& options, const std::vector<Given>& values);
void apply_profile(Options& options, const std::vector<Given>& values);
void apply_csv(Options& options, const std::vector<Given>& values);
/// After apply_csv(): refuses the same file.
void apply_json(Options& options, const std::vector<Given>& values);

inline constexpr std::string_view replay_name = "replay";

/// Refuses `given`, which means something to replays only, unless one was asked for.
void refuse_without_replay(const Options& options, const Given& given);

}  // namespace daa::bench
