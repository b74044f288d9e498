#include "options/apply.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/Error.hpp>
#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>

#include "options/count.hpp"
#include "options/nearest.hpp"
#include "options/number.hpp"
#include "options/output_path.hpp"
#include "primitives/primitives.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

[[noreturn]] void refuse_unknown(const Given& given, std::vector<std::string_view> known) {
  const std::string hint = suggestion(given.value, known);
  refuse_value(given, fmt::format("unknown; {}known: {}", hint, fmt::join(known, ", ")));
}

/// The rows of `table` that `values` name, in their order; "all" stands for each row once. `others` are names
/// that are known, too, and not among the values.
template <class Info>
std::vector<const Info*> select(std::span<const Info> table, const std::vector<Given>& values,
                                const std::vector<std::string_view>& others = {}) {
  std::vector<const Info*> selected;
  for (const Given& given : values) {
    const std::size_t before = selected.size();
    for (const Info& row : table)
      if (given.value == row.name || given.value == "all") selected.push_back(&row);
    if (selected.size() > before) continue;
    std::vector<std::string_view> known;
    for (const Info& row : table) known.push_back(row.name);
    known.insert(known.end(), others.begin(), others.end());
    known.push_back("all");
    refuse_unknown(given, std::move(known));
  }
  return selected;
}

/// Refuses an item that was there before. Measured twice under one name, the two could not be told apart.
template <class Item>
void refuse_repeated(const std::vector<Item>& items, const Given& last) {
  for (auto item = items.begin(); item != items.end(); ++item)
    if (std::find(items.begin(), item, *item) != item)
      refuse_value(last, "names the same one more than once");
}

/// The choice that `given` names.
template <class Choice>
const Choice& choose(std::span<const Choice> choices, const Given& given) {
  for (const Choice& choice : choices)
    if (choice.name == given.value) return choice;
  std::vector<std::string_view> known;
  for (const Choice& choice : choices) known.push_back(choice.name);
  refuse_unknown(given, std::move(known));
}

// A pass over a trace is thousands of operations: far fewer phases than of a workload give a steady median.
constexpr std::size_t default_replay_iters = 30;
constexpr std::size_t default_replay_warmup = 6;

