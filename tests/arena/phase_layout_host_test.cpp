// Phases with and without plans: what is live never overlaps, and phases that come again are followed.

#include "arena/src/phase_layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <random>
#include <utility>
#include <vector>

namespace {
bool memory_is_short = false;
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* const pointer = memory_is_short ? nullptr : std::malloc(bytes);
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}
[[gnu::noinline]] void operator delete(void* pointer) noexcept {
  std::free(pointer);
}
[[gnu::noinline]] void operator delete(void* pointer, std::size_t) noexcept {
  std::free(pointer);
}

namespace daa::v0_1::detail {
namespace {

constexpr std::size_t unit = 256;

// Allocates `units` units, or frees the `nth` live allocation.
struct Step {
  std::size_t units;  // 0: free
  std::size_t nth = 0;
};
using Steps = std::vector<Step>;

// A model of PhaseLayout without plans.
class Forgetful {
 public:
  [[nodiscard]] bool empty() const { return holes_.empty(); }
  [[nodiscard]] std::size_t highest_top() const { return highest_top_; }
  [[nodiscard]] bool has_hole(std::size_t size) const { return holes_.find(size) != FreeRanges::none; }
  std::size_t take(std::size_t size, std::size_t top) {
    const FreeRanges::Index hole = holes_.find(size);
    if (hole == FreeRanges::none) return PhaseLayout::none;
    const Range range = holes_[hole];
    const std::size_t bytes = range.end - range.begin;
    const std::size_t room = highest_top_ > top ? highest_top_ - top : 0;
    if (size <= room && room < bytes && size < bytes / 2) return PhaseLayout::none;
    holes_.take(hole, size);
    return range.begin;
  }
  std::size_t give(Range place, std::size_t top) {
    if (place.end != top) return holes_.insert(place) ? top : PhaseLayout::none;
    highest_top_ = std::max(highest_top_, top);
    return holes_.take_ending_at(place.begin);
  }

 private:
  FreeRanges holes_;
  std::size_t highest_top_ = 0;
};

// The caller of a layout, as an arena is: tracks the top and the live allocations, and has plans.
class Caller {
 public:
  [[nodiscard]] bool sees_all() const { return layout_.sees_all(); }
  // Allocates its own memory up front: none is left for a layout that needs some later.
  Caller() { live_.reserve(1000); }

  // Returns the offset of the allocation, or the top after a free.
  std::size_t run(const Step& step) {
    if (step.units != 0) return allocate(step.units * unit);
    if (live_.empty()) return top_;
    const auto place = live_.begin() + static_cast<std::ptrdiff_t>(step.nth % live_.size());
    free(*place);
    live_.erase(place);
    return top_;
  }

  std::size_t allocate(std::size_t bytes) {
    if (layout_.is_new()) {
      if (PlannedPhase* const plan = plans_.choose(bytes, room)) {
        layout_.follow(*plan);
        top_ = plan->bytes();
        EXPECT_GE(top_, bytes);
      }
    }
    if (!layout_.goes_on(bytes)) top_ = layout_.leave_plan();
    const bool takes = layout_.follows() || !layout_.empty();
    std::size_t offset = takes ? layout_.take(bytes, top_) : PhaseLayout::none;
    if (offset == PhaseLayout::none) {
      offset = top_;
      top_ += bytes;
      layout_.took(bytes, offset);
    }
    live_.push_back({offset, offset + bytes});
    highest_ = std::max(highest_, top_);
    return offset;
  }

  void free(Range place) {
    EXPECT_TRUE(layout_.may_have(place));
    if (!layout_.goes_on(place)) top_ = layout_.leave_plan();
    top_ = layout_.give(place, top_);
    EXPECT_NE(top_, PhaseLayout::none);
  }

  /// Ends the phase. Returns whether it has followed a plan to its end.
  bool end() {
    const bool followed = layout_.follows();
    if (PlannedPhase* const plan = layout_.followed()) plans_.followed(*plan);
    if (const auto* const record = layout_.recorded()) plans_.learn(*record, true);
    layout_.clear();
    live_.clear();
    top_ = highest_ = 0;
    return followed;
  }

  bool run_phase(const Steps& steps) {
    for (const Step& step : steps) run(step);
    EXPECT_FALSE(overlaps());
    return end();
  }

