// Flags that say where results go and what they are compared with.
#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/flags.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// Of a run. In the end the path of an output is "-" for standard output by any of its names, and empty for
/// none. `config` outlives `flags`, as below.
void add_result_flags(CLI::App& app, Flags& flags, RunConfig& config);

/// Of a comparison: how much slower is a regression, and where the verdicts go.
void add_compare_flags(CLI::App& app, Flags& flags, CompareConfig& config);

/// A file that is read, or a folder whose *.csv are.
struct InputFile {
  std::string read_by;  // as messages name it
  std::string path;
};

/// Refuses two outputs that are one file, or both standard output, and an output that is read.
void refuse_shared_files(const Flags& flags, const std::vector<const OutputFile*>& outputs,
                         std::span<const InputFile> inputs);

}  // namespace daa::bench
