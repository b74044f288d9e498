// A text as a whole, to a file or to standard output.
#pragma once

#include <string>

namespace daa::bench {

/// Replaces the file by `text`; "-" is standard output, which is flushed. Throws std::system_error with the
/// path in it.
void write_text(const std::string& path, const std::string& text);

}  // namespace daa::bench
