#include "cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "measure/workload_case.hpp"
#include "replay/replay_case.hpp"
#include "text.hpp"
#include "usage_error.hpp"

namespace daa::bench {

namespace {

/// The most instances of a workload that are there at once, beside the one that is verified.
std::size_t most_copies(const std::vector<Configuration>& configurations) {
  std::size_t copies = 0;
  for (const Configuration& each : configurations)
    if (each.mode == Mode::threads || each.mode == Mode::streams) copies = std::max(copies, each.streams);
  return copies;
}

void refuse_oversized(const WorkloadInfo& workload, std::size_t elements, std::size_t copies,
                      std::size_t device_bytes) {
  const std::size_t bytes_per_element = workload.bytes_per_element * (1 + copies);
  const std::size_t most = device_bytes / bytes_per_element;
  if (elements <= most) return;
  const double needed = static_cast<double>(elements) * static_cast<double>(bytes_per_element);
  throw UsageError(fmt::format(
      "--elements={}: {} needs about {}{}, the device has {}; {}", elements, workload.name,
      format_bytes(needed), copies > 0 ? fmt::format(" for verifying and {} streams", copies) : "",
      format_bytes(static_cast<double>(device_bytes)),
      most < workload.min_elements ? "no size of it fits"
                                   : fmt::format("the largest that fits is {}", most)));
}

}  // namespace

std::vector<Configuration> configurations_of(const RunConfig& config) {
  std::vector<Configuration> result;
  for (const Mode mode : config.modes) {
    for (const SyncMode sync : config.sync_modes) {
      Configuration each{.sync = sync, .mode = mode, .flush_l2 = config.flush_l2};
      if (mode == Mode::cold) {
        each.sync = SyncMode::phase;
        result.push_back(each);
        break;
      }
      for (const std::size_t threads : config.threads) {
        each.mode = Mode::threads;
        each.threads = each.streams = threads;
        result.push_back(each);
      }
      for (const std::size_t streams : config.streams) {
        each.mode = Mode::streams;
        each.threads = 1;
        each.streams = streams;
        result.push_back(each);
      }
      if (config.threads.empty() && config.streams.empty()) result.push_back(each);
    }
  }
  return result;
}

Cases make_cases(const RunConfig& config, std::size_t device_bytes, Ranks& ranks) {
  const std::vector<Configuration> configurations = configurations_of(config);
  Cases cases;
  const auto add = [&](const std::shared_ptr<SharedWorkload>& shared,
                       const std::shared_ptr<SharedWorkload>& alone = nullptr) {
    for (const Configuration& configuration : configurations)
      cases.push_back(std::make_unique<WorkloadCase>(shared, configuration, config, alone));
  };
  for (const WorkloadInfo* const workload : config.workloads)
    for (const std::size_t elements : config.elements) {
      // The first rank has what it does alone, too.
      const std::size_t alone = workload->make_between != nullptr && !ranks.is_alone() ? 1 : 0;
      refuse_oversized(*workload, elements, most_copies(configurations) + alone,
                       device_bytes / ranks.ranks_per_device());
      if (workload->make_between != nullptr && !ranks.is_alone()) {
        add(std::make_shared<SharedWorkload>(*workload, elements, std::nullopt, config.seed,
                                             &ranks.transport()),
            ranks.is_first()
                ? std::make_shared<SharedWorkload>(*workload, elements, std::nullopt, config.seed)
                : nullptr);
        continue;
      }
      if (workload->make_cut == nullptr || config.allocs_per_phase.empty()) {
        add(std::make_shared<SharedWorkload>(*workload, elements, std::nullopt, config.seed));
        continue;
      }
      for (const std::size_t allocs : config.allocs_per_phase)
        add(std::make_shared<SharedWorkload>(*workload, elements, allocs, config.seed));
    }
  for (const TraceFile& file : config.traces)
    for (const Variation variation : config.variations) {
      const auto trace = load_trace(file, variation, config.seed);
      for (const SyncMode sync : config.sync_modes)
        cases.push_back(std::make_unique<ReplayCase>(trace, sync, config));
    }
  return cases;
}

}  // namespace daa::bench
