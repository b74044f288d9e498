#include "cli/result_flags.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "text.hpp"

namespace daa::bench {
namespace {

namespace fs = std::filesystem;

/// Why the effective user may not do `mode` (W_OK, X_OK) with `path`; success if nothing forbids it.
std::error_code access_error(const fs::path& path, int mode) {
  if (::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0) return {};
  return {errno, std::generic_category()};
}

void refuse_unwritable(const Flag& flag, const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status) || !path.has_filename()) flag.refuse("is a directory; name a file");
  if (fs::exists(status)) {
    error = access_error(path, W_OK);
    if (error) flag.refuse(fmt::format("cannot be written: {}", error.message()));
    return;
  }
  if (status.type() != fs::file_type::not_found)
    flag.refuse(fmt::format("cannot be written: {}", error.message()));

  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path{"."};
  if (!fs::is_directory(directory, error))
    flag.refuse(fmt::format("there is no directory {} to write it in", excerpt(directory.native())));
  error = access_error(directory, W_OK | X_OK);
  if (error)
    flag.refuse(
        fmt::format("no file can be created in {}: {}", excerpt(directory.native()), error.message()));
}

/// The file that `path` names, or will name once it is written: a symbolic link may point to none yet.
fs::path resolved(fs::path path) {
  std::error_code error;
  for (int links = 0; fs::is_symlink(path, error) && links < 40; ++links)
    path = path.parent_path() / fs::read_symlink(path, error);
  // Absolute first: weakly_canonical() leaves a relative path of which nothing exists relative.
  return fs::weakly_canonical(fs::absolute(path), error);
}

/// Whether both paths are one file, or both standard output.
bool same_file(const std::string& a, const std::string& b) {
  if (a == "-" || b == "-") return a == b;
  std::error_code error;
  return resolved(a) == resolved(b) || fs::equivalent(a, b, error);
}

bool is_read(const std::string& output, const std::string& input) {
  if (output == "-") return false;
  std::error_code error;
  if (!fs::is_directory(input, error)) return same_file(output, input);
  if (fs::path{output}.extension() == ".csv" && resolved(output).parent_path() == resolved(input))
    return true;
  for (const fs::directory_entry& entry : fs::directory_iterator{input, error})
    if (entry.path().extension() == ".csv" && same_file(output, entry.path())) return true;
  return false;
}

/// Whether standard output is redirected to the file `path`.
bool is_standard_output(const std::string& path) {
  struct stat output = {}, file = {};
  return ::fstat(STDOUT_FILENO, &output) == 0 && S_ISREG(output.st_mode) &&
         ::stat(path.c_str(), &file) == 0 && output.st_dev == file.st_dev && output.st_ino == file.st_ino;
}

/// Adds the flag of `file`, whose default is what it holds. A path that cannot be written is refused, without
/// touching it: neither an existing file's content nor the folder changes.
void add_output(CLI::App& app, Flags& flags, OutputFile& file, std::string help) {
  CLI::Option* const option = app.add_option(std::string{file.flag}, file.path);
  option->default_str(file.path.empty() ? "none" : file.path);
  flags.add(option, "FILE|-|none", std::move(help)).then([&file](const Flag& flag) {
    if (file.path == "none") file.path.clear();
    for (const std::string_view name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
      if (file.path == name) file.path = "-";
    if (file.path.empty() || file.path == "-") return;
    refuse_unwritable(flag, file.path);
    if (is_standard_output(file.path))
      flag.refuse("is where standard output goes; name another file, or '-'");
  });
}

/// Of a run with a baseline and of a comparison.
void add_verdict_flags(CLI::App& app, Flags& flags, bool& ignore_context, OutputFile& verdicts) {
  flags.add_switch("--ignore-context", ignore_context,
                   "Compares results of different devices, drivers, seeds and so on all the same.");
  add_output(app, flags, verdicts,
             "The verdict on each figure that is judged, a row each (RFC 4180), with that over\n"
             "all cases first. '-' is standard output, in\n"
             "place of the table.");
}

}  // namespace

void add_result_flags(CLI::App& app, Flags& flags, RunConfig& config) {
  flags.group("Results");
  config.csv.path = "daa-bench.csv";
  add_output(app, flags, config.csv,
             "One row for each case and allocator (RFC 4180), in whole rows even if the run is\n"
             "interrupted. Replaces the file when the run begins. '-' is standard output, in\n"
             "place of the table. --list=columns describes the columns.");
  add_output(app, flags, config.json,
             "The same measurements as JSON of Google Benchmark, for its compare.py. '-' is\n"
             "standard output, in place of the table.");

  flags.group("Regression gate");
  flags
      .add(app.add_option("--baseline", config.baseline_path), "FILE|FOLDER",
           "Compares the counters of the run with these results of --csv at its end, as BASE\n"
           "of daa-bench compare, and exits as that does. The flags below need it.")
      .then([&config](const Flag& flag) {
        if (flag.given() && config.profile)
          flag.refuse("results under --profile are not compared; leave out one of the two");
      });
  add_verdict_flags(app, flags, config.ignore_context, config.verdicts);
}

void add_compare_flags(CLI::App& app, Flags& flags, CompareConfig& config) {
  GateConfig& gate = config.gate;
  flags
      .add(app.add_option("--threshold", gate.threshold)->capture_default_str(), "FRACTION",
           "A time, as a ratio to preallocated, is a regression if it grew by more than this\n"
           "fraction (preallocated's and replays' times as they are),")
      .check(number(0, 10, "0.05"));
  flags
      .add(app.add_option("--alpha", gate.alpha)->capture_default_str(), "P",
           "... and significantly: the probability of any false alarm, over all times of a\n"
           "comparison together.")
      .check(number(1e-9, 0.5, "0.01"));
  flags
      .add(app.add_option("--visible", gate.visible)->capture_default_str(), "FRACTION",
           "The ratios of an allocator are inconclusive if growth by this fraction cannot be\n"
           "ruled out with 95 % confidence, one-sided.")
      .check(number(0, 10, "0.05"));
  add_verdict_flags(app, flags, gate.ignore_context, config.verdicts);
}

void refuse_shared_files(const Flags& flags, const std::vector<const OutputFile*>& outputs,
                         std::span<const InputFile> inputs) {
  for (auto output = outputs.begin(); output != outputs.end(); ++output) {
    const std::string& path = (*output)->path;
    if (path.empty()) continue;
    const Flag& flag = flags.at((*output)->flag.substr(2));
    for (auto other = outputs.begin(); other != output; ++other)
      if (!(*other)->path.empty() && same_file((*other)->path, path))
        flag.refuse(fmt::format("{} goes there already; name another file or none",
                                flags.at((*other)->flag.substr(2)).text()));
    for (const InputFile& input : inputs)
      if (!input.path.empty() && is_read(path, input.path))
        flag.refuse(fmt::format("is what {} reads; name another file", input.read_by));
  }
}

}  // namespace daa::bench
