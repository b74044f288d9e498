// Flags that say what a run measures, and how: name, check, help and effect of one stand together.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "cli/flags.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// A RunConfig, and what flags say on the way to it.
struct RunDraft {
  RunConfig config;
  std::vector<std::string> workloads{"all"}, traces{"all"}, allocators{"all"};
  std::vector<std::string> variations{"none"};
  bool replay = false;  // among the workloads
  bool graph = false;
  std::string config_path;
};

/// Both outlive `flags`. Once the effects are run, `run.config` is complete.
void add_run_flags(CLI::App& app, Flags& flags, RunDraft& run);

/// "replay", which stands beside the workloads.
inline constexpr std::string_view replay_name = "replay";

}  // namespace daa::bench
