// The ways to run a problem.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "options.hpp"

namespace daa::bench {

struct Mode {
  SyncMode sync = SyncMode::end;
  State state = State::steady;
  bool graph = false;
  std::size_t threads = 1;
  std::size_t streams = 1;
  bool lanes = false;  // threads or streams were asked for, be it one
};

/// All that the options ask for, in the order in which they are run. A cold phase is synchronised after it in
/// any case: there is one cold mode, of SyncMode::phase, whatever the options' sync modes.
[[nodiscard]] std::vector<Mode> modes_of(const Options& options);

/// "sync:end/state:cold", as part of a benchmark's name: what is not the default is there, and `sync`.
[[nodiscard]] std::string label_of(const Mode& mode, bool flush_l2);

}  // namespace daa::bench
