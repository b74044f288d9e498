// How a turn, and the verification before it, find wrong results.

#include "turn_fixture.hpp"
#include "workload_allocators.hpp"

namespace daa::test {
namespace {

// Lets all temporaries of its phase number `wrong_phase` overlap, counted from 0.
class OnceOverlapping final : public ScratchAllocator {
 public:
  static inline std::size_t wrong_phase = 0;

  explicit OnceOverlapping(const Demand& demand)
      : right_(demand.max_phase_bytes, BlockAllocator::behind_previous),
        wrong_(demand.max_phase_bytes, BlockAllocator::all_at_start) {}

  void* allocate(std::size_t bytes) override { return current().allocate(bytes); }
  void end_phase() override {
    current().end_phase();
    ++phase_;
  }
  [[nodiscard]] std::size_t bytes_reserved() const override { return 0; }

 private:
  BlockAllocator& current() { return phase_ == wrong_phase ? wrong_ : right_; }

  BlockAllocator right_, wrong_;
  std::size_t phase_ = 0;
};

std::unique_ptr<ScratchAllocator> make_once_overlapping(cudaStream_t, const Demand& demand) {
  return std::make_unique<OnceOverlapping>(demand);
}

// Does nothing but to write down what it is asked for, a letter each: restart, spoil, enqueue, check.
class Scripted final : public Workload {
 public:
  [[nodiscard]] std::size_t cycle_length() const override { return 3; }
  void restart_cycle() override { script += 'r'; }
  void enqueue_phase(ScratchAllocator&, cudaStream_t) override { script += 'e'; }
  void spoil_outputs(cudaStream_t) override { script += 's'; }
  std::optional<std::string> find_error(cudaStream_t) override {
    script += 'c';
    return std::nullopt;
  }

  std::string script;
};

class TurnResults : public TurnTest {};

TEST_F(TurnResults, AWrongResultOfAnyPhaseAfterTheMeasuredOnesIsFound) {
  const Problem compact = problem("compact");
  const auto once_overlapping = allocator_of<make_once_overlapping>("once-overlapping");
  const TurnOptions options{.iters = 3, .warmup = 2};
  for (std::size_t phase = 0; phase < 4; ++phase) {
    OnceOverlapping::wrong_phase = 5 + phase;
    Turn turn{compact, once_overlapping, options};
    measure_all(turn, options);
    EXPECT_NE(turn.finish().error, std::nullopt) << "phase " << phase << " of the last cycle";
  }
  OnceOverlapping::wrong_phase = 9;
  Turn turn{compact, once_overlapping, options};
  measure_all(turn, options);
  EXPECT_EQ(turn.finish().error, std::nullopt);
}

TEST_F(TurnResults, VerificationRunsEveryPhaseTwice) {
  const Problem compact = problem("compact");
  const auto once_overlapping = allocator_of<make_once_overlapping>("once-overlapping");
  for (std::size_t phase = 0; phase < 8; ++phase) {
    OnceOverlapping::wrong_phase = phase;
    EXPECT_NE(find_error(compact, once_overlapping), std::nullopt) << phase;
  }
  OnceOverlapping::wrong_phase = 8;
  EXPECT_EQ(find_error(compact, once_overlapping), std::nullopt);
}

TEST_F(TurnResults, SpoilsTheOutputsBeforeEachPhaseThatIsChecked) {
  Scripted scripted;
  const Problem problem{"scripted", scripted, {}, stream()};
  ASSERT_EQ(find_error(problem, allocator("cuda-malloc")), std::nullopt);
  EXPECT_EQ(scripted.script,
            "r"
            "sec"
            "sec"
            "sec"
            "sec"
            "sec"
            "sec");

  scripted.script.clear();
  Turn turn{problem, allocator("cuda-malloc"), {.iters = 4, .warmup = 1}};
  turn.measure();
  EXPECT_EQ(scripted.script,
            "r"
            "e"
            "eeee");
  scripted.script.clear();
  EXPECT_EQ(turn.finish().error, std::nullopt);
  EXPECT_EQ(scripted.script,
            "sec"
            "sec"
            "sec");
}

}  // namespace
}  // namespace daa::test
