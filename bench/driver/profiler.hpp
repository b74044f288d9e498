// Whether a tool looks on, which makes times longer.
#pragma once

#include <string>

namespace daa::bench {

/// "none"; "nsys", or "injected" for another tool that has put itself into this process by the variables that
/// the driver and NVTX have for it; "DAA_SANITIZER" or "DAA_CHECKED" where that variable makes arenas others;
/// "profile" where none is seen, but the run is one for a profiler.
[[nodiscard]] std::string profiler_of(bool profile);

}  // namespace daa::bench
