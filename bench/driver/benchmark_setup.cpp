#include "driver/benchmark_setup.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <span>
#include <sstream>
#include <stdexcept>

#include "report/text.hpp"

namespace daa::bench {

namespace {

// A campaign registers what it runs, how often and in which order, and writes the JSON itself. Versions of
// Google Benchmark that do not know one of these ignore it.
constexpr const char* own_args[]{
    "--benchmark_enable_random_interleaving=false",
    "--benchmark_filter=.",
    "--benchmark_list_tests=false",
    "--benchmark_dry_run=false",
    "--benchmark_min_warmup_time=0",
    "--benchmark_out=",
    "--benchmark_format=console",
    "--benchmark_out_format=json",
    "--benchmark_color=auto",
    "--benchmark_time_unit=us",
};

// As Google Benchmark reads them; anything else is true.
constexpr std::string_view false_values[]{"false", "0", "no", "off", "f", "n"};

// Google Benchmark keeps a pointer to it.
char program[] = "daa-bench";

// Google Benchmark calls it before it ends the process over a flag's value.
void refuse_to_exit() {
  throw std::invalid_argument("Google Benchmark takes no such value");
}

// Takes what is written to std::cerr.
class CapturedErrors {
 public:
  CapturedErrors() : previous_(std::cerr.rdbuf(text_.rdbuf())) {}
  ~CapturedErrors() { std::cerr.rdbuf(previous_); }
  CapturedErrors(const CapturedErrors&) = delete;
  CapturedErrors& operator=(const CapturedErrors&) = delete;

  /// The first line that contains `part`, or nothing.
  [[nodiscard]] std::string line_with(std::string_view part) const {
    std::istringstream lines{text_.str()};
    for (std::string line; std::getline(lines, line);) {
      if (line.find(part) != line.npos) return line;
    }
    return {};
  }

 private:
  std::ostringstream text_;
  std::streambuf* previous_;
};

}  // namespace

bool asks_for_aggregates_only(const std::vector<std::string>& args) {
  bool result = false;
  for (const std::string_view arg : args) {
    const std::string_view name = arg.substr(0, arg.find('='));
    if (name != "--benchmark_report_aggregates_only" && name != "--benchmark_display_aggregates_only")
      continue;
    const std::string_view value = arg.substr(std::min(name.size() + 1, arg.size()));
    result = std::ranges::find(false_values, value) == std::end(false_values);
  }
  return result;
}

std::optional<std::string> set_up_benchmark(const std::vector<std::string>& args) {
  std::vector<std::string> all(std::begin(own_args), std::end(own_args));
  all.insert(all.end(), args.begin(), args.end());
  std::vector<char*> argv{program};
  for (std::string& arg : all) argv.push_back(arg.data());
  auto argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);

  const CapturedErrors errors;
  try {
    benchmark::Initialize(&argc, argv.data(), refuse_to_exit);
  } catch (const std::invalid_argument& error) {
    return one_line(fmt::format("-- {}: {}", excerpt(fmt::format("{}", fmt::join(args, " "))), error.what()));
  }
  for (const std::string_view left : std::span{argv}.subspan(1, static_cast<std::size_t>(argc - 1))) {
    if (std::ranges::find(args, left) == args.end()) continue;
    const std::string why = errors.line_with(left.substr(0, left.find('=')));
    return one_line(
        fmt::format("-- {}: {}", excerpt(left), why.empty() ? "unknown to Google Benchmark" : excerpt(why)));
  }
  return std::nullopt;
}

}  // namespace daa::bench
