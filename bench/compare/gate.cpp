#include "compare/gate.hpp"

#include <cstdio>

#include "compare/bad_result.hpp"
#include "compare/comparison.hpp"
#include "compare/context.hpp"
#include "compare/report.hpp"
#include "driver/turn.hpp"
#include "report/csv.hpp"
#include "report/write_text.hpp"

namespace daa::bench {
namespace {

constexpr const char* this_run = "this run";

void refuse_difference(std::span<const ResultRow> base, std::span<const ResultRow> head,
                       const GateOptions& options) {
  if (options.ignore_context) return;
  if (const auto difference = find_difference(base, head)) throw BadResult(*difference);
}

/// The table goes to standard error where standard output is taken.
int judge(const Side& base, const Side& head, const GateOptions& options, const std::string& verdicts_path,
          bool stdout_is_taken) {
  refuse_difference(base.rows, head.rows, options);
  const Comparison comparison = compare(base.rows, head.rows, options);
  const std::string table = format_comparison(base, head, comparison);
  if (stdout_is_taken)
    std::fputs(table.c_str(), stderr);
  else
    write_text("-", table);
  if (!verdicts_path.empty()) write_text(verdicts_path, verdicts_csv(comparison));
  return exit_code(comparison);
}

/// A row for each combination that a run with `options` measures, as CSV, without figures.
std::string rows_to_come(const Options& options, const Context& context) {
  std::string text = csv_header();
  Row row;
  row.iters = options.iters;
  row.warmup = options.warmup;
  row.seed = options.seed;
  for (const WorkloadInfo* const workload : options.workloads)
    for (const std::size_t elements : options.elements)
      for (const SyncMode sync : options.sync_modes)
        for (const AllocatorInfo* const allocator : options.allocators) {
          row.workload = workload->name;
          row.elements = elements;
          row.sync = sync;
          row.allocator = allocator->name;
          row.phases_per_sample = phases_per_sample({sync, options.iters, options.warmup});
          text += csv_line(row, context);
        }
  return text;
}

}  // namespace

int run_comparison(const CompareOptions& options) {
  const std::vector<ResultRow> base = load_results(options.base_path), head = load_results(options.head_path);
  return judge({options.base_path, base}, {options.head_path, head}, options.gate, options.verdicts_path,
               options.verdicts_path == "-");
}

Baseline::Baseline(const Options& options, const Context& context)
    : options_(options), base_(load_results(options.baseline_path)), run_(csv_header()) {
  refuse_difference(base_, read_results(this_run, rows_to_come(options, context)), options.gate);
}

void Baseline::add(const Row& row, const Context& context) {
  run_ += csv_line(row, context);
}

int Baseline::compare() const {
  const bool stdout_is_taken =
      options_.csv_path == "-" || options_.json_path == "-" || options_.verdicts_path == "-";
  const std::vector<ResultRow> head = read_results(this_run, run_);
  return judge({options_.baseline_path, base_}, {this_run, head}, options_.gate, options_.verdicts_path,
               stdout_is_taken);
}

}  // namespace daa::bench
