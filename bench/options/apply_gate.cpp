#include "options/apply_gate.hpp"

#include <fmt/format.h>

#include <CLI/Error.hpp>
#include <algorithm>

#include "options/apply.hpp"
#include "options/commands.hpp"
#include "options/flags.hpp"
#include "options/number.hpp"
#include "options/output_path.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

constexpr NumberRange threshold_range{0, 10, "0.05"};
constexpr NumberRange absolute_ns_range{0, 1e9, "200"};
constexpr NumberRange alpha_range{1e-9, 0.5, "0.01"};
constexpr NumberRange delay_range{0, 10, "0.05"};
constexpr std::string_view on_host = "host:";

void refuse_same(const Given& given, std::string_view other_flag, const std::string& other) {
  if (other.empty() || !same_output(given.value, other)) return;
  throw CLI::ExcludesError(
      fmt::format("{}: is what --{} names too; name another file", to_string(given), other_flag),
      CLI::ExitCodes::ExcludesError);
}

}  // namespace

void apply_baseline(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  options.baseline_path = given.value;
  if (options.profile)
    throw CLI::ExcludesError(
        fmt::format("{}: times under --profile are not to be compared", to_string(given)),
        CLI::ExitCodes::ExcludesError);
}

void apply_threshold(Options& options, const std::vector<Given>& values) {
  options.gate.threshold = parse_number(values.front(), threshold_range);
}

void apply_absolute_ns(Options& options, const std::vector<Given>& values) {
  options.gate.absolute_ns = parse_number(values.front(), absolute_ns_range);
}

void apply_alpha(Options& options, const std::vector<Given>& values) {
  options.gate.alpha = parse_number(values.front(), alpha_range);
}

void apply_visible(Options& options, const std::vector<Given>& values) {
  options.gate.visible = parse_number(values.front(), threshold_range);
}

void apply_ignore_context(Options& options, const std::vector<Given>& values) {
  options.gate.ignore_context = parse_switch(values.front());
}

void apply_verdicts(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  options.verdicts_path = parse_output_path(given);
  if (options.verdicts_path.empty()) return;
  refuse_same(given, "csv", options.csv_path);
  refuse_same(given, "json", options.json_path);
}

void apply_plant_delay(Options& options, const std::vector<Given>& values) {
  Given given = values.front();
  if (options.replay || !options.threads.empty() || !options.streams.empty())
    refuse_value(given, "is for one stream; leave out --workload=replay, --threads and --streams");
  options.planted_given = given.value;
  const bool is_host = given.value.starts_with(on_host);
  if (is_host) given.value.erase(0, on_host.size());
  const double fraction = parse_number(given, delay_range);
  (is_host ? options.planted.host_enqueue : options.planted.end_to_end) = fraction;
}

void refuse_gate_flags_without_baseline(const RawOptions& raw) {
  const auto values_of = [&](std::string_view name) {
    return raw
        .values[static_cast<std::size_t>(std::ranges::find(flags(), name, &Flag::name) - flags().begin())];
  };
  if (!values_of("baseline").empty()) return;
  for (const Flag& flag : flags()) {
    if (flag.group != gate_group || !compare_command().takes(flag)) continue;
    for (const Given& given : values_of(flag.name))
      if (!given.by_default && given.place.starts_with("--"))
        throw CLI::RequiresError(fmt::format("{}: is of no use without --baseline", to_string(given)),
                                 CLI::ExitCodes::RequiresError);
  }
}

}  // namespace daa::bench
