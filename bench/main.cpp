// daa-bench, and daa-bench-host: the same sources linked with the host runtime.

#include <cuda_runtime_api.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "cases.hpp"
#include "cli/command_line.hpp"
#include "compare/gate.hpp"
#include "daa/error.hpp"
#include "device/device.hpp"
#include "ranks/ranks.hpp"
#include "report/csv.hpp"
#include "report/json.hpp"
#include "report/table.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

// A line on stderr, of the first of several processes that say the same. Errors of stderr are ignored.
template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  if (!is_first_process()) return;
  const std::string line = "daa-bench: " + fmt::format(text, std::forward<Args>(args)...) + "\n";
  std::fputs(line.c_str(), stderr);
}

// Standard streams that were closed stay unusable, but keep their numbers: otherwise a file opened under one
// of them would get what is meant for the stream.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) == -1 && errno == EBADF)
      static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

// The sinks of a run. Standard output is the table's unless a file goes there.
struct Outputs {
  Sinks sinks;
  BaselineSink* baseline = nullptr;
  bool has_table = true;

  Outputs(const RunConfig& config, const Context& context, const Cases& cases, const Ranks& ranks) {
    if (!ranks.is_first()) return;
    for (const OutputFile* const output : config.outputs()) has_table = has_table && output->path != "-";
    if (!config.baseline_path.empty()) {  // refuses before a file is replaced
      auto made = std::make_unique<BaselineSink>(config, context, rows_to_come(config, cases, ranks));
      baseline = made.get();
      sinks.push_back(std::move(made));
    }
    // Before files are replaced: standard output may fail.
    if (has_table) sinks.push_back(std::make_unique<TableSink>(context, stdout_shows_bold()));
    if (!config.csv.path.empty()) sinks.push_back(std::make_unique<CsvSink>(config.csv.path, context));
    if (!config.json.path.empty()) sinks.push_back(std::make_unique<JsonSink>(config.json.path, context));
  }
};

// Bad usage that one rank finds is that of all.
template <class Action>
void refuse_together(Ranks& ranks, Action action) {
  std::string refusal;
  try {
    action();
  } catch (const UsageError& error) {
    if (ranks.is_alone()) throw;
    refusal = error.what();
  }
  for (const std::string& each : ranks.gather(refusal))
    if (!each.empty()) throw UsageError(each);
}

int measure(RunConfig config, Ranks& ranks) {
  refuse_together(ranks, [&] {
    if (!config.baseline_path.empty() && config.has_default_seed && ranks.is_first())
      config.seed = seed_of(config.baseline_path).value_or(config.seed);
  });
  config.seed = std::stoull(ranks.gather(std::to_string(config.seed)).front());
  const auto communicates = [](const WorkloadInfo* workload) { return workload->make_between != nullptr; };
  if (!ranks.is_alone() && std::ranges::any_of(config.workloads, communicates))
    static_cast<void>(ranks.transport());
  std::size_t free_bytes = 0, total_bytes = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
  Cases cases;
  std::optional<Outputs> made;
  refuse_together(ranks, [&] {
    cases = make_cases(config, total_bytes, ranks);
    made.emplace(config, current_context(), cases, ranks);
  });
  const Outputs& outputs = *made;

  catch_interrupts();
  const StopCondition stop{config.timeout_s};
  Progress progress{std::cerr, ranks.is_first() && stderr_is_terminal(), trial_count(config, cases)};
  const RunEnd end = run_cases(config, cases, outputs.sinks, stop, progress, ranks);
  const bool has_stopped = ranks.is_alone() ? stop.requested() : end.has_stopped;
  if (has_stopped && (ranks.any(interrupted()) || end.missing > 0)) {
    const std::string missing =
        end.missing == 0 ? "everything is reported"
                         : fmt::format("{} of {} combinations are missing, from {} on", end.missing,
                                       cases.size() * config.allocators.size(), end.first_missing);
    say("{}; {}{}", stop.requested() ? stop.reason() : "another rank was stopped", missing,
        outputs.baseline != nullptr ? "; nothing was compared with --baseline" : "");
    return exit_interrupted;
  }
  if (!end.all_measured) return exit_not_measured;
  return outputs.baseline == nullptr ? exit_ok
                                     : outputs.baseline->compare(outputs.has_table ? stdout : stderr);
}

int run(const RunConfig& config, char** argv) {
  const bool is_host_program = device_kind() == DeviceKind::host;
  if (!is_host_program && config.device.kind == DeviceKind::host) {
    say("--device=host: {}", become_host_program(argv));
    return exit_not_measured;
  }
  std::unique_ptr<Ranks> ranks;  // without a GPU they are those of the host program
  if (is_host_program || device_count() > 0) ranks = join_ranks(config, argv);
  if (ranks == nullptr || ranks->is_alone()) {
    if (const auto reason = select_device(config.device)) {
      if (config.device.kind != DeviceKind::automatic) {
        say("no usable GPU, though --device asks for one: {}", *reason);
        return exit_no_device;
      }
      say("no usable GPU ({}): continuing on the host runtime", *reason);
      say("the host runtime's program does not start: {}", become_host_program(argv));
      return exit_no_device;
    }
  }
  try {
    return measure(config, *ranks);
  } catch (const UsageError&) {
    throw;  // in all ranks
  } catch (const std::exception& error) {
    if (!ranks->is_alone()) ranks->fail(error.what());
    throw;
  }
}

int run(int argc, char** argv) {
  const Command command = parse_command_line(argc, argv);
  if (const auto* const answer = std::get_if<Answer>(&command)) {
    if (is_first_process()) write_text("-", answer->text);
    return exit_ok;
  }
  if (const auto* const comparison = std::get_if<CompareConfig>(&command)) return run_comparison(*comparison);
  return run(std::get<RunConfig>(command), argv);
}

}  // namespace
}  // namespace daa::bench

int main(int argc, char** argv) {
  try {
    daa::bench::occupy_closed_streams();
    return daa::bench::run(argc, argv);
  } catch (const daa::bench::UsageError& error) {
    daa::bench::say("{}", error.what());
    return daa::bench::exit_usage;
  } catch (const std::exception& error) {
    daa::bench::say("{}", error.what());
    return daa::bench::exit_not_measured;
  }
}