  [[nodiscard]] bool overlaps() const {
    std::vector<Range> sorted = live_;
    std::ranges::sort(sorted, {}, &Range::begin);
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (sorted[i].begin < sorted[i - 1].end) return true;
    return !sorted.empty() && sorted.back().end > top_;
  }

  std::size_t room = ~std::size_t{0};  // for a plan

  [[nodiscard]] PhaseLayout& layout() { return layout_; }
  [[nodiscard]] std::size_t top() const { return top_; }
  [[nodiscard]] std::size_t highest_top() const { return highest_; }
  [[nodiscard]] std::size_t planned_bytes() const { return plans_.bytes(); }

 private:
  PhaseLayout layout_;
  PhasePlans plans_;
  std::vector<Range> live_;
  std::size_t top_ = 0, highest_ = 0;
};

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return engine_() % bound; }
  Step step() { return below(2) == 0 ? Step{0, below(1000)} : Step{1 + below(below(3) == 0 ? 300 : 6)}; }
  Steps steps(std::size_t count) {
    Steps steps;
    while (steps.size() < count) steps.push_back(step());
    return steps;
  }

 private:
  std::mt19937 engine_;
};

TEST(PhaseLayout, WithoutAPlanDecidesAsTheModel) {
  Random random{1};
  for (int phase = 0; phase < 500; ++phase) {
    Caller caller;
    Forgetful model;
    std::size_t top = 0;
    std::vector<Range> live;
    for (const Step& step : random.steps(100)) {
      const std::size_t result = caller.run(step);
      if (step.units != 0) {
        std::size_t offset = model.empty() ? PhaseLayout::none : model.take(step.units * unit, top);
        if (offset == PhaseLayout::none) offset = std::exchange(top, top + step.units * unit);
        ASSERT_EQ(result, offset);
        live.push_back({offset, offset + step.units * unit});
      } else if (!live.empty()) {
        const auto place = live.begin() + static_cast<std::ptrdiff_t>(step.nth % live.size());
        top = model.give(*place, top);
        live.erase(place);
        ASSERT_EQ(result, top);
      }
      ASSERT_EQ(caller.layout().empty(), model.empty());
      ASSERT_EQ(caller.layout().highest_top(), model.highest_top());
      ASSERT_EQ(caller.layout().has_hole(3 * unit), model.has_hole(3 * unit));
    }
  }
}

TEST(PhaseLayout, NeverHandsOutLiveMemoryWhateverPhasesHaveInCommon) {
  Random random{1};
  Caller caller;
  Steps steps = random.steps(60);
  int followed = 0;
  for (int phase = 0; phase < 3000; ++phase) {
    switch (random.below(6)) {
      case 0:
        steps[random.below(steps.size())] = random.step();
        break;
      case 1:
        steps.resize(1 + random.below(steps.size()));
        break;
      case 2:
        steps.push_back(random.step());
        break;
      case 3:
        if (random.below(20) == 0) steps = random.steps(200);
        break;
      default:  // repeats
        break;
    }
    for (const Step& step : steps) {
      caller.run(step);
      ASSERT_FALSE(caller.overlaps()) << phase;
    }
    followed += caller.end();
  }
  EXPECT_GT(followed, 500);
}

TEST(PhaseLayout, ARepeatedPhaseIsFollowedToItsEndAndAShorterOneToo) {
  Random random{2};
  Caller caller;
  Steps steps = random.steps(500);
  EXPECT_FALSE(caller.run_phase(steps)) << "it is planned now";
  EXPECT_TRUE(caller.run_phase(steps));
  steps.resize(250);
  EXPECT_TRUE(caller.run_phase(steps));
}

// So that the inline path serves it.
TEST(PhaseLayout, AfterAFirstPhaseThatFreesNothingNothingIsRecorded) {
  Caller caller;
  Steps steps = Random{2}.steps(500);
  std::erase_if(steps, [](const Step& step) { return step.units == 0; });
  caller.run_phase(steps);
  EXPECT_FALSE(caller.sees_all());
}

