// What the tests need to know of the ranks: each program has its own.
#pragma once

#include <memory>
#include <string>

#include "ranks/transport.hpp"

namespace daa::test {

/// Makes this rank's device current. Why that cannot be, in any of the ranks; empty if it can. All ranks call
/// it.
[[nodiscard]] std::string why_no_ranks();

/// Between all ranks, which call it at the same time.
[[nodiscard]] std::unique_ptr<bench::Transport> make_transport();

/// Fails the test if the runtime has found a misuse in this rank.
void expect_no_misuse();

}  // namespace daa::test
