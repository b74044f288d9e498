#include "cli/run_flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <limits>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "cli/result_flags.hpp"
#include "primitives/primitives.hpp"
#include "replay/bundled_traces.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view not_for_replays = "is not for replays of traces; leave out --workload=replay";

template <class Info>
void append_names(std::vector<std::string>& names, std::span<const Info> table) {
  for (const Info& row : table) names.emplace_back(row.name);
}

/// A flag whose value is one of some words, each of which stands for a value of `target`.
template <class Value>
Flag& add_choice(CLI::App& app, Flags& flags, const std::string& name, Value& target,
                 std::vector<std::pair<std::string, Value>> choices, std::string help) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  CLI::Option* const option = app.add_option_function<std::string>(
      name, [&target, choices = std::move(choices)](const std::string& given) {
        for (const auto& [word, value] : choices)
          if (word == given) target = value;
      });
  return flags
      .add(option->default_str(words.front()), fmt::format("{}", fmt::join(words, "|")), std::move(help))
      .check(one_of(std::move(words)));
}

/// Measured twice under one name, the two could not be told apart.
template <class Item>
void refuse_repeated(const Flag& flag, const std::vector<Item>& items) {
  for (auto item = items.begin(); item != items.end(); ++item)
    if (std::find(items.begin(), item, *item) != item)
      flag.refuse(fmt::format("{}", *item), "is named more than once; name it once");
}

bool measures_cold(const RunConfig& config) {
  return std::ranges::find(config.modes, Mode::cold) != config.modes.end();
}

bool is_measured(const RunConfig& config, std::string_view allocator) {
  return std::ranges::any_of(config.allocators,
                             [&](const AllocatorInfo* info) { return info->name == allocator; });
}

// --- what to measure ---

void set_workloads(RunDraft& run) {
  for (const std::string& name : run.workloads) {
    if (name == replay_name) run.replay = true;
    for (const WorkloadInfo& row : workloads())
      if (name == row.name || name == "all") run.config.workloads.push_back(&row);
    for (const auto list : {synthetic_workloads(), communicating_workloads()})
      for (const WorkloadInfo& row : list)
        if (name == row.name) run.config.workloads.push_back(&row);
  }
}

void add_workload(CLI::App& app, Flags& flags, RunDraft& run) {
  std::vector<std::string> known;
  append_names(known, workloads());
  append_names(known, synthetic_workloads());
  append_names(known, communicating_workloads());
  known.insert(known.end(), {std::string{replay_name}, "all"});
  flags
      .add(app.add_option("--workload", run.workloads)->default_str("all"), "NAME,...",
           "Workloads to run. 'all' is each of them except the synthetic ones, none and\n"
           "allocs, those in which ranks exchange data, and replay, which replays traces:\n"
           "these are run where they are named. --list describes them.")
      .check(one_of(std::move(known)))
      .then([&run](const Flag& flag) {
        refuse_repeated(flag, run.workloads);
        set_workloads(run);
        for (auto row = run.config.workloads.begin(); row != run.config.workloads.end(); ++row)
          if (std::find(run.config.workloads.begin(), row, *row) != row)
            flag.refuse((*row)->name, "is named more than once; name it once");
      });
}

/// The file that `name` stands for: a bundled trace's, or its own path. Throws std::runtime_error.
std::string find_trace(const std::string& name) {
  const std::vector<std::string_view> bundled = bundled_traces();
  if (std::ranges::find(bundled, name) != bundled.end()) return find_bundled_trace(name);
  // It is read twice where daa-bench carries on as daa-bench-host: a pipe would be empty then.
  std::error_code error;
  if (std::filesystem::is_regular_file(name, error)) return name;
  if (std::filesystem::exists(name, error)) throw std::runtime_error("is not a regular file");
  std::vector<std::string> known{bundled.begin(), bundled.end()};
  known.emplace_back("all");
  throw std::runtime_error(fmt::format("neither a file nor a bundled trace: {}", unknown(name, known)));
}

