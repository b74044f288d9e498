#include "replay/program.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "arena/src/phase_plan.hpp"

namespace daa::bench {
namespace {

using Step = ReplayStep;
using v0_1::detail::Lifetime;
using v0_1::detail::PhasePlan;
using v0_1::detail::plan_phase;

class Compiler {
 public:
  explicit Compiler(const Trace& trace)
      : program_{.slots = {},
                 .phases = {},
                 .operations = {},
                 .passes = trace.passes,
                 .threads = trace.threads,
                 .streams = trace.streams,
                 .blocks = trace.blocks} {
    for (const Trace::Phase& phase : trace.phases) add_phase(phase);
    for (ReplaySlot& slot : program_.slots) {
      slot.demand.allocations_per_phase /= static_cast<double>(trace.phases.size());
      slot.demand.bytes_per_phase /= static_cast<double>(trace.phases.size());
    }
  }

  ReplayProgram take() { return std::move(program_); }

 private:
  // A block of the phase at hand that is live.
  struct Live {
    std::uint32_t slot;
    std::size_t step;      // its allocation among the thread's steps
    std::size_t lifetime;  // its number among the slot's
  };

  void add_phase(const Trace::Phase& phase) {
    program_.phases.emplace_back(program_.threads);
    program_.operations.push_back(phase.size());
    live_.clear();
    lifetimes_.assign(program_.slots.size(), {});
    for (const TraceOperation& operation : phase) {
      if (operation.allocates) {
        allocate(operation);
      } else {
        free(operation);
      }
    }
    for (std::size_t slot = 0; slot < program_.slots.size(); ++slot)
      add_demand(program_.slots[slot], lifetimes_[slot]);
  }

  static void add_demand(ReplaySlot& slot, const std::vector<Lifetime>& lifetimes) {
    std::size_t bytes = 0;
    for (const Lifetime& life : lifetimes) bytes += life.size;
    slot.demand.allocations_per_phase += static_cast<double>(lifetimes.size());
    slot.demand.max_phase_bytes = std::max(slot.demand.max_phase_bytes, bytes);
    const PhasePlan plan = plan_phase(lifetimes);
    slot.plan.offsets.insert(slot.plan.offsets.end(), plan.offsets.begin(), plan.offsets.end());
    slot.plan.bytes = std::max(slot.plan.bytes, plan.bytes);
  }

  ReplayProgram::Steps& steps_of(std::uint32_t slot) {
    return program_.phases.back()[program_.slots[slot].thread];
  }

  std::uint32_t slot_of(const TraceOperation& operation) {
    const auto number = static_cast<std::uint32_t>(program_.slots.size());
    const auto [found, is_new] = slot_numbers_.emplace(std::pair{operation.thread, operation.stream}, number);
    if (is_new) {
      program_.slots.push_back({operation.thread, operation.stream, {}, {}});
      lifetimes_.emplace_back();
    }
    return found->second;
  }

  void allocate(const TraceOperation& operation) {
    const std::uint32_t slot = slot_of(operation);
    std::vector<Step>& steps = steps_of(slot);
    live_.emplace(operation.block, Live{slot, steps.size(), lifetimes_[slot].size()});
    lifetimes_[slot].push_back({steps.size(), 0, footprint(operation.bytes)});
    program_.slots[slot].demand.bytes_per_phase += static_cast<double>(operation.bytes);
    steps.push_back({.kind = Step::Kind::allocate,
                     .block = operation.block,
                     .slot_or_stream = slot,
                     .bytes = operation.bytes});
  }

  void free(const TraceOperation& operation) {
    const auto found = live_.find(operation.block);
    const Live live = found->second;
    live_.erase(found);
    const ReplaySlot& slot = program_.slots[live.slot];
    std::vector<Step>& steps = steps_of(live.slot);
    Step step{.kind = Step::Kind::free,
              .block = operation.block,
              .slot_or_stream = live.slot,
              .bytes = operation.bytes};
    if (operation.thread != slot.thread || operation.stream != slot.stream) {
      step.changes_stream = operation.stream != slot.stream;
      step.crossing = static_cast<std::uint32_t>(program_.crossings++);
      steps[live.step].crossing = step.crossing;
      Step hand_over = step;
      hand_over.kind = Step::Kind::hand_over;
      hand_over.slot_or_stream = operation.stream;
      program_.phases.back()[operation.thread].push_back(hand_over);
      step.kind = Step::Kind::take_back;
    }
    lifetimes_[live.slot][live.lifetime].end = steps.size();
    steps.push_back(step);
  }

  ReplayProgram program_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> slot_numbers_;
  std::unordered_map<std::uint32_t, Live> live_;
  std::vector<std::vector<Lifetime>> lifetimes_;  // of each slot, in the phase at hand
};

}  // namespace

ReplayProgram make_program(const Trace& trace) {
  return Compiler{trace}.take();
}

}  // namespace daa::bench
