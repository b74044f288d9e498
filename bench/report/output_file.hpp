// Files that are written, and standard output.
#pragma once

#include <string>
#include <string_view>

namespace daa::bench {

/// A file that is written in whole lines, so that whatever ends the program leaves whole lines behind. Errors
/// of the file system are std::system_error with the path in it.
class LineFile {
 public:
  /// Replaces the file by an empty one. "-" is standard output.
  explicit LineFile(std::string path);
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// Writes lines with their ends. If they cannot be written completely, what was written of them is removed
  /// again, where the file can be truncated.
  void write(std::string_view lines);

 private:
  std::string path_;
  int file_;
};

/// Replaces the file by `text`; "-" is standard output. Throws std::system_error with the path in it.
void write_text(const std::string& path, std::string_view text);

}  // namespace daa::bench