void add_trace(CLI::App& app, Flags& flags, RunDraft& run) {
  flags
      .add(app.add_option("--trace", run.traces)->default_str("all"), "NAME|FILE,...",
           "Traces to replay, with --workload=replay: bundled ones by name, of which 'all'\n"
           "is each, or logs in RMM's format (Thread,Time,Action,Pointer,Size,Stream).\n"
           "scripts/trace_from_pytorch.py makes one from a memory snapshot of PyTorch. A\n"
           "malformed trace is refused with file and line, and nothing is run.")
      .then([&run](const Flag& flag) {
        if (!run.replay && flag.given()) flag.refuse("is for replays of traces; add --workload=replay");
        if (!run.replay) return;
        const auto add = [&](const std::string& given, const std::string& name) {
          try {
            const std::string path = find_trace(name);
            TraceFile trace{trace_name(path), path};
            if (std::ranges::find(run.config.traces, trace.name, &TraceFile::name) != run.config.traces.end())
              throw std::runtime_error(
                  fmt::format("a second trace by the name of {}; rename the file", trace.name));
            run.config.traces.push_back(std::move(trace));
          } catch (const std::runtime_error& error) {
            flag.refuse(given, error.what());
          }
        };
        for (const std::string& given : run.traces)
          if (given == "all")
            for (const std::string_view name : bundled_traces()) add(given, std::string{name});
          else
            add(given, given);
      });
}

void add_vary(CLI::App& app, Flags& flags, RunDraft& run) {
  constexpr Variation all[]{Variation::none, Variation::scale, Variation::drop};
  std::vector<std::string> known;
  for (const Variation variation : all) known.emplace_back(to_string(variation));
  flags
      .add(app.add_option("--vary", run.variations)->default_str("none"), "none|scale|drop,...",
           "How the phases of a replay differ from one another. none: as in the trace, pass\n"
           "after pass. scale: all sizes of a phase are multiplied by a factor from 0.7 to\n"
           "1.3. drop: a tenth of a phase's blocks, rounded down, is left out, each with its\n"
           "allocation and its free. Drawn from --seed for 36 phases or more, in whole passes,\n"
           "the first included, and alike for every trial and allocator; after the last come\n"
           "the same again. The plan of preallocated covers them all.")
      .check(one_of(std::move(known)))
      .then([&run, all](const Flag& flag) {
        if (!run.replay && flag.given()) flag.refuse("is for replays of traces; add --workload=replay");
        refuse_repeated(flag, run.variations);
        run.config.variations.clear();
        for (const std::string& given : run.variations)
          for (const Variation variation : all)
            if (given == to_string(variation)) run.config.variations.push_back(variation);
      });
}

std::string check_allocator(std::string& name) {
  for (const AllocatorInfo& row : absent_allocators())
    if (name == row.name) return fmt::format("not built in: {}", row.absence);
  std::vector<std::string> known;
  append_names(known, allocators());
  known.emplace_back("all");
  return one_of(std::move(known))(name);
}

/// The lower bound a second time, right behind the first, where others are compared with it: the difference
/// between the two is noise.
void add_second_lower_bound(RunConfig& config) {
  const auto is_lower_bound = [](const AllocatorInfo* info) { return info->name == lower_bound_name; };
  if (config.profile || config.allocators.size() == 1) return;
  if (std::ranges::count_if(config.allocators, is_lower_bound) != 1) return;
  const auto first = std::ranges::find_if(config.allocators, is_lower_bound);
  config.allocators.insert(std::next(first), *first);
}

void add_allocator(CLI::App& app, Flags& flags, RunDraft& run) {
  flags
      .add(app.add_option("--allocator", run.allocators)->default_str("all"), "NAME,...",
           "Where the temporaries come from. 'all' is each allocator that is built in;\n"
           "--list says why others are not. One that is named twice is measured twice, and\n"
           "so is preallocated where others are compared with it. Ratios need preallocated.")
      .check(check_allocator)
      .then([&run](const Flag&) {
        for (const std::string& name : run.allocators)
          for (const AllocatorInfo& row : allocators())
            if (name == row.name || name == "all") run.config.allocators.push_back(&row);
        add_second_lower_bound(run.config);
      });

  flags
      .add(app.add_option("--against", run.config.against)->capture_default_str(), "NAME",
           "The allocator that the table's ratios refer to. The CSV has the ratios to\n"
           "preallocated as well.")
      .check([](std::string& name) {
        return name == "all" ? "is not one allocator; name one" : check_allocator(name);
      })
      .then([&run](const Flag& flag) {
        if (flag.given() && !is_measured(run.config, run.config.against))
          flag.refuse("is not measured; add it to --allocator");
      });
}

constexpr std::size_t default_sweep[]{1, 4, 16, 64, 256, 1024};

