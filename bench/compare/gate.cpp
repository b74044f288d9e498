#include "compare/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>
#include <string>
#include <system_error>

#include "compare/comparison.hpp"
#include "compare/verdicts.hpp"
#include "report/output_file.hpp"
#include "text.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

constexpr const char* this_run = "this run";

void print(std::FILE* file, const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fflush(file) != 0)
    throw std::system_error(errno, std::generic_category(), "the table of the comparison");
}

int judge(const Side& base, const Side& head, const GateConfig& gate, const OutputFile& verdicts,
          std::FILE* table) {
  if (!gate.ignore_context) require_comparable(base.rows, head.rows);
  const Comparison comparison = compare(base.rows, head.rows, gate);
  print(table, format_comparison(base, head, comparison, gate));
  if (!verdicts.path.empty()) write_text(verdicts.path, verdicts_csv(comparison));
  return exit_code(comparison);
}

std::vector<Result> to_results(std::span<const Row> rows, const Context& context) {
  std::vector<Result> results;
  for (const Row& row : rows) results.push_back(to_result(this_run, row, context));
  return results;
}

}  // namespace

int run_comparison(const CompareConfig& config) {
  const std::vector<Result> base = load_results(config.base_path), head = load_results(config.head_path);
  return judge({config.base_path, base}, {config.head_path, head}, config.gate, config.verdicts,
               config.verdicts.path == "-" ? stderr : stdout);
}

std::optional<std::uint64_t> seed_of(const std::string& baseline_path) {
  const auto& settings = compared_columns().settings;
  const auto index = static_cast<std::size_t>(
      std::ranges::find(settings, std::string_view{"seed"}, &Column::name) - settings.begin());
  std::set<std::string> seeds;
  for (const Result& result : load_results(baseline_path)) seeds.insert(result.settings.at(index));
  std::uint64_t seed = 0;
  if (seeds.size() != 1) return std::nullopt;
  const std::string& text = *seeds.begin();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seed;
}

BaselineSink::BaselineSink(const RunConfig& config, const Context& context, std::span<const Row> rows_to_come)
    : path_(config.baseline_path),
      verdicts_(config.verdicts),
      gate_{.is_of_run = true, .ignore_context = config.ignore_context},
      context_(context),
      base_(load_results(config.baseline_path)) {
  const std::vector<Result> to_come = to_results(rows_to_come, context);
  if (!gate_.ignore_context) require_comparable(base_, to_come);
  std::set<Key> known;
  for (const Result& result : base_) known.insert(result.key);
  if (std::ranges::none_of(to_come, [&](const Result& result) { return known.contains(result.key); }))
    throw UsageError(one_line(
        fmt::format("--baseline={}: has no case of this run, only others such as {}; measure a baseline with "
                    "the flags of this run",
                    path_, format_key(base_.front().key))));
}

void BaselineSink::write(std::span<const Row> rows) {
  written_.insert(written_.end(), rows.begin(), rows.end());
}

int BaselineSink::compare(std::FILE* table) const {
  const std::vector<Result> head = to_results(written_, context_);
  return judge({path_, base_}, {this_run, head}, gate_, verdicts_, table);
}

}  // namespace daa::bench
