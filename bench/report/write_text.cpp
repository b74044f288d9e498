#include "report/write_text.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace daa::bench {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

void write(std::FILE* file, const std::string& name, const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fflush(file) != 0)
    throw std::system_error(errno, std::generic_category(), name);
}

}  // namespace

void write_text(const std::string& path, const std::string& text) {
  if (path == "-") return write(stdout, "standard output", text);
  const std::unique_ptr<std::FILE, CloseFile> file{std::fopen(path.c_str(), "wb")};
  if (!file) throw std::system_error(errno, std::generic_category(), path);
  write(file.get(), path, text);
}

}  // namespace daa::bench
