#pragma once

#include <string>

namespace daa::bench {

/// Registers "trace/<name>/<allocator>" for each trace in the folder. Throws as read_trace().
void register_trace_benchmarks(const std::string& folder);

}  // namespace daa::bench
