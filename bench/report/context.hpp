// Gathers what a result must be read with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "report/row.hpp"

namespace daa::bench {

/// Of the current device, at this moment. `device_kind` is "cuda" or "host". Throws daa::CudaError if the
/// device cannot be asked its name; everything else that cannot be had is left "unknown".
[[nodiscard]] Context current_context(std::string_view device_kind);

/// The driver's version in the text of /proc/driver/nvidia/version: "580.159.04".
[[nodiscard]] std::optional<std::string> parse_driver_version(std::string_view text);

}  // namespace daa::bench
