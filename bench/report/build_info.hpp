// What the program was built from and with, known when it was built.
#pragma once

#include <string>
#include <string_view>

namespace daa::bench {

[[nodiscard]] std::string_view build_version();
/// "0123456789ab", with "-dirty" if the sources differ from that commit; "unknown" outside git.
[[nodiscard]] std::string_view build_commit();
/// "g++ 12.2.0, nvcc 13.0.88"
[[nodiscard]] std::string build_compilers();

}  // namespace daa::bench
