#include "driver/modes.hpp"

#include <fmt/format.h>

namespace daa::bench {

std::vector<Mode> modes_of(const Options& options) {
  const std::vector<SyncMode> cold_sync{SyncMode::phase};
  std::vector<Mode> modes;
  for (const State state : options.states) {
    for (const SyncMode sync : state == State::cold ? cold_sync : options.sync_modes) {
      const Mode mode{sync, state, options.graph};
      for (const std::size_t threads : options.threads)
        modes.push_back({sync, state, options.graph, threads, threads, true});
      for (const std::size_t streams : options.streams)
        modes.push_back({sync, state, options.graph, 1, streams, true});
      if (options.threads.empty() && options.streams.empty()) modes.push_back(mode);
    }
  }
  return modes;
}

std::string label_of(const Mode& mode, bool flush_l2) {
  std::string label = fmt::format("sync:{}", to_string(mode.sync));
  if (mode.state != State::steady) label += fmt::format("/state:{}", to_string(mode.state));
  if (mode.graph) label += "/graph";
  if (mode.lanes)
    label += mode.threads == mode.streams ? fmt::format("/threads:{}", mode.threads)
                                          : fmt::format("/streams:{}", mode.streams);
  if (flush_l2) label += "/flush_l2";
  return label;
}

}  // namespace daa::bench
