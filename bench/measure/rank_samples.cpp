#include "measure/rank_samples.hpp"

#include <algorithm>
#include <optional>

#include "ranks/parcel.hpp"

namespace daa::bench {

namespace {

/// What is gathered of a trial, by one list for both directions: put into a Parcel, or taken out.
template <class Samples, class Visit>
void visit(Samples& samples, Visit visit) {
  for (auto* const clock : {&samples.host_enqueue, &samples.device, &samples.end_to_end, &samples.operation})
    visit(*clock);
  visit(samples.clock.sm_mhz);
  visit(samples.clock.is_slowed_down);
  auto& found = samples.findings;
  for (auto* const figure : {&found.graph_memory_nodes, &found.allocation_ns, &found.slowest_allocation_ns,
                             &found.first_phase_ns, &found.worst_phase_ns, &found.serial_ns})
    visit(*figure);
  visit(found.reserved_bytes);
  visit(found.pool_mapped_bytes);
}

void put(Parcel& parcel, const CallCounts& calls) {
  parcel.put(calls.runtime);
  parcel.put(calls.driver);
  for (const std::size_t count : calls.by_kind) parcel.put(count);
  parcel.put(calls.synchronisations);
}

CallCounts take_calls(ParcelReader& reader) {
  CallCounts calls;
  reader.take(calls.runtime);
  reader.take(calls.driver);
  for (std::size_t& count : calls.by_kind) reader.take(count);
  reader.take(calls.synchronisations);
  return calls;
}

using Figure = std::optional<double> TrialFindings::*;

std::vector<double> found_by(const std::vector<TrialSamples>& of_ranks, Figure figure) {
  std::vector<double> values;
  for (const TrialSamples& each : of_ranks)
    if (each.findings.*figure) values.push_back(*(each.findings.*figure));
  return values;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// `of` the values of each sample in each rank.
template <class Of>
std::vector<double> sample_by_sample(const std::vector<TrialSamples>& of_ranks,
                                     std::vector<double> TrialSamples::*clock, Of of) {
  std::vector<double> result, values(of_ranks.size());
  for (std::size_t i = 0; i < (of_ranks.front().*clock).size(); ++i) {
    for (std::size_t rank = 0; rank < of_ranks.size(); ++rank) values[rank] = (of_ranks[rank].*clock)[i];
    result.push_back(of(values));
  }
  return result;
}

double greatest_of(const std::vector<double>& values) {
  return std::ranges::max(values);
}

}  // namespace

std::vector<TrialSamples> gather_samples(Ranks& ranks, const TrialSamples& own) {
  Parcel parcel;
  visit(own, [&](const auto& value) { parcel.put(value); });
  std::vector<TrialSamples> of_ranks;
  for (const std::string& bytes : ranks.gather(parcel.bytes())) {
    ParcelReader reader{bytes};
    visit(of_ranks.emplace_back(), [&](auto& value) { reader.take(value); });
  }
  return of_ranks;
}

std::vector<Recording> gather_recordings(Ranks& ranks, const Recording& own) {
  Parcel parcel;
  parcel.put(own.calls.has_value());
  if (own.calls) put(parcel, *own.calls);
  for (const std::size_t figure :
       {own.phases, own.reserved_bytes, own.pool_mapped_bytes, own.peak_live_bytes})
    parcel.put(figure);
  std::vector<Recording> of_ranks;
  for (const std::string& bytes : ranks.gather(parcel.bytes())) {
    ParcelReader reader{bytes};
    Recording& each = of_ranks.emplace_back();
    bool has_calls = false;
    reader.take(has_calls);
    if (has_calls) each.calls = take_calls(reader);
    for (std::size_t* const figure :
         {&each.phases, &each.reserved_bytes, &each.pool_mapped_bytes, &each.peak_live_bytes})
      reader.take(*figure);
  }
  return of_ranks;
}

TrialSamples combined(const std::vector<TrialSamples>& of_ranks) {
  TrialSamples all;
  all.host_enqueue = sample_by_sample(of_ranks, &TrialSamples::host_enqueue, mean);
  all.device = sample_by_sample(of_ranks, &TrialSamples::device, mean);
  all.operation = sample_by_sample(of_ranks, &TrialSamples::operation, mean);
  all.end_to_end = sample_by_sample(of_ranks, &TrialSamples::end_to_end, greatest_of);
  all.imbalance =
      sample_by_sample(of_ranks, &TrialSamples::end_to_end,
                       [](const std::vector<double>& values) { return greatest_of(values) / mean(values); });
  all.clock = of_ranks.front().clock;
  for (const TrialSamples& each : of_ranks) all.clock = clock_of_trial(all.clock, each.clock);

  const auto combine = [&](Figure figure, auto of) {
    const std::vector<double> values = found_by(of_ranks, figure);
    if (!values.empty()) all.findings.*figure = of(values);
  };
  for (const Figure figure : {&TrialFindings::graph_memory_nodes, &TrialFindings::allocation_ns,
                              &TrialFindings::first_phase_ns, &TrialFindings::serial_ns})
    combine(figure, mean);
  for (const Figure figure : {&TrialFindings::slowest_allocation_ns, &TrialFindings::worst_phase_ns})
    combine(figure, greatest_of);
  for (const TrialSamples& each : of_ranks) {
    all.findings.reserved_bytes = std::max(all.findings.reserved_bytes, each.findings.reserved_bytes);
    all.findings.pool_mapped_bytes =
        std::max(all.findings.pool_mapped_bytes, each.findings.pool_mapped_bytes);
  }
  return all;
}

Recording greatest(const std::vector<Recording>& of_ranks) {
  Recording all = of_ranks.front();
  for (const Recording& each : of_ranks) {
    all.reserved_bytes = std::max(all.reserved_bytes, each.reserved_bytes);
    all.pool_mapped_bytes = std::max(all.pool_mapped_bytes, each.pool_mapped_bytes);
    all.peak_live_bytes = std::max(all.peak_live_bytes, each.peak_live_bytes);
    if (!all.calls || !each.calls) {
      all.calls.reset();
      continue;
    }
    all.calls->runtime = std::max(all.calls->runtime, each.calls->runtime);
    if (all.calls->driver && each.calls->driver)
      all.calls->driver = std::max(*all.calls->driver, *each.calls->driver);
    for (std::size_t kind = 0; kind < call_kinds; ++kind)
      all.calls->by_kind[kind] = std::max(all.calls->by_kind[kind], each.calls->by_kind[kind]);
    all.calls->synchronisations = std::max(all.calls->synchronisations, each.calls->synchronisations);
  }
  return all;
}

Series part_of(const Series& together, std::size_t rank) {
  Series part = together;
  part.trials.clear();
  for (const TrialSamples& trial : together.trials)
    if (rank < trial.of_ranks.size()) part.trials.push_back(trial.of_ranks[rank]);
  if (rank < together.recordings.size()) part.recording = together.recordings[rank];
  part.reserved_bytes = part.pool_mapped_bytes = 0;
  for (const TrialSamples& trial : part.trials) {
    part.reserved_bytes = std::max(part.reserved_bytes, trial.findings.reserved_bytes);
    part.pool_mapped_bytes = std::max(part.pool_mapped_bytes, trial.findings.pool_mapped_bytes);
  }
  return part;
}

}  // namespace daa::bench
