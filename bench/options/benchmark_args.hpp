// What follows "--" on the command line.
#pragma once

#include <string>
#include <vector>

namespace daa::bench {

/// Throws CLI::ExtrasError for what cannot be handed to Google Benchmark: flags whose work daa-bench does
/// itself, and what is none of its flags.
void refuse_benchmark_args(const std::vector<std::string>& args);

}  // namespace daa::bench
