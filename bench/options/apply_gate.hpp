// What the values of the regression gate's flags mean.
#pragma once

#include <string>
#include <vector>

#include "options.hpp"
#include "options/command_line.hpp"
#include "options/given.hpp"

namespace daa::bench {

/// After apply_csv(), apply_json() and apply_profile(): refuses what the run would write over, and a profile.
void apply_baseline(Options& options, const std::vector<Given>& values);
void apply_threshold(Options& options, const std::vector<Given>& values);
void apply_absolute_ns(Options& options, const std::vector<Given>& values);
void apply_alpha(Options& options, const std::vector<Given>& values);
void apply_visible(Options& options, const std::vector<Given>& values);
void apply_ignore_context(Options& options, const std::vector<Given>& values);
/// Refuses a file that is written already.
void apply_verdicts(Options& options, const std::vector<Given>& values);
void apply_plant_delay(Options& options, const std::vector<Given>& values);

/// Throws CLI::RequiresError where the command line has a flag of the gate, but nobody gave a baseline.
void refuse_gate_flags_without_baseline(const RawOptions& raw);

}  // namespace daa::bench
