#include "replay/program.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "replay/placement.hpp"

namespace daa::bench {
namespace {

using Step = ReplayStep;

class Compiler {
 public:
  explicit Compiler(const Trace& trace)
      : program_{.lanes = {},
                 .phases = {},
                 .threads = trace.threads,
                 .streams = trace.streams,
                 .blocks = trace.blocks,
                 .operations = trace.operations} {
    for (const Trace::Phase& phase : trace.phases) add_phase(phase);
    for (ReplayLane& lane : program_.lanes) {
      lane.demand.allocations_per_phase /= static_cast<double>(trace.phases.size());
      lane.demand.bytes_per_phase /= static_cast<double>(trace.phases.size());
    }
  }

  ReplayProgram take() { return std::move(program_); }

 private:
  // A block of the phase at hand that is live.
  struct Live {
    std::uint32_t lane;
    std::size_t step;      // its allocation among the thread's steps
    std::size_t lifetime;  // its number among the lane's
  };

  void add_phase(const Trace::Phase& phase) {
    program_.phases.emplace_back(program_.threads);
    live_.clear();
    lifetimes_.assign(program_.lanes.size(), {});
    for (const TraceOperation& operation : phase) {
      if (operation.allocates) {
        allocate(operation);
      } else {
        free(operation);
      }
    }
    for (const auto& [block, live] : live_) {
      ReplayProgram::ThreadPhase& thread = thread_of(live.lane);
      lifetimes_[live.lane][live.lifetime].end = thread.steps.size();
      thread.left.push_back(thread.steps[live.step]);
    }
    for (std::size_t lane = 0; lane < program_.lanes.size(); ++lane)
      add_demand(program_.lanes[lane], lifetimes_[lane]);
  }

  static void add_demand(ReplayLane& lane, const std::vector<Lifetime>& lifetimes) {
    std::size_t bytes = 0;
    for (const Lifetime& life : lifetimes) {
      bytes += footprint(life.bytes);
      lane.demand.bytes_per_phase += static_cast<double>(life.bytes);
    }
    lane.demand.allocations_per_phase += static_cast<double>(lifetimes.size());
    lane.demand.max_phase_bytes = std::max(lane.demand.max_phase_bytes, bytes);
    const PlacementPlan plan = plan_placement(lifetimes);
    lane.plan.offsets.insert(lane.plan.offsets.end(), plan.offsets.begin(), plan.offsets.end());
    lane.plan.bytes = std::max(lane.plan.bytes, plan.bytes);
  }

  ReplayProgram::ThreadPhase& thread_of(std::uint32_t lane) {
    return program_.phases.back()[program_.lanes[lane].thread];
  }

  std::uint32_t lane_of(const TraceOperation& operation) {
    const auto number = static_cast<std::uint32_t>(program_.lanes.size());
    const auto [found, is_new] = lane_numbers_.emplace(std::pair{operation.thread, operation.stream}, number);
    if (is_new) {
      program_.lanes.push_back({operation.thread, operation.stream, {}, {}});
      lifetimes_.emplace_back();
    }
    return found->second;
  }

  void allocate(const TraceOperation& operation) {
    const std::uint32_t lane = lane_of(operation);
    std::vector<Step>& steps = thread_of(lane).steps;
    live_.emplace(operation.block, Live{lane, steps.size(), lifetimes_[lane].size()});
    lifetimes_[lane].push_back({steps.size(), 0, operation.bytes});
    steps.push_back(
        {.kind = Step::Kind::allocate, .block = operation.block, .place = lane, .bytes = operation.bytes});
  }

  void free(const TraceOperation& operation) {
    const auto found = live_.find(operation.block);
    const Live live = found->second;
    live_.erase(found);
    const ReplayLane& lane = program_.lanes[live.lane];
    std::vector<Step>& steps = thread_of(live.lane).steps;
    Step step{
        .kind = Step::Kind::free, .block = operation.block, .place = live.lane, .bytes = operation.bytes};
    if (operation.thread != lane.thread || operation.stream != lane.stream) {
      step.changes_stream = operation.stream != lane.stream;
      step.crossing = static_cast<std::uint32_t>(program_.crossings++);
      steps[live.step].crossing = step.crossing;
      Step hand_over = step;
      hand_over.kind = Step::Kind::hand_over;
      hand_over.place = operation.stream;
      program_.phases.back()[operation.thread].steps.push_back(hand_over);
      step.kind = Step::Kind::take_back;
    }
    lifetimes_[live.lane][live.lifetime].end = steps.size();
    steps.push_back(step);
  }

  ReplayProgram program_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> lane_numbers_;
  std::unordered_map<std::uint32_t, Live> live_;
  std::vector<std::vector<Lifetime>> lifetimes_;  // of each lane, in the phase at hand
};

}  // namespace

ReplayProgram make_program(const Trace& trace) {
  return Compiler{trace}.take();
}

}  // namespace daa::bench