// As a smaller batch of the same model is.
TEST(PhaseLayout, APhaseWithSmallerAllocationsFollowsThePlanOfTheLarger) {
  Random random{3};
  Caller caller;
  const Steps large = random.steps(300);
  caller.run_phase(large);
  for (const double factor : {0.9, 0.5, 0.2}) {
    Steps small = large;
    for (Step& step : small)
      if (step.units != 0)
        step.units =
            std::max<std::size_t>(1, static_cast<std::size_t>(factor * static_cast<double>(step.units)));
    EXPECT_TRUE(caller.run_phase(small)) << factor;
  }
  Steps larger = large;
  for (Step& step : larger) step.units *= 2;
  EXPECT_FALSE(caller.run_phase(larger)) << "is planned in its place";
  EXPECT_TRUE(caller.run_phase(larger));
  EXPECT_TRUE(caller.run_phase(large));
}

// As forward, backward and optimiser do.
TEST(PhaseLayout, FourPhasesThatAlternateAreAllFollowed) {
  Random random{4};
  Caller caller;
  std::vector<Steps> phases;
  for (std::size_t i = 0; i < 4; ++i) {
    phases.push_back(random.steps(100));
    phases.back().front() = {100 * (i + 1)};  // of another first size
  }
  for (int round = 0; round < 2; ++round)
    for (const Steps& phase : phases) caller.run_phase(phase);
  for (int round = 0; round < 3; ++round)
    for (const Steps& phase : phases) EXPECT_TRUE(caller.run_phase(phase));
}

TEST(PhaseLayout, PhasesThatBeginAlikeAreToldApartByThePhaseBefore) {
  Random random{5};
  Caller caller;
  const Steps training = random.steps(100), evaluation = random.steps(60);
  const auto run = [&](const Steps& steps) {
    caller.run({50});
    return caller.run_phase(steps);
  };
  for (int i = 0; i < 3; ++i) {
    run(training);
    run(evaluation);
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(run(training));
    EXPECT_TRUE(run(evaluation));
  }
}

TEST(PhaseLayout, APlanWithoutRoomIsNotFollowedAndHidesNoOther) {
  Caller caller;
  const Steps large{{4}, {40}, {0, 0}}, small{{4}, {2}, {0, 1}};
  for (int i = 0; i < 2; ++i) {
    caller.run_phase(large);
    caller.run_phase(small);
  }
  caller.room = 10 * unit;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(caller.run_phase(small));
}

TEST(PhaseLayout, PhasesWithoutAFreeAreNoMissesAndEndTheRecording) {
  Random random{6};
  Caller caller;
  const Steps steps = random.steps(100);
  caller.run_phase(steps);
  for (int i = 0; i < 15; ++i) {
    caller.run({3});
    EXPECT_TRUE(caller.sees_all());
    caller.end();
  }
  caller.run_phase(steps);
  EXPECT_TRUE(caller.run_phase(steps));
  for (int i = 0; i < 16; ++i) {
    caller.run({3});
    caller.end();
  }
  EXPECT_FALSE(caller.sees_all()) << "the inline path is open again";
}

TEST(PhaseLayout, WhenAPhaseLeavesItsPlanWhatIsNotLiveIsAHole) {
  Caller caller;
  const Steps steps{{4}, {2}, {4}, {0, 1}, {1}};
  for (int i = 0; i < 2; ++i) caller.run_phase(steps);
  EXPECT_EQ(caller.planned_bytes(), 10 * unit);
  for (std::size_t i = 0; i < 3; ++i) caller.run(steps[i]);
  EXPECT_EQ(caller.top(), 10 * unit);
  EXPECT_TRUE(caller.layout().follows());
  caller.run({0, 0});  // another one than planned
  EXPECT_FALSE(caller.layout().follows());
  EXPECT_LE(caller.top(), 10 * unit);
  caller.run({3});
  EXPECT_FALSE(caller.overlaps());
  EXPECT_EQ(caller.highest_top(), 10 * unit) << "it went into the hole";
}

TEST(PhaseLayout, APlanKnowsWhatIsLive) {
  Caller caller;
  const Steps steps{{4}, {2}, {0, 0}, {4}};
  for (int i = 0; i < 2; ++i) caller.run_phase(steps);
  const std::size_t first = caller.run({4});
  EXPECT_TRUE(caller.layout().may_have({first, first + 4 * unit}));
  EXPECT_FALSE(caller.layout().may_have({first, first + 3 * unit}));
  caller.run({2});
  caller.run({0, 0});
  EXPECT_TRUE(caller.layout().follows());
  EXPECT_FALSE(caller.layout().may_have({first, first + 4 * unit})) << "a second time";
}

