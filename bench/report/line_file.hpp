// A file that is written a line at a time, or several, so that whatever ends the program leaves whole lines.
#pragma once

#include <string>
#include <string_view>

namespace daa::bench {

/// Errors of the file system are std::system_error with the path in it.
class LineFile {
 public:
  /// Replaces the file by an empty one. "-" is standard output.
  explicit LineFile(std::string path);
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// Writes whole lines, with their ends. If they could not be written whole, what was written of them is
  /// taken back, where the file is one that can be cut.
  void write(std::string_view lines);

 private:
  std::string path_;
  int file_;
};

}  // namespace daa::bench
