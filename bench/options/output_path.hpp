// Files that a run will write.
#pragma once

#include <string>

#include "options/given.hpp"

namespace daa::bench {

/// The path that `given` names, after refuse_unwritable(): "-" for standard output by either of its names,
/// nothing for "none".
[[nodiscard]] std::string parse_output_path(const Given& given);

/// Refuses a path that could not be written, without touching it: neither an existing file's content nor the
/// directory changes. "-" is standard output.
void refuse_unwritable(const Given& given);

/// Whether both paths are one file, or both standard output; a path may name no file yet.
[[nodiscard]] bool same_output(const std::string& a, const std::string& b);

}  // namespace daa::bench
