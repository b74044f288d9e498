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
/// After apply_allocator(): refuses what is not measured.
void apply_against(Options& options, const std::vector<Given>& values);
/// After apply_workload(): refuses sizes below what a workload needs.
void apply_elements(Options& options, const std::vector<Given>& values);
void apply_sync(Options& options, const std::vector<Given>& values);
void apply_state(Options& options, const std::vector<Given>& values);
/// After apply_workload() and apply_state(), as the three below: refuses what cannot be together.
void apply_graph(Options& options, const std::vector<Given>& values);
void apply_threads(Options& options, const std::vector<Given>& values);
/// After apply_threads().
void apply_streams(Options& options, const std::vector<Given>& values);
/// After apply_elements().
void apply_allocs_per_phase(Options& options, const std::vector<Given>& values);
void apply_flush_l2(Options& options, const std::vector<Given>& values);
void apply_count_calls(Options& options, const std::vector<Given>& values);
/// After apply_allocator() and apply_profile().
void apply_aa(Options& options, const std::vector<Given>& values);
void apply_device(Options& options, const std::vector<Given>& values);
void apply_iters(Options& options, const std::vector<Given>& values);
void apply_warmup(Options& options, const std::vector<Given>& values);
/// After apply_against() and apply_profile(): refuses what cannot be judged.
void apply_max_noise(Options& options, const std::vector<Given>& values);
/// After apply_max_noise(): refuses too few to judge noise.
void apply_repetitions(Options& options, const std::vector<Given>& values);
void apply_timeout(Options& options, const std::vector<Given>& values);
void apply_seed(Options& options, const std::vector<Given>& values);
void apply_profile(Options& options, const std::vector<Given>& values);
void apply_csv(Options& options, const std::vector<Given>& values);
/// After apply_csv(): refuses the same file.
void apply_json(Options& options, const std::vector<Given>& values);
/// After apply_json(): refuses the same file.
void apply_jsonl(Options& options, const std::vector<Given>& values);

/// Numbers of allocations for workloads that can be cut, where none were given; after apply_elements().
void add_default_sweep(Options& options);

/// "true", "false", "1" or "0", as a flag without a value on the command line has in the environment and in a
/// config file.
[[nodiscard]] bool parse_switch(const Given& given);

inline constexpr std::string_view replay_name = "replay";

/// Refuses `given`, which means something to replays only, unless one was asked for.
void refuse_without_replay(const Options& options, const Given& given);

}  // namespace daa::bench
