// The device of a run, and the program that fits it.
#pragma once

#include <optional>
#include <string>

namespace daa::bench {

enum class DeviceKind { automatic, cuda, host };

struct DeviceChoice {
  DeviceKind kind = DeviceKind::automatic;
  int index = 0;  // for DeviceKind::cuda
};

/// The runtime that this program is linked with: cuda or host.
[[nodiscard]] DeviceKind device_kind();

/// Makes the chosen device the current one, if this program can use it. Returns why it cannot, in a few
/// words, or nothing.
[[nodiscard]] std::optional<std::string> select_device(const DeviceChoice& choice);

/// Replaces this process by daa-bench-host, which lies beside this program, with the same arguments. Returns
/// only if that is impossible, with the reason.
[[nodiscard]] std::string become_host_program(char** argv);

}  // namespace daa::bench