TEST(PhaseLayout, APhaseWithAScopeIsNotPlanned) {
  Caller caller;
  for (int i = 0; i < 5; ++i) {
    caller.run({4});
    caller.run({2});
    caller.run({0, 0});
    caller.layout().begin_scope(caller.top());
    EXPECT_EQ(caller.layout().recorded(), nullptr);
    EXPECT_TRUE(caller.layout().empty()) << "holes from before the scope are out of reach";
    static_cast<void>(caller.layout().end_scope(caller.top()));
    EXPECT_FALSE(caller.end());
  }
  EXPECT_EQ(caller.planned_bytes(), 0u);
}

TEST(PhaseLayout, HolesFromBeforeAScopeAreKeptAndRefuseASecondFree) {
  PhaseLayout layout;
  EXPECT_EQ(layout.give({0, unit}, 8 * unit), 8 * unit);
  EXPECT_EQ(layout.give({2 * unit, 4 * unit}, 8 * unit), 8 * unit);
  layout.begin_scope(8 * unit);
  EXPECT_EQ(layout.give({4 * unit, 6 * unit}, 9 * unit), 9 * unit) << "is from before the scope";
  EXPECT_TRUE(layout.empty());
  EXPECT_EQ(layout.give({4 * unit, 6 * unit}, 9 * unit), PhaseLayout::none) << "a second time";
  EXPECT_EQ(layout.give({6 * unit, 8 * unit}, 9 * unit), 9 * unit);
  EXPECT_EQ(layout.end_scope(9 * unit), 2 * unit) << "everything behind it was freed";
  EXPECT_EQ(layout.highest_top(), 9 * unit);
  EXPECT_TRUE(layout.has_hole(unit));
}

TEST(PhaseLayout, ScopesNestAndEachHasItsOwnHoles) {
  PhaseLayout layout;
  layout.begin_scope(4 * unit);
  layout.begin_scope(8 * unit);
  EXPECT_EQ(layout.give({0, unit}, 16 * unit), 16 * unit) << "of the phase";
  EXPECT_EQ(layout.give({4 * unit, 5 * unit}, 16 * unit), 16 * unit) << "of the outer scope";
  EXPECT_EQ(layout.give({8 * unit, 9 * unit}, 16 * unit), 16 * unit) << "of the inner one";
  EXPECT_EQ(layout.take(unit, 16 * unit), 8 * unit);
  EXPECT_TRUE(layout.empty());
  EXPECT_EQ(layout.end_scope(16 * unit), 8 * unit);
  EXPECT_EQ(layout.take(unit, 8 * unit), 4 * unit);
  EXPECT_EQ(layout.end_scope(8 * unit), 4 * unit);
  EXPECT_EQ(layout.take(unit, 4 * unit), 0u);
}

TEST(PhaseLayout, OfChangingPhasesFewArePlannedAndARepeatedOneIsFollowed) {
  Random random{3};
  Caller caller;
  int recorded = 0;
  for (int phase = 0; phase < 100; ++phase) {
    for (const Step& step : random.steps(100)) caller.run(step);
    recorded += caller.layout().recorded() != nullptr;
    EXPECT_FALSE(caller.end());
  }
  EXPECT_LE(recorded, 16);
  const Steps steps = random.steps(100);
  int followed = 0;
  for (int phase = 0; phase < 40; ++phase) followed += caller.run_phase(steps);
  EXPECT_GE(followed, 20);
}

TEST(PhaseLayout, MemoryIsNeverHandedOutTwiceIfTheHostIsOutOfMemory) {
  Random random{4};
  int followed = 0;
  for (int round = 0; round < 2000; ++round) {
    Caller caller;
    Steps steps = random.steps(100);
    for (int phase = 0; phase < 4; ++phase) {
      for (const Step& step : steps) {
        memory_is_short = phase % 2 == 0 && random.below(8) == 0;
        caller.run(step);
        memory_is_short = false;
        ASSERT_FALSE(caller.overlaps());
      }
      memory_is_short = phase == 2 && random.below(2) == 0;
      followed += caller.end();
      memory_is_short = false;
      if (phase == 2) steps[random.below(steps.size())] = random.step();
    }
  }
  EXPECT_GT(followed, 100);
}

}  // namespace
}  // namespace daa::v0_1::detail
