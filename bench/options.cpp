#include "options.hpp"

#include <fmt/format.h>

#include <CLI/Error.hpp>
#include <algorithm>
#include <filesystem>
#include <ostream>
#include <random>

#include "options/apply.hpp"
#include "options/apply_gate.hpp"
#include "options/benchmark_args.hpp"
#include "options/command_line.hpp"
#include "options/commands.hpp"
#include "options/flags.hpp"
#include "options/output_path.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

constexpr std::string_view input_flags[]{config_flag, "trace", "baseline"};
constexpr std::string_view output_flags[]{"csv", "json", "jsonl", "verdicts"};

const std::vector<Given>& values_of(const RawOptions& raw, std::string_view flag) {
  return raw
      .values[static_cast<std::size_t>(std::ranges::find(flags(), flag, &Flag::name) - flags().begin())];
}

/// Whether a file that is written to `output` is read as `input`, or with the results of that folder.
bool is_read_from(const std::string& output, const std::string& input) {
  const std::filesystem::path path{output};
  std::error_code error;
  return same_output(output, input) || (path.extension() == ".csv" && std::filesystem::exists(path, error) &&
                                        std::filesystem::is_directory(input, error) &&
                                        same_output(std::filesystem::absolute(path).parent_path(), input));
}

/// What the run reads must not be lost to what it writes.
void refuse_outputs_over_inputs(const RawOptions& raw) {
  const auto refuse = [](const Given& output, std::string_view what) {
    throw CLI::ExcludesError(fmt::format("{}: is what {} reads; name another file", to_string(output), what),
                             CLI::ExitCodes::ExcludesError);
  };
  for (const std::string_view output_flag : output_flags)
    for (const Given& output : values_of(raw, output_flag)) {
      if (output.value == "-" || output.value == "none") continue;
      for (const std::string& argument : raw.arguments)
        if (is_read_from(output.value, argument)) refuse(output, "the comparison");
      for (const std::string_view input_flag : input_flags)
        for (const Given& input : values_of(raw, input_flag))
          if (is_read_from(output.value, input.value)) refuse(output, fmt::format("--{}", input_flag));
    }
}

Options applied(const RawOptions& raw) {
  refuse_outputs_over_inputs(raw);
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