void add_sizes(CLI::App& app, Flags& flags, RunDraft& run) {
  run.config.elements = {std::size_t{1} << 20};
  flags
      .add(app.add_option("--elements", run.config.elements)->default_str("2^20"), "N,...",
           "Sizes, each for each workload: 65536, 2^16 or 64Ki. A size that does not fit\n"
           "in the device's memory is refused before anything is measured. Not for replays.")
      .check(count(1, primitives::max_count))
      .then([&run](const Flag& flag) {
        if (flag.typed() && run.config.workloads.empty())
          flag.refuse("a replay has the sizes of its trace; leave out --elements, or add a workload");
        refuse_repeated(flag, run.config.elements);
        for (const std::size_t elements : run.config.elements)
          for (const WorkloadInfo* const workload : run.config.workloads)
            if (elements < workload->min_elements)
              flag.refuse(fmt::format("{}", elements), fmt::format("too few for {}; allowed: {} and up",
                                                                   workload->name, workload->min_elements));
      });

  flags
      .add(app.add_option("--allocs-per-phase", run.config.allocs_per_phase), "N,...",
           "For the workload allocs: the numbers of temporaries into which the same scratch\n"
           "memory is cut, each measured. Default: those of 1,4,16,64,256,1024 that are no\n"
           "greater than the least size.")
      .check(count(1, 65'536))
      .then([&run](const Flag& flag) {
        std::vector<std::size_t>& counts = run.config.allocs_per_phase;
        const bool can_cut = std::ranges::any_of(
            run.config.workloads, [](const WorkloadInfo* info) { return info->make_cut != nullptr; });
        if (flag.given() && !can_cut) flag.refuse("is for the workload allocs; add --workload=allocs");
        if (!can_cut) return;
        refuse_repeated(flag, counts);
        const std::size_t least = std::ranges::min(run.config.elements);
        if (!flag.given())
          std::ranges::copy_if(default_sweep, std::back_inserter(counts),
                               [least](std::size_t allocs) { return allocs <= least; });
        for (const std::size_t allocs : counts)
          if (allocs > least)
            flag.refuse(
                fmt::format("{}", allocs),
                fmt::format("more than the {} elements that are to be cut; use larger --elements", least));
        std::ranges::sort(counts);
      });
}

std::string check_device(std::string& value) {
  int index = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), index);
  if (error == std::errc{} && end == value.data() + value.size() && index >= 0) return {};
  const std::string why = one_of({"auto", "cuda", "host"})(value);
  return why.empty() ? why : why + ", or the index of a GPU";
}

void add_device(CLI::App& app, Flags& flags, RunDraft& run) {
  CLI::Option* const option =
      app.add_option_function<std::string>("--device", [&run](const std::string& given) {
        run.config.device = given == "auto"   ? DeviceChoice{}
                            : given == "host" ? DeviceChoice{DeviceKind::host}
                            : given == "cuda" ? DeviceChoice{DeviceKind::cuda}
                                              : DeviceChoice{DeviceKind::cuda, std::stoi(given)};
      });
  flags
      .add(option->default_str("auto"), "auto|cuda|host|INDEX",
           "auto: the first GPU, or the host runtime if no GPU is usable. cuda, or a GPU's\n"
           "index: that GPU, or exit code 2. host: a simulator in host memory; its times\n"
           "mean nothing, its counts of calls and bytes are exact on any machine.")
      .check(check_device);
}

// --- how phases are run ---

