// The table of a replay, that a person reads.
#pragma once

#include <span>
#include <string>

#include "report/row.hpp"

namespace daa::bench {

/// As format_block(), for rows of one trace and sync mode.
[[nodiscard]] std::string format_replay_block(std::span<const Row> rows);

}  // namespace daa::bench
