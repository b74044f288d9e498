#include "phase_plans.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "offset_table.hpp"
#include "phase_plan.hpp"

namespace daa::v0_1::detail {

std::optional<PlannedPhase> PlannedPhase::of(const std::vector<RecordedStep>& record) {
  PlannedPhase phase;
  OffsetTable live;  // the step that allocated at each offset
  phase.steps_.reserve(record.size());
  for (const RecordedStep& each : record) {
    const std::size_t step = phase.steps_.size();
    if (!each.frees) {
      live.prepare();
      live.put(each.offset, step);
      phase.steps_.push_back({each.offset, each.size, 0, none});
      phase.bytes_ = std::max(phase.bytes_, each.offset + each.size);
    } else {
      const std::size_t* const found = live.find(each.offset);
      if (found == nullptr || phase.steps_[*found].size != each.size) return std::nullopt;
      phase.steps_.push_back({each.offset, each.size, 0, static_cast<std::uint32_t>(*found)});
      live.remove(each.offset);
    }
  }
  return phase;
}

// The first allocation lies in the lower half: where a phase leaves the plan early, there is then as much
// room in one piece behind what is live.
void PlannedPhase::plan(bool in_one_chunk) {
  std::vector<Lifetime> lifetimes;
  std::vector<std::size_t> numbers(steps_.size());  // of the allocations
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].allocation != none) {
      lifetimes[numbers[steps_[i].allocation]].end = i;
    } else {
      numbers[i] = lifetimes.size();
      lifetimes.push_back({i, steps_.size(), steps_[i].size});
    }
  }
  const PhasePlan plan = plan_phase(lifetimes);
  if (in_one_chunk && plan.bytes >= bytes_) return;
  bytes_ = plan.bytes;
  const bool mirrored = 2 * plan.offsets[0] + steps_[0].size > bytes_;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].allocation != none) continue;
    const std::size_t offset = plan.offsets[numbers[i]];
    steps_[i].offset = mirrored ? bytes_ - offset - steps_[i].size : offset;
  }
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

PlannedPhase* PhasePlans::choose(std::size_t first_size, std::size_t room) noexcept {
  PlannedPhase* best = nullptr;
  for (PlannedPhase& plan : plans_) {
    if (plan.first_size() < first_size || plan.bytes() > room) continue;
    const bool is_expected = plan.number == plans_.back().successor;
    if (best == nullptr || plan.first_size() < best->first_size() ||
        (plan.first_size() == best->first_size() && is_expected))
      best = &plan;
  }
  return best;
}

void PhasePlans::note(PlannedPhase& plan) noexcept {
  plans_.back().successor = plan.number;
  const auto position = plans_.begin() + (&plan - plans_.data());
  std::rotate(position, position + 1, plans_.end());
}

std::optional<std::size_t> PhasePlans::learn(const std::vector<RecordedStep>& record,
                                             bool in_one_chunk) noexcept try {
  std::optional<PlannedPhase> learned = PlannedPhase::of(record);
  if (!learned) return std::nullopt;
  const auto serving = std::find_if(plans_.begin(), plans_.end(),
                                    [&](const PlannedPhase& plan) { return plan.serves(*learned); });
  if (serving != plans_.end()) {
    note(*serving);
    return plans_.back().bytes();
  }
  learned->plan(in_one_chunk);
  learned->number = ++newest_;
  plans_.reserve(most);
  if (!plans_.empty()) plans_.back().successor = newest_;
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
