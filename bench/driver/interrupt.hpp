// Ctrl-C, as a question that the measuring loop can ask.
#pragma once

namespace daa::bench {

/// From now on SIGINT, SIGTERM and SIGHUP are remembered instead of ending the process; a second one ends it.
/// No system call fails for it.
void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

}  // namespace daa::bench
