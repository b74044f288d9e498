#include "replay/replay_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "replay/session.hpp"
#include "replay/variation.hpp"
#include "text.hpp"
#include "usage_error.hpp"

namespace daa::bench {

namespace {

constexpr std::string_view workload_name = "replay";

std::size_t whole_passes(std::size_t phases, const ReplayProgram& program) {
  const std::size_t pass = program.phases_of_a_pass();
  return (phases + pass - 1) / pass;
}

Schedule schedule_of(const ReplayProgram& program, SyncMode sync, const RunConfig& config) {
  const std::size_t pass = program.phases_of_a_pass();
  const std::size_t samples = whole_passes(config.replay_iters, program);
  return {.warmup = whole_passes(config.replay_warmup, program) * pass,
          .iters = samples * pass,
          .samples = samples,
          .batches_per_sample = sync == SyncMode::phase ? pass : 1};
}

TrialFindings findings_of(ReplaySession& session) {
  TrialFindings findings;
  findings.error = session.find_error();
  findings.reserved_bytes = session.reserved_bytes();
  findings.pool_mapped_bytes = session.pool_mapped_bytes();
  return findings;
}

class ReplayTrial final : public Trial {
 public:
  ReplayTrial(const SharedTrace& shared, const AllocatorInfo& allocator, SyncMode sync,
              const StopCondition& stop)
      : program_(shared.program), sync_(sync), session_(shared.program, allocator, stop) {}

  [[nodiscard]] WorkerTeam* team() override { return session_.team(); }

  // The first worker synchronises every stream: at the end of a phase it has waited for the others.
  [[nodiscard]] std::span<const cudaStream_t> streams(std::size_t worker) const override {
    return worker == 0 ? session_.streams() : std::span<const cudaStream_t>{};
  }

  [[nodiscard]] bool uses_device() const override { return false; }
  [[nodiscard]] std::size_t operations_of(std::size_t phase) const override {
    return program_.operations[phase % program_.phases.size()];
  }
  void enqueue_phase(std::size_t worker) override { session_.run_phase(worker); }
  [[nodiscard]] double take_waited_ns(std::size_t worker) override { return session_.take_waited_ns(worker); }

  // One pass more, in which every block is checked.
  [[nodiscard]] TrialFindings finish(bool /*check*/) override {
    session_.run_checked(1);
    return findings_of(session_);
  }

  [[nodiscard]] Recording record(CallCounter* counter) override {
    Recording recording;
    recording.phases = program_.phases.size();
    if (counter != nullptr) recording.calls = session_.run_counted(*counter, sync_ == SyncMode::phase);
    return recording;
  }

 private:
  const ReplayProgram& program_;
  SyncMode sync_;
  ReplaySession session_;
};

}  // namespace

std::shared_ptr<const SharedTrace> load_trace(const TraceFile& file, Variation variation,
                                              std::uint64_t seed) {
  try {
    Trace trace = varied(read_trace(file.path), variation, seed);
    ReplayProgram program = make_program(trace);
    return std::make_shared<const SharedTrace>(file.name, std::move(trace), std::move(program), variation);
  } catch (const UsageError& error) {
    throw UsageError(one_line(fmt::format("--trace={}: {}", excerpt(file.name), error.what())));
  }
}

ReplayCase::ReplayCase(std::shared_ptr<const SharedTrace> shared, SyncMode sync, const RunConfig& config)
    : shared_(std::move(shared)),
      sync_(sync),
      flush_l2_(config.flush_l2),
      schedule_(schedule_of(shared_->program, sync, config)) {}

std::string_view ReplayCase::workload() const {
  return workload_name;
}

void ReplayCase::describe(Row& row) const {
  const Trace& trace = shared_->trace;
  row.workload = workload_name;
  row.configuration = {.sync = sync_,
                       .mode = Mode::replay,
                       .threads = trace.threads,
                       .streams = trace.streams,
                       .flush_l2 = flush_l2_,
                       .vary = shared_->variation};
  for (const ReplaySlot& slot : shared_->program.slots) {
    row.allocations_per_phase += slot.demand.allocations_per_phase;
    row.asked_per_phase_bytes += slot.demand.bytes_per_phase;
    row.peak_phase_bytes += slot.demand.max_phase_bytes;
  }
  ReplayFigures& figures = row.replay.emplace();
  figures.trace = shared_->name;
  figures.operations = trace.operations / trace.passes;
  figures.left_out = trace.left_out;
  figures.peak_live_bytes = trace.peak_live_bytes;
}

TrialFindings ReplayCase::verify(const AllocatorInfo& allocator, const StopCondition& stop) {
  // From the first phase on, in which the allocator grows. Phases that are not varied come twice.
  ReplaySession session{shared_->program, allocator, stop};
  session.run_checked(std::max(std::size_t{2}, shared_->program.passes));
  return findings_of(session);
}

std::unique_ptr<Trial> ReplayCase::make_trial(const AllocatorInfo& allocator, const StopCondition& stop) {
  return std::make_unique<ReplayTrial>(*shared_, allocator, sync_, stop);
}

}  // namespace daa::bench
