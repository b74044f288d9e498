#include "options.hpp"

#include <fmt/format.h>

#include <CLI/Error.hpp>
#include <algorithm>
#include <ostream>
#include <random>

#include "options/apply.hpp"
#include "options/apply_gate.hpp"
#include "options/benchmark_args.hpp"
#include "options/command_line.hpp"
#include "options/commands.hpp"
#include "options/flags.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Options applied(const RawOptions& raw) {
  Options options;
  options.seed = random_seed();
  for (std::size_t i = 0; i < flags().size(); ++i)
    if (flags()[i].apply != nullptr && !raw.values[i].empty()) flags()[i].apply(options, raw.values[i]);
  add_default_sweep(options);
  return options;
}

}  // namespace

std::string_view to_string(SyncMode mode) {
  return mode == SyncMode::end ? "end" : "phase";
}

std::string_view to_string(State state) {
  return state == State::steady ? "steady" : "cold";
}

ParseResult parse_options(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  try {
    RawOptions raw = read_raw_options(run_command(), argc, argv);
    if (raw.answer) {
      out << *raw.answer;
      return {};
    }
    refuse_gate_flags_without_baseline(raw);
    Options options = applied(raw);
    refuse_benchmark_args(raw.benchmark_args);
    options.benchmark_args = std::move(raw.benchmark_args);
    return {std::move(options), 0};
  } catch (const CLI::Error& error) {
    err << "daa-bench: " << one_line(error.what()) << '\n';
    return {std::nullopt, error.get_exit_code()};
  }
}

bool asks_to_compare(int argc, const char* const* argv) {
  return argc > 1 && argv[1] == compare_command().name;
}

CompareParseResult parse_compare_options(int argc, const char* const* argv, std::ostream& out,
                                         std::ostream& err) {
  try {
    const RawOptions raw = read_raw_options(compare_command(), argc, argv);
    if (raw.answer) {
      out << *raw.answer;
      return {};
    }
    const Options options = applied(raw);
    for (const std::string& argument : raw.arguments) refuse_verdicts_over(argument, options);
    return {CompareOptions{raw.arguments[0], raw.arguments[1], options.verdicts_path, options.gate}, 0};
  } catch (const CLI::Error& error) {
    err << "daa-bench: " << one_line(error.what()) << '\n';
    return {std::nullopt, error.get_exit_code()};
  }
}

std::optional<std::string> find_oversized(const Options& options, std::size_t total_bytes) {
  std::size_t streams = 0;
  for (const std::vector<std::size_t>* const counts : {&options.threads, &options.streams})
    for (const std::size_t count : *counts) streams = std::max(streams, count);
  const std::string on_streams = streams > 0 ? fmt::format(" for verifying and {} streams", streams) : "";
  for (const WorkloadInfo* const workload : options.workloads) {
    const std::size_t bytes_per_element = workload->bytes_per_element * (1 + streams);
    const std::size_t greatest = total_bytes / bytes_per_element;
    for (const std::size_t elements : options.elements) {
      if (elements <= greatest) continue;
      const double needed = static_cast<double>(elements) * static_cast<double>(bytes_per_element);
      const std::string advice = greatest < workload->min_elements
                                     ? "no size of it fits"
                                     : fmt::format("the largest that fits is {}", greatest);
      return fmt::format("{}={}: {} needs about {}{}, the device has {}; {}", options.elements_place,
                         elements, workload->name, format_bytes(needed), on_streams,
                         format_bytes(static_cast<double>(total_bytes)), advice);
    }
  }
  return std::nullopt;
}

}  // namespace daa::bench
