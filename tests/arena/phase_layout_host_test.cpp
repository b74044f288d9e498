// A layout that records the last phase makes the same decisions as one that records nothing.

#include "arena/src/phase_layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <random>
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

// A model of PhaseLayout without a record of the last phase.
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

// The caller of a layout, as an arena is: tracks the top and the live allocations.
template <class Layout>
class Phase {
 public:
  // Allocates its own memory up front: none is left for a layout that needs some later.
  explicit Phase(Layout& layout) : layout_(layout) { live_.reserve(1000); }

  // Returns the offset of the allocation, or the top after a free.
  std::size_t run(const Step& step) {
    if (step.units != 0) return allocate(step.units * unit);
    if (live_.empty()) return top_;
    const auto place = live_.begin() + static_cast<std::ptrdiff_t>(step.nth % live_.size());
    const std::size_t new_top = layout_.give(*place, top_);
    EXPECT_NE(new_top, PhaseLayout::none);
    live_.erase(place);
    return top_ = new_top;
  }

  [[nodiscard]] bool overlaps() const {
    std::vector<Range> sorted = live_;
    std::ranges::sort(sorted, {}, &Range::begin);
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (sorted[i].begin < sorted[i - 1].end) return true;
    return !sorted.empty() && sorted.back().end > top_;
  }

  [[nodiscard]] const std::vector<Range>& live() const { return live_; }
  [[nodiscard]] std::size_t top() const { return top_; }

 private:
  std::size_t allocate(std::size_t bytes) {
    std::size_t offset = layout_.empty() ? PhaseLayout::none : layout_.take(bytes, top_);
    if (offset == PhaseLayout::none) {
      offset = top_;
      top_ += bytes;
    }
    live_.push_back({offset, offset + bytes});
    return offset;
  }

  Layout& layout_;
  std::vector<Range> live_;
  std::size_t top_ = 0;
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

TEST(PhaseLayout, DecidesAsALayoutWithoutARecordWhateverPhasesHaveInCommon) {
  Random random{1};
  PhaseLayout remembering;
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
    Forgetful fresh;
    Phase phase_of_remembering{remembering};
    Phase phase_of_fresh{fresh};
    const bool has_trouble = random.below(10) == 0;
    const std::size_t trouble_at = random.below(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      ASSERT_EQ(remembering.empty(), fresh.empty());
      ASSERT_EQ(phase_of_remembering.run(steps[i]), phase_of_fresh.run(steps[i])) << phase << ' ' << i;
      ASSERT_EQ(remembering.highest_top(), fresh.highest_top());
      if (has_trouble && i == trouble_at) {
        ASSERT_EQ(remembering.has_hole(3 * unit), fresh.has_hole(3 * unit));
      }
    }
    followed += remembering.follows();
    remembering.clear();
  }
  EXPECT_GT(followed, 500);
}

TEST(PhaseLayout, ARepeatedPhaseIsFollowedToItsEndAndAShorterOneToo) {
  Random random{2};
  PhaseLayout layout;
  const Steps steps = random.steps(500);
  for (int phase = 0; phase < 5; ++phase) {
    Phase running{layout};
    for (std::size_t i = 0; i < steps.size() / (phase == 3 ? 2 : 1); ++i) running.run(steps[i]);
    EXPECT_EQ(layout.follows(), phase > 0) << phase;
    layout.clear();
  }
}

TEST(PhaseLayout, ARepeatedFreeIsRefusedInAFollowedPhaseToo) {
  PhaseLayout layout;
  for (int phase = 0; phase < 3; ++phase) {
    EXPECT_EQ(layout.give({0, unit}, 4 * unit), 4 * unit);
    EXPECT_EQ(layout.follows(), phase > 0);
    EXPECT_EQ(layout.give({0, unit}, 4 * unit), PhaseLayout::none);
    EXPECT_EQ(layout.take(unit, 4 * unit), 0u);
    layout.clear();
  }
}

TEST(PhaseLayout, APhaseWithAScopeIsNotFollowedAndKeepsItsHoles) {
  PhaseLayout layout;
  const auto give_two = [&] {
    EXPECT_EQ(layout.give({0, unit}, 8 * unit), 8 * unit);
    EXPECT_EQ(layout.give({2 * unit, 4 * unit}, 8 * unit), 8 * unit);
  };
  give_two();
  layout.clear();
  give_two();
  ASSERT_TRUE(layout.follows());
  layout.begin_scope(8 * unit);
  EXPECT_FALSE(layout.follows());
  EXPECT_TRUE(layout.empty()) << "holes from before the scope are out of reach";
  EXPECT_EQ(layout.give({4 * unit, 6 * unit}, 9 * unit), 9 * unit) << "is from before the scope";
  EXPECT_TRUE(layout.empty());
  EXPECT_EQ(layout.give({4 * unit, 6 * unit}, 9 * unit), PhaseLayout::none) << "a second time";
  EXPECT_EQ(layout.give({6 * unit, 8 * unit}, 9 * unit), 9 * unit);
  EXPECT_EQ(layout.end_scope(9 * unit), 2 * unit) << "everything behind it was freed";
  EXPECT_EQ(layout.highest_top(), 9 * unit);
  EXPECT_TRUE(layout.has_hole(unit));
  layout.clear();
  give_two();
  EXPECT_FALSE(layout.follows());
  EXPECT_EQ(layout.take(2 * unit, 8 * unit), 2 * unit);
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

TEST(PhaseLayout, ChangingPhasesStopRecordingAndARepeatedOneIsDetected) {
  Random random{3};
  PhaseLayout layout;
  for (int phase = 0; phase < 100; ++phase) {
    Phase running{layout};
    for (const Step& step : random.steps(100)) running.run(step);
    EXPECT_FALSE(layout.follows());
    layout.clear();
  }
  const Steps steps = random.steps(100);
  int followed = 0;
  for (int phase = 0; phase < 40; ++phase) {
    Phase running{layout};
    for (const Step& step : steps) running.run(step);
    followed += layout.follows();
    layout.clear();
  }
  EXPECT_GE(followed, 20);
}

TEST(PhaseLayout, MemoryIsNeverHandedOutTwiceIfTheHostIsOutOfMemory) {
  Random random{4};
  int followed = 0;
  for (int round = 0; round < 2000; ++round) {
    PhaseLayout layout;
    Steps steps = random.steps(100);
    for (int phase = 0; phase < 3; ++phase) {
      Phase running{layout};
      for (const Step& step : steps) {
        memory_is_short = phase != 1 && random.below(8) == 0;
        running.run(step);
        memory_is_short = false;
        ASSERT_FALSE(running.overlaps());
      }
      followed += layout.follows();
      layout.clear();
      if (phase == 1) steps[random.below(steps.size())] = random.step();
    }
  }
  EXPECT_GT(followed, 100);
}

}  // namespace
}  // namespace daa::v0_1::detail
