// daa-bench, and daa-bench-host: the same sources linked with the host runtime.

#include <cuda_runtime_api.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "compare/bad_result.hpp"
#include "compare/gate.hpp"
#include "daa/error.hpp"
#include "device.hpp"
#include "driver/benchmark_setup.hpp"
#include "driver/campaign.hpp"
#include "driver/interrupt.hpp"
#include "options.hpp"
#include "primitives/primitives.hpp"
#include "report/context.hpp"
#include "report/csv.hpp"
#include "report/jsonl.hpp"
#include "report/progress.hpp"
#include "report/table.hpp"
#include "report/write_text.hpp"

namespace daa::bench {
namespace {

enum ExitCode {
  fine = 0,  // and what exit_code() of a comparison gives: 1, 3
  no_device = 2,
  not_measured = 4,
  bad_value = 105,     // as CLI11's ValidationError
  bad_argument = 109,  // as CLI11's ExtrasError
  was_interrupted = 130
};

// A line on stderr. That it cannot be written is nothing to fail over.
template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  const std::string line = "daa-bench: " + fmt::format(text, std::forward<Args>(args)...) + "\n";
  std::fputs(line.c_str(), stderr);
}

// Standard streams that were closed stay unusable, but keep their numbers: a file opened under one of them
// would get what is meant for the stream.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) == -1 && errno == EBADF)
      static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

void flush_stdout() {
  const int error = std::fflush(stdout) != 0 ? errno : std::ferror(stdout) != 0 ? EIO : 0;
  if (error != 0) throw std::system_error(error, std::generic_category(), "standard output");
}

int measure(const Options& options) {
  std::size_t free_bytes = 0, total_bytes = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
  if (const auto oversized = find_oversized(options, total_bytes)) {
    say("{}", *oversized);
    return bad_value;
  }
  if (const auto refused = set_up_benchmark(options.benchmark_args)) {
    say("{}", *refused);
    return bad_argument;
  }

  const Context context = current_context(primitives::device_kind());
  std::optional<Baseline> baseline;
  if (!options.baseline_path.empty()) baseline.emplace(options, context);
  const bool with_table = options.csv_path != "-" && options.json_path != "-" && options.jsonl_path != "-" &&
                          options.verdicts_path != "-";
  if (with_table) fmt::print("{}\n", format_preamble(context));
  flush_stdout();  // before a file is replaced
  std::optional<CsvWriter> csv;
  if (!options.csv_path.empty()) csv.emplace(options.csv_path, context);
  std::optional<JsonlWriter> jsonl;
  if (!options.jsonl_path.empty()) jsonl.emplace(options.jsonl_path, context, options);

  bool all_measured = true;
  Progress progress{std::cerr, stderr_is_terminal(), turn_count(options)};
  const auto on_rows = [&](const std::vector<Row>& rows) {
    progress.erase();
    for (const Row& row : rows) {
      if (csv) csv->write(row);
      if (baseline) baseline->add(row, context);
      all_measured = all_measured && (row.status == Status::ok || row.status == Status::unsupported);
    }
    if (with_table) fmt::print("{}\n", format_block(rows));
    flush_stdout();
  };
  const auto on_sweep = [&](const std::vector<Row>& rows) {
    const std::string points = format_break_even(rows);
    if (with_table && !points.empty()) fmt::print("{}\n", points);
    flush_stdout();
  };
  const auto on_progress = [&](std::size_t done, std::string_view now) { progress.show(done, now); };
  const auto on_samples = [&](const TurnSamples& turn) {
    if (jsonl) jsonl->write(turn);
  };
  const auto on_note = [&](std::string_view note) {
    progress.erase();
    say("{}", note);
  };
  catch_interrupts();
  const CampaignEnd end =
      run_campaign(options, context, {on_rows, on_progress, on_samples, on_note, on_sweep});
  progress.erase();
  if (interrupted() || end.missing > 0) {
    const std::string why =
        interrupted() ? "interrupted" : fmt::format("--timeout={}: the time was up", *options.timeout_s);
    const std::string missing =
        end.missing == 0 ? "everything is reported"
                         : fmt::format("{} of {} combinations are missing, from {} on", end.missing,
                                       turn_count(options) / options.repetitions, end.first_missing);
    say("{}; {}{}", why, missing, baseline ? "; nothing was compared with --baseline" : "");
    return was_interrupted;
  }
  if (!all_measured) return not_measured;
  return baseline ? baseline->compare() : fine;
}

int compare(int argc, char** argv) {
  std::ostringstream answer;
  const CompareParseResult parsed = parse_compare_options(argc, argv, answer, std::cerr);
  write_text("-", answer.str());
  return parsed.options ? run_comparison(*parsed.options) : parsed.exit_code;
}

int run(int argc, char** argv) {
  if (asks_to_compare(argc, argv)) return compare(argc, argv);
  std::ostringstream answer;
  const ParseResult parsed = parse_options(argc, argv, answer, std::cerr);
  write_text("-", answer.str());
  if (!parsed.options) return parsed.exit_code;
  const Options& options = *parsed.options;

  const bool is_host_program = primitives::device_kind() == "host";
  if (!is_host_program && options.device == DeviceKind::host) {
    say("{}=host: {}", options.device_place, become_host_program(argv));
    return not_measured;
  }
  if (const auto reason = select_device(options)) {
    if (options.device != DeviceKind::automatic) {
      say("no usable GPU though {} asks for one: {}", options.device_place, *reason);
      return no_device;
    }
    say("no usable GPU ({}): carrying on with the host runtime", *reason);
    say("the host runtime is not there: {}", become_host_program(argv));
    return no_device;
  }
  return measure(options);
}

}  // namespace
}  // namespace daa::bench

int main(int argc, char** argv) {
  try {
    daa::bench::occupy_closed_streams();
    return daa::bench::run(argc, argv);
  } catch (const daa::bench::BadResult& error) {
    daa::bench::say("{}", error.what());
    return daa::bench::bad_value;
  } catch (const std::exception& error) {
    daa::bench::say("{}", error.what());
    return daa::bench::not_measured;
  }
}
