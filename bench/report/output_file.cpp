#include "report/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace daa::bench {
namespace {

/// For messages.
std::string name_of(const std::string& path) {
  return path == "-" ? "standard output" : path;
}

int open_for_writing(const std::string& path) {
  const int file = path == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                               : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) throw std::system_error(errno, std::generic_category(), name_of(path));
  return file;
}

}  // namespace

LineFile::LineFile(std::string path) : path_{std::move(path)}, file_{open_for_writing(path_)} {}

LineFile::~LineFile() {
  ::close(file_);
}

void LineFile::write(std::string_view lines) {
  std::size_t written = 0;
  while (written < lines.size()) {
    const ssize_t count = ::write(file_, lines.data() + written, lines.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      const int error = errno;
      const off_t end = ::lseek(file_, 0, SEEK_CUR);  // -1 for pipes and terminals
      const bool is_cut = end >= 0 && ::ftruncate(file_, end - static_cast<off_t>(written)) == 0;
      static_cast<void>(is_cut);  // if not, the error still reports that the file is incomplete
      throw std::system_error(error, std::generic_category(), name_of(path_));
    }
  }
}

void write_text(const std::string& path, std::string_view text) {
  LineFile{path}.write(text);
}

}  // namespace daa::bench