void add_modes(CLI::App& app, Flags& flags, RunDraft& run) {
  RunConfig& config = run.config;
  add_choice<std::vector<SyncMode>>(
      app, flags, "--sync", config.sync_modes,
      {{"end", {SyncMode::end}}, {"phase", {SyncMode::phase}}, {"both", {SyncMode::end, SyncMode::phase}}},
      "When the host waits for the device: once at the end of a batch of up to 20\n"
      "phases (throughput), or after each phase, as a solver does that reads a residual.\n"
      "With the second, a memory pool with the driver's default release threshold gives\n"
      "its memory back in each phase.");
  add_choice<std::vector<Mode>>(
      app, flags, "--state", config.modes,
      {{"steady", {Mode::steady}}, {"cold", {Mode::cold}}, {"both", {Mode::steady, Mode::cold}}},
      "steady: phases of a warmed-up allocator. cold: the first phase of a fresh\n"
      "allocator for each sample. Its growth is timed, its construction and destruction\n"
      "are not. A cold phase is synchronised at its end, whatever --sync says. Not for\n"
      "replays, as --graph, --threads, --streams, --flush-l2 and --max-noise.")
      .then([&run](const Flag& flag) {
        if (run.replay && measures_cold(run.config)) flag.refuse(not_for_replays);
      });
  flags
      .add_switch("--graph", run.graph,
                  "Captures the phases of a cycle into graphs once and measures their launches. An\n"
                  "allocator that cannot be captured has a row with the status unsupported that\n"
                  "says why. Arenas are presized: they keep the memory that graphs use.")
      .then([&run](const Flag& flag) {
        if (!run.graph) return;
        if (run.replay) flag.refuse(not_for_replays);
        if (measures_cold(run.config))
          flag.refuse(
              "a graph runs with the memory it was captured with, so none of its phases is a first one; "
              "use --state=steady");
        run.config.modes = {Mode::graph};
      });

  const auto refuse_conflicts = [&run](const Flag& flag) {
    if (!flag.given()) return;
    for (const WorkloadInfo* const workload : run.config.workloads)
      if (workload->make_between != nullptr)
        flag.refuse(fmt::format("the ranks of {} exchange data on one stream each; leave out the workload",
                                workload->name));
    if (run.replay) flag.refuse(not_for_replays);
    if (run.graph) flag.refuse("a graph is launched on one stream; leave out --graph");
    if (measures_cold(run.config)) flag.refuse("a cold phase runs on one stream; use --state=steady");
  };
  constexpr std::size_t max_streams = 256;  // each has its own copy of the workload
  flags
      .add(app.add_option("--threads", config.threads), "N,...",
           "N host threads at once, each with a stream, an allocator and a copy of the\n"
           "workload. Host time is that of a phase in one thread, end-to-end time that of a\n"
           "phase on each stream. Also reports the host time of an allocation while all\n"
           "threads do nothing else (10,000 in each thread or a tenth of a second, without\n"
           "kernels; mean and slowest thread), and an overlap score, (S - T) / (S - L): T is\n"
           "the end-to-end time, L that of preallocated, S that of L's streams one after the\n"
           "other. 1: streams overlap as with preallocated memory. 0: they run one after the\n"
           "other. Less: slower than that. Empty if S - L is below 5 % of S or L's spread.")
      .check(count(1, max_streams))
      .then([&run, refuse_conflicts](const Flag& flag) {
        refuse_repeated(flag, run.config.threads);
        refuse_conflicts(flag);
      });
  flags
      .add(app.add_option("--streams", config.streams), "N,...",
           "The same with one thread, which enqueues on N streams in alternation.")
      .check(count(1, max_streams))
      .then([&run, refuse_conflicts](const Flag& flag) {
        refuse_repeated(flag, run.config.streams);
        refuse_conflicts(flag);
        if (flag.given() && !run.config.threads.empty())
          flag.refuse("each of --threads has a stream of its own; give one of the two");
      });
  flags
      .add_switch("--flush-l2", config.flush_l2,
                  "Empties the device's L2 cache before each sample, untimed, by overwriting a\n"
                  "buffer of twice its size that no allocator under test provides. With\n"
                  "--sync=end a sample is a batch of phases, of which the first finds the cache\n"
                  "empty. The host runtime has no cache to empty.")
      .then([&run](const Flag& flag) {
        if (run.config.flush_l2 && run.replay) flag.refuse(not_for_replays);
      });
}

// --- how they are measured ---

constexpr std::size_t max_iters = 1'000'000'000;
constexpr std::size_t max_repetitions = 10'000;
constexpr std::size_t default_repetitions_with_noise = 100;

