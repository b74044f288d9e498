// The device of a run, and the program that fits it.
#pragma once

#include <cstddef>
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

/// How many devices the runtime shows; 0 if it cannot be used.
[[nodiscard]] std::size_t device_count();

/// Of the current device: the same text for the same device, whatever number it has in a process.
[[nodiscard]] std::string device_identity();

/// Replaces this process by daa-bench-host, which lies beside this program, with the same arguments; a
/// program with MPI by daa-bench-mpi-host. Returns only if that is impossible, with the reason.
[[nodiscard]] std::string become_host_program(char** argv);

/// The path of the program with MPI that lies beside this one: daa-bench-mpi, or daa-bench-mpi-host.
[[nodiscard]] std::string program_with_mpi();

}  // namespace daa::bench
