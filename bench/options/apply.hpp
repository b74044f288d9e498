// What the value of each flag means. Each function is the `apply` of the flag of its name.
#pragma once

#include <vector>

#include "options.hpp"
#include "options/given.hpp"

namespace daa::bench {

void apply_workload(Options& options, const std::vector<Given>& values);
void apply_allocator(Options& options, const std::vector<Given>& values);
/// After apply_allocator(): refuses what is not measured.
void apply_against(Options& options, const std::vector<Given>& values);
/// After apply_workload(): refuses sizes below what a workload needs.
void apply_elements(Options& options, const std::vector<Given>& values);
void apply_sync(Options& options, const std::vector<Given>& values);
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

}  // namespace daa::bench