void add_counts(CLI::App& app, Flags& flags, RunDraft& run) {
  RunConfig& config = run.config;
  flags
      .add(app.add_option("--iters", config.iters)->capture_default_str(), "N",
           "Measured phases in each trial of an allocator; 1 to 10^9. For replays the\n"
           "default is 30. They are rounded up to whole passes over the trace.")
      .check(count(1, max_iters))
      .then([&config](const Flag& flag) {
        if (flag.given()) config.replay_iters = config.iters;
      });
  flags
      .add(app.add_option("--warmup", config.warmup)->capture_default_str(), "N",
           "Untimed phases before them. With 0 the first growth of pools is measured, too.\n"
           "For replays the default is 6. They are rounded up like --iters.")
      .check(count(0, max_iters))
      .then([&config](const Flag& flag) {
        if (flag.given()) config.replay_warmup = config.warmup;
      });
  flags
      .add(app.add_option("--repetitions", config.repetitions)->capture_default_str(), "N",
           "Trials of each allocator; 1 to 10000. In each repetition every allocator has one\n"
           "trial, in an order drawn from --seed. A ratio is one of trials of the same\n"
           "repetition, its confidence interval is over the repetitions: give 9 or more.\n"
           "With --profile the default is 1. With --max-noise it is the maximum, 100 by\n"
           "default.")
      .check(count(1, max_repetitions))
      .then([&config](const Flag& flag) {
        if (!flag.given() && config.profile)
          config.repetitions = 1;  // nothing is compared under a profiler
        else if (!flag.given() && config.max_noise)
          config.repetitions = default_repetitions_with_noise;
        else if (config.max_noise && config.repetitions < min_repetitions_for_noise)
          flag.refuse(fmt::format("too few to judge noise by; allowed with --max-noise: {} to {}",
                                  min_repetitions_for_noise, max_repetitions));
      });
  flags
      .add(app.add_option("--max-noise", config.max_noise), "FRACTION",
           "Ends the repetitions of a workload and size once each allocator's end-to-end\n"
           "ratio is known this well: half its 95 % confidence interval, as a fraction of\n"
           "the ratio, over 9 repetitions at least. 0.01 is one per cent. Not for replays.")
      .check(number(0.0001, 1, "0.01"))
      .then([&run, &config](const Flag& flag) {
        if (!config.max_noise) return;
        if (config.profile) flag.refuse("times under --profile are not judged; leave out one of the two");
        if (run.replay) flag.refuse(not_for_replays);
        if (!is_measured(config, config.against))
          flag.refuse(
              fmt::format("is the noise of ratios to {}, which is not measured; add it to --allocator, or "
                          "name another with --against",
                          config.against));
      });
  flags
      .add(app.add_option("--timeout", config.timeout_s), "SECONDS",
           "Ends the run after that time: within a second, or after the phase or batch in\n"
           "progress and what prepares it (inputs, CPU references).\n"
           "Cases that are complete are reported, what is missing is named, and the exit\n"
           "code is 130; with --max-noise nine repetitions complete a case. The same holds\n"
           "for Ctrl-C. A second Ctrl-C ends the program at once.")
      .check(number(0.001, 1e9, "600"));
  std::random_device device;
  config.seed = std::uint64_t{device()} << 32 | device();
  flags
      .add(app.add_option("--seed", config.seed), "N",
           "Of the random input data and of the order of trials. Unless given, that of the\n"
           "baseline, or drawn at random; every result says which it was.")
      .check(count(0, std::numeric_limits<std::uint64_t>::max()))
      .then([&config](const Flag& flag) { config.has_default_seed = !flag.given(); });
}

void add_ranks(CLI::App& app, Flags& flags, RunDraft& run) {
  flags.add_switch("--oversubscribe", run.config.oversubscribe,
                   "Lets ranks share a GPU, which is an error otherwise. Every row says how many do.\n"
                   "Ranks that exchange data cannot share one: NCCL refuses it.");
  flags.add_switch("--per-rank", run.config.per_rank,
                   "A row of each rank, too, behind those of all ranks together.");
  flags
      .add(app.add_option("--rank-timeout", run.config.rank_timeout_s)->capture_default_str(), "SECONDS",
           "Ends the job, with a line that says what it was doing, when a rank has made no\n"
           "progress for that time; while it waits for other ranks, for ten times as long.")
      .check(number(0.1, 1e9, "600"));
}

void add_instruments(CLI::App& app, Flags& flags, RunDraft& run) {
  flags.add_switch("--profile", run.config.profile,
                   "For runs under a profiler: puts the measured batches of a trial into an NVTX\n"
                   "range, \"measured\" in the domain \"daa\", with a range for each phase. Times\n"
                   "include the ranges.");
  flags
      .add(app.add_option("--count-calls", run.config.count_calls)->default_str("true"), "true|false",
           "Counts CUDA calls in a separate, untimed pass. On a GPU, CUPTI is attached to the\n"
           "process for each such pass; false never attaches it and leaves the columns empty.\n"
           "Launches of graphs ask the allocator for nothing: 0 calls, in any case.")
      .check(one_of({"true", "false", "1", "0"}));
}

}  // namespace

void add_run_flags(CLI::App& app, Flags& flags, RunDraft& run) {
  flags.group("What to measure");
  add_workload(app, flags, run);
  add_trace(app, flags, run);
  add_allocator(app, flags, run);
  add_sizes(app, flags, run);
  add_device(app, flags, run);

  flags.group("How phases are run (each combination is measured)");
  add_modes(app, flags, run);
  add_vary(app, flags, run);

  flags.group("How they are measured");
  add_counts(app, flags, run);
  add_instruments(app, flags, run);

  flags.group("Several GPUs (mpirun -n N daa-bench ...: a process, or rank, for each)");
  add_ranks(app, flags, run);

  add_result_flags(app, flags, run.config);

  flags.group("General");
  flags.add(app.add_option("--config", run.config_path), "FILE",
            "Reads flags from a file of lines such as iters = 100 or\n"
            "workload = [\"scan\", \"sort\"]. Unknown keys and sections are refused.");
}

}  // namespace daa::bench
