// On which device, and in which of the two programs, a run takes place.
#pragma once

#include <optional>
#include <string>

#include "options.hpp"

namespace daa::bench {

/// Makes the device that `options` ask for the current one, if this program can use it. Returns why it
/// cannot, in a few words, or nothing.
[[nodiscard]] std::optional<std::string> select_device(const Options& options);

/// Replaces this process by daa-bench-host, which lies beside this program, with the same arguments. Returns
/// only if that is impossible, with the reason.
[[nodiscard]] std::string become_host_program(char** argv);

}  // namespace daa::bench