constexpr CountRange iters_range{1, 1'000'000'000};
constexpr CountRange warmup_range{0, 1'000'000'000};
constexpr CountRange repetitions_range{1, 10'000};
constexpr CountRange repetitions_with_noise_range{least_repetitions_for_noise, 10'000};
constexpr std::size_t default_repetitions_with_noise = 100;
constexpr NumberRange max_noise_range{0.0001, 1, "0.01"};
constexpr NumberRange timeout_range{0.001, 1e9, "600"};
constexpr CountRange elements_range{1, primitives::max_count};
constexpr CountRange seed_range{0, std::numeric_limits<std::uint64_t>::max()};

bool is_measured(const Options& options, std::string_view allocator) {
  return std::ranges::any_of(options.allocators,
                             [&](const AllocatorInfo* info) { return info->name == allocator; });
}

/// Refuses what another output goes to already: that of `flag`.
void refuse_same_output(const Given& given, const std::string& path, std::string_view what,
                        std::string_view flag, const std::string& other) {
  if (path.empty() || other.empty() || !same_output(path, other)) return;
  throw CLI::ExcludesError(
      fmt::format("{}: {} goes there already (--{}={})", to_string(given), what, flag, excerpt(other)),
      CLI::ExitCodes::ExcludesError);
}

}  // namespace

bool parse_switch(const Given& given) {
  struct Choice {
    std::string_view name;
    bool on;
  };
  constexpr Choice choices[]{{"true", true}, {"false", false}, {"1", true}, {"0", false}};
  return choose<Choice>(choices, given).on;
}

void apply_workload(Options& options, const std::vector<Given>& values) {
  std::vector<std::string_view> others{replay_name};
  for (const WorkloadInfo& row : synthetic_workloads()) others.push_back(row.name);
  const Given* last = nullptr;
  for (const Given& given : values) {
    if (given.value == replay_name) {
      if (options.replay) refuse_value(given, "names the same one more than once");
      options.replay = true;
      continue;
    }
    const auto synthetic = std::ranges::find(synthetic_workloads(), given.value, &WorkloadInfo::name);
    if (synthetic != synthetic_workloads().end())
      options.workloads.push_back(&*synthetic);
    else
      std::ranges::copy(select(workloads(), {given}, others), std::back_inserter(options.workloads));
    last = &given;
  }
  if (last != nullptr) refuse_repeated(options.workloads, *last);
}

void apply_allocator(Options& options, const std::vector<Given>& values) {
  for (const Given& given : values)
    for (const AllocatorInfo& row : absent_allocators())
      if (given.value == row.name) refuse_value(given, fmt::format("not built in: {}", row.absence));
  options.allocators = select(allocators(), values);
}

void apply_against(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  options.against = choose(allocators(), given).name;
  if (!given.by_default && !is_measured(options, options.against))
    refuse_value(given, "is not measured; add it to --allocator");
}

void apply_elements(Options& options, const std::vector<Given>& values) {
  const Given& first = values.front();
  if (options.workloads.empty() && !first.by_default && first.place.starts_with("--"))
    refuse_value(first, "a replay has the sizes of its trace; leave out --elements, or add a workload");
  options.elements_place = first.place;
  for (const Given& given : values) {
    const std::size_t elements = parse_count(given, elements_range);
    for (const WorkloadInfo* const workload : options.workloads)
      if (elements < workload->min_elements)
        refuse_value(
            given, fmt::format("too few for {}; allowed: {} and up", workload->name, workload->min_elements));
    options.elements.push_back(elements);
    refuse_repeated(options.elements, given);
  }
}

void apply_sync(Options& options, const std::vector<Given>& values) {
  struct Choice {
    std::string_view name;
    std::vector<SyncMode> modes;
  };
  const Choice choices[]{
      {"end", {SyncMode::end}}, {"phase", {SyncMode::phase}}, {"both", {SyncMode::end, SyncMode::phase}}};
  options.sync_modes = choose<Choice>(choices, values.front()).modes;
}

void apply_state(Options& options, const std::vector<Given>& values) {
  struct Choice {
    std::string_view name;
    std::vector<State> states;
  };
  const Choice choices[]{
      {"steady", {State::steady}}, {"cold", {State::cold}}, {"both", {State::steady, State::cold}}};
  const Given& given = values.front();
  options.states = choose<Choice>(choices, given).states;
  if (options.replay && options.states != std::vector{State::steady})
    refuse_value(given, "is not for replays of traces; leave out --workload=replay");
}

void apply_device(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  options.device_place = given.place;
  const auto [end, error] =
      std::from_chars(given.value.data(), given.value.data() + given.value.size(), options.device_index);
  if (error == std::errc{} && end == given.value.data() + given.value.size() && options.device_index >= 0) {
    options.device = DeviceKind::cuda;
    return;
  }
  options.device_index = 0;
  struct Choice {
    std::string_view name;
    DeviceKind kind;
  };
  constexpr Choice choices[]{
      {"auto", DeviceKind::automatic}, {"cuda", DeviceKind::cuda}, {"host", DeviceKind::host}};
  options.device = choose<Choice>(choices, given).kind;
}

void apply_iters(Options& options, const std::vector<Given>& values) {
  options.iters = parse_count(values.front(), iters_range);
  options.replay_iters = values.front().by_default ? default_replay_iters : options.iters;
}

void apply_warmup(Options& options, const std::vector<Given>& values) {
  options.warmup = parse_count(values.front(), warmup_range);
  options.replay_warmup = values.front().by_default ? default_replay_warmup : options.warmup;
}

void apply_max_noise(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  options.max_noise = parse_number(given, max_noise_range);
  if (options.profile)
    refuse_value(given, "times under --profile are not to be judged; leave one of them out");
  if (options.replay) refuse_value(given, "is not for replays of traces; leave out --workload=replay");
  if (!is_measured(options, options.against))
    refuse_value(given, fmt::format("is the noise of ratios to {}, which is not measured; add it to "
                                    "--allocator, or name another with --against",
                                    options.against));
}

void apply_repetitions(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  if (given.by_default && options.profile)
    options.repetitions = 1;  // a profile of one turn says it all
  else if (given.by_default && options.max_noise)
    options.repetitions = default_repetitions_with_noise;
  else
    options.repetitions =
        parse_count(given, options.max_noise ? repetitions_with_noise_range : repetitions_range);
}

void apply_timeout(Options& options, const std::vector<Given>& values) {
  options.timeout_s = parse_number(values.front(), timeout_range);
}

void apply_seed(Options& options, const std::vector<Given>& values) {
  options.seed = parse_count(values.front(), seed_range);
}

void apply_profile(Options& options, const std::vector<Given>& values) {
  options.profile = parse_switch(values.front());
}

void apply_min_fit(Options& options, const std::vector<Given>& values) {
  options.min_fit = parse_switch(values.front());
  if (options.min_fit) refuse_without_replay(options, values.front());
}

void apply_csv(Options& options, const std::vector<Given>& values) {
  options.csv_path = parse_output_path(values.front());
}

void apply_json(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  options.json_path = parse_output_path(given);
  refuse_same_output(given, options.json_path, "the CSV", "csv", options.csv_path);
}

void apply_jsonl(Options& options, const std::vector<Given>& values) {
  const Given& given = values.front();
  options.jsonl_path = parse_output_path(given);
  if (options.replay && !options.jsonl_path.empty())
    refuse_value(given, "is not for replays of traces; leave out --workload=replay");
  refuse_same_output(given, options.jsonl_path, "the CSV", "csv", options.csv_path);
  refuse_same_output(given, options.jsonl_path, "the JSON", "json", options.json_path);
}

}  // namespace daa::bench
