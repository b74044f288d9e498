#include "options/output_path.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "report/text.hpp"

namespace daa::bench {
namespace {

namespace fs = std::filesystem;

/// Why the effective user may not do `mode` (W_OK, X_OK) with `path`; success if nothing forbids it.
std::error_code access_error(const fs::path& path, int mode) {
  if (::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0) return {};
  return {errno, std::generic_category()};
}

}  // namespace

std::string parse_output_path(const Given& given) {
  if (given.value == "none") return {};
  if (given.value == "/dev/stdout") return "-";
  refuse_unwritable(given);
  return given.value;
}

void refuse_unwritable(const Given& given) {
  if (given.value == "-") return;
  const fs::path path{given.value};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status) || !path.has_filename()) refuse_value(given, "is a directory; name a file");
  if (fs::exists(status)) {
    error = access_error(path, W_OK);
    if (error) refuse_value(given, fmt::format("cannot be written: {}", error.message()));
    return;
  }
  if (status.type() != fs::file_type::not_found)
    refuse_value(given, fmt::format("cannot be written: {}", error.message()));

  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path{"."};
  if (!fs::is_directory(directory, error))
    refuse_value(given, fmt::format("there is no directory {} to write it in", excerpt(directory.native())));
  error = access_error(directory, W_OK | X_OK);
  if (error)
    refuse_value(given,
                 fmt::format("no file can be made in {}: {}", excerpt(directory.native()), error.message()));
}

bool same_output(const std::string& a, const std::string& b) {
  if (a == "-" || b == "-") return a == b;
  std::error_code error;
  // Absolute first: weakly_canonical() leaves a relative path of which nothing exists relative.
  const fs::path path_a = fs::weakly_canonical(fs::absolute(a), error);
  const fs::path path_b = fs::weakly_canonical(fs::absolute(b), error);
  return path_a == path_b || fs::equivalent(a, b, error);
}

}  // namespace daa::bench
