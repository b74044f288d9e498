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
    "--benchmark_enable_random_interleaving=true",
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
