#include "phase_plans.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "offset_table.hpp"
#include "phase_plan.hpp"

namespace daa::v0_1::detail {

std::optional<PlannedPhase> PlannedPhase::of(const std::vector<RecordedStep>& record, bool in_one_chunk) {
  PlannedPhase planned;
  std::vector<Lifetime> lifetimes;
  std::vector<std::size_t> steps;  // of the allocations
  OffsetTable live;                // the number of the allocation at each offset
  planned.steps_.reserve(record.size());
  for (const RecordedStep& each : record) {
    const std::size_t step = planned.steps_.size();
    if (!each.frees) {
      live.prepare();
      live.put(each.offset, lifetimes.size());
      lifetimes.push_back({step, record.size(), each.size});
      steps.push_back(step);
      planned.bytes_ = std::max(planned.bytes_, each.offset + each.size);
      planned.steps_.push_back({each.offset, each.size, 0, none});
    } else {
      const std::size_t* const found = live.find(each.offset);
      if (found == nullptr || lifetimes[*found].size != each.size) return std::nullopt;
      const std::size_t allocation = *found;
      live.remove(each.offset);
      lifetimes[allocation].end = step;
      planned.steps_.push_back({each.offset, each.size, 0, static_cast<std::uint32_t>(steps[allocation])});
    }
  }
  const PhasePlan plan = plan_phase(lifetimes);
  if (plan.bytes < planned.bytes_ || !in_one_chunk) {
    planned.bytes_ = plan.bytes;
    for (std::size_t i = 0; i < steps.size(); ++i) planned.steps_[steps[i]].offset = plan.offsets[i];
  }
  return planned;
}

std::vector<RecordedStep> PlannedPhase::so_far() const {
  std::vector<RecordedStep> record;
  record.reserve(next_);
  for (std::size_t i = 0; i < next_; ++i) {
    const bool frees = steps_[i].allocation != none;
    const Step& allocation = frees ? steps_[steps_[i].allocation] : steps_[i];
    record.push_back({allocation.offset, allocation.taken, frees});
  }
  return record;
}

bool PlannedPhase::has_live(Range place) const noexcept {
  bool is_live = false;
  for (std::size_t i = 0; i < next_; ++i) {
    const bool frees = steps_[i].allocation != none;
    const Step& allocation = frees ? steps_[steps_[i].allocation] : steps_[i];
    if (allocation.offset == place.begin) is_live = !frees && allocation.taken == place.end - place.begin;
  }
  return is_live;
}

std::vector<Range> PlannedPhase::live() const {
  std::vector<bool> is_live(next_);
  for (std::size_t i = 0; i < next_; ++i)
    is_live[steps_[i].allocation == none ? i : steps_[i].allocation] = steps_[i].allocation == none;
  std::vector<Range> places;
  for (std::size_t i = 0; i < next_; ++i)
    if (is_live[i]) places.push_back({steps_[i].offset, steps_[i].offset + steps_[i].taken});
  std::sort(places.begin(), places.end(), [](Range a, Range b) { return a.begin < b.begin; });
  return places;
}

bool PlannedPhase::serves(const PlannedPhase& other) const noexcept {
  return std::equal(
      steps_.begin(), steps_.end(), other.steps_.begin(), other.steps_.end(),
      [](const Step& a, const Step& b) { return a.allocation == b.allocation && a.size >= b.size; });
}

PlannedPhase* PhasePlans::choose(std::size_t first_size) noexcept {
  auto best = plans_.end();
  for (auto plan = plans_.begin(); plan != plans_.end(); ++plan) {
    if (plan->first_size() < first_size) continue;
    if (best == plans_.end() || plan->first_size() <= best->first_size()) best = plan;
  }
  if (best == plans_.end()) return nullptr;
  std::rotate(best, best + 1, plans_.end());
  return &plans_.back();
}

std::optional<std::size_t> PhasePlans::learn(const std::vector<RecordedStep>& record,
                                             bool in_one_chunk) noexcept try {
  std::optional<PlannedPhase> learned = PlannedPhase::of(record, in_one_chunk);
  if (!learned) return std::nullopt;
  plans_.reserve(most);
  const auto served = std::find_if(plans_.begin(), plans_.end(),
                                   [&](const PlannedPhase& plan) { return learned->serves(plan); });
  if (served != plans_.end()) {
    plans_.erase(served);
  } else if (plans_.size() == most) {
    plans_.erase(plans_.begin());
  }
  plans_.push_back(std::move(*learned));
  return plans_.back().bytes();
} catch (const std::bad_alloc&) {
  return std::nullopt;
}

std::size_t PhasePlans::bytes() const noexcept {
  std::size_t most_bytes = 0;
  for (const PlannedPhase& plan : plans_) most_bytes = std::max(most_bytes, plan.bytes());
  return most_bytes;
}

}  // namespace daa::v0_1::detail
