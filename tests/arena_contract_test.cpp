// What DeviceAsyncArena promises with either backing and on any runtime. Only the CUDA runtime API and the
// arena.

#include <array>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "daa/device_async_arena.hpp"
#include "own_pool.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

struct Chunked {
  static ArenaOptions options() { return {}; }
};
struct ChunkedThatKeepsNothing {
  static ArenaOptions options() { return {Backing::chunked, std::size_t{2} << 20, 0}; }
};
struct ChunkedFromSmall {
  static ArenaOptions options() { return {Backing::chunked, 1, std::size_t{1} << 20}; }
};
struct Individual {
  static ArenaOptions options() { return {Backing::individual, 0, 0}; }
};

struct CheckedChunked {
  static ArenaOptions options() {
    ArenaOptions options;
    options.checked = true;
    return options;
  }
};
struct CheckedIndividual {
  static ArenaOptions options() {
    ArenaOptions options;
    options.backing = Backing::individual;
    options.checked = true;
    return options;
  }
};

struct BackingName {
  template <class T>
  static std::string GetName(int) {
    if (std::is_same_v<T, Chunked>) return "chunked";
    if (std::is_same_v<T, ChunkedThatKeepsNothing>) return "chunked_retain_0";
    if (std::is_same_v<T, ChunkedFromSmall>) return "chunked_initial_1_retain_1M";
    if (std::is_same_v<T, CheckedChunked>) return "checked_chunked";
    if (std::is_same_v<T, CheckedIndividual>) return "checked_individual";
    return "individual";
  }
};

template <class Configuration>
class ArenaContract : public StreamFixture {
 protected:
  DeviceAsyncArena make_arena(std::optional<cudaMemPool_t> pool = {}) {
    return DeviceAsyncArena{stream(), pool, Configuration::options()};
  }
};

using Configurations = ::testing::Types<Chunked, ChunkedThatKeepsNothing, ChunkedFromSmall, Individual,
                                        CheckedChunked, CheckedIndividual>;
TYPED_TEST_SUITE(ArenaContract, Configurations, BackingName);

std::uintptr_t address(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

void expect_same(const ArenaStats& before, const ArenaStats& after) {
  EXPECT_EQ(before.allocations, after.allocations);
  EXPECT_EQ(before.bytes_requested, after.bytes_requested);
  EXPECT_EQ(before.bytes_in_use, after.bytes_in_use);
  EXPECT_EQ(before.padding_bytes, after.padding_bytes);
  EXPECT_EQ(before.high_water_bytes, after.high_water_bytes);
  EXPECT_EQ(before.bytes_reserved, after.bytes_reserved);
  EXPECT_EQ(before.chunks, after.chunks);
  EXPECT_EQ(before.growths, after.growths);
}

TYPED_TEST(ArenaContract, EveryPointerIsAlignedTo256) {
  auto arena = this->make_arena();
  for (int phase = 0; phase < 3; ++phase) {
    for (const std::size_t bytes :
         std::initializer_list<std::size_t>{1, 2, 255, 256, 257, 1000, 4096, 1'000'003}) {
      for (const std::size_t alignment : std::initializer_list<std::size_t>{1, 2, 8, 64, 256}) {
        EXPECT_EQ(address(arena.alloc_bytes(bytes, alignment)) % 256, 0u) << bytes << " at " << alignment;
      }
    }
    arena.reset();
  }
}

TYPED_TEST(ArenaContract, ALargerPowerOfTwoIsHonouredOnTheAddress) {
  auto arena = this->make_arena();
  for (int phase = 0; phase < 3; ++phase) {
    for (std::size_t alignment = 512; alignment <= std::size_t{32} << 20; alignment *= 2) {
      auto* const small = static_cast<std::uint8_t*>(arena.alloc_bytes(3));
      auto* const aligned = static_cast<std::uint8_t*>(arena.alloc_bytes(1001, alignment));
      ASSERT_EQ(address(aligned) % alignment, 0u);
      this->fill(small, 1, 3);
      this->fill(aligned, 2, 1001);
      ASSERT_TRUE(this->holds(small, 1, 3));
      ASSERT_TRUE(this->holds(aligned, 2, 1001));
    }
    arena.reset();
  }
}

TYPED_TEST(ArenaContract, AnAlignmentThatIsNoPowerOfTwoIsRefusedAndNothingChanges) {
  auto arena = this->make_arena();
  static_cast<void>(arena.alloc_bytes(100));
  const ArenaStats before = arena.stats();
  for (const std::size_t alignment : {std::size_t{0}, std::size_t{3}, std::size_t{255}, std::size_t{257},
                                      std::size_t{768}, std::numeric_limits<std::size_t>::max()}) {
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(64, alignment)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(arena.alloc_bytes(0, alignment)), std::invalid_argument);
  }
  expect_same(before, arena.stats());
}

TYPED_TEST(ArenaContract, ZeroBytesAreNullAndCostNothing) {
  auto arena = this->make_arena();
  EXPECT_EQ(arena.alloc_bytes(0), nullptr);
  EXPECT_EQ(arena.alloc_bytes(0, 4096), nullptr);
  const auto view = alloc<double>(arena, 0);
  EXPECT_EQ(view.data(), nullptr);
  EXPECT_TRUE(view.empty());
  EXPECT_EQ(arena.stats().runtime_calls, 0u);
  EXPECT_EQ(arena.stats().allocations, 0u);
}

TYPED_TEST(ArenaContract, ACountWhoseBytesOverflowIsRefused) {
  auto arena = this->make_arena();
  const ArenaStats before = arena.stats();
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  EXPECT_THROW(static_cast<void>(alloc<std::uint32_t>(arena, most / 4 + 1)), std::bad_array_new_length);
  try {
    static_cast<void>(alloc<double>(arena, most));
    FAIL() << "nothing was thrown";
  } catch (const CountOverflow& error) {
    EXPECT_NE(std::strstr(error.what(), (std::to_string(most) + " elements of 8 bytes").c_str()), nullptr);
  }
  expect_same(before, arena.stats());
}

TYPED_TEST(ArenaContract, ASizeThatNoDeviceHoldsIsOutOfDeviceMemoryAndNothingChanges) {
  auto arena = this->make_arena();
  auto* const kept = arena.alloc_bytes(1000);
  this->fill(kept, 7, 1000);
  const ArenaStats before = arena.stats();
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (const std::size_t bytes : {most, most - 254, most - 255, most / 2 + 1, std::size_t{1} << 50}) {
    for (const std::size_t alignment : {std::size_t{16}, std::size_t{1} << 20}) {
      try {
        static_cast<void>(arena.alloc_bytes(bytes, alignment));
        FAIL() << bytes;
      } catch (const OutOfDeviceMemory& error) {
        const std::size_t asked = error.shortage().bytes_asked;
        EXPECT_GE(asked, bytes);
        EXPECT_TRUE(asked == bytes || TypeParam::options().checked) << "guards apart";
        EXPECT_EQ(error.shortage().arena.value().bytes_in_use, before.bytes_in_use);
        EXPECT_EQ(error.shortage().arena.value().bytes_reserved, before.bytes_reserved);
        EXPECT_GT(error.shortage().device_total, 0u);
        EXPECT_NE(std::strstr(error.what(), std::to_string(asked).c_str()), nullptr) << error.what();
      }
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << "the error was reported twice";
      expect_same(before, arena.stats());
    }
  }
  if (TypeParam::options().backing == Backing::chunked) {
    EXPECT_THROW(arena.reserve(most), OutOfDeviceMemory);
  }
  expect_same(before, arena.stats());
  EXPECT_TRUE(this->holds(kept, 7, 1000));
}

TYPED_TEST(ArenaContract, LiveAllocationsKeepTheirContent) {
  auto arena = this->make_arena();
  for (int phase = 0; phase < 3; ++phase) {
    std::vector<std::pair<void*, std::size_t>> live;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::size_t bytes = (i * 7919) % 65536 + 1;
      void* const pointer = arena.alloc_bytes(bytes);
      this->fill(pointer, static_cast<std::uint8_t>(i + 1), bytes);
      live.emplace_back(pointer, bytes);
    }
    for (std::size_t i = 0; i < live.size(); ++i) {
      ASSERT_TRUE(this->holds(live[i].first, static_cast<std::uint8_t>(i + 1), live[i].second)) << i;
    }
    arena.reset();
  }
}

// The copies of one phase must be done before the next phase's writes to the same memory, without any
// synchronisation.
TYPED_TEST(ArenaContract, ResetFreesInStreamOrder) {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  constexpr std::size_t phases = 16;
  std::uint8_t* results = nullptr;
  DAA_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&results), phases * bytes));
  {
    auto arena = this->make_arena();
    for (std::size_t phase = 0; phase < phases; ++phase) {
      void* const scratch = arena.alloc_bytes(bytes);
      this->fill(scratch, static_cast<std::uint8_t>(phase + 1), bytes);
      DAA_CUDA_CHECK(
          cudaMemcpyAsync(results + phase * bytes, scratch, bytes, cudaMemcpyDeviceToDevice, this->stream()));
      arena.reset();
    }
  }
  for (std::size_t phase = 0; phase < phases; ++phase) {
    EXPECT_TRUE(this->holds(results + phase * bytes, static_cast<std::uint8_t>(phase + 1), bytes)) << phase;
  }
  DAA_CUDA_CHECK(cudaFree(results));
}

TYPED_TEST(ArenaContract, StatsTellThePhase) {
  auto arena = this->make_arena();
  EXPECT_EQ(arena.stats().bytes_reserved, 0u) << "nothing is allocated before the first alloc";
  static_cast<void>(arena.alloc_bytes(100));
  static_cast<void>(arena.alloc_bytes(5000, 4096));
  ArenaStats stats = arena.stats();
  EXPECT_EQ(stats.allocations, 2u);
  EXPECT_EQ(stats.bytes_requested, 5100u);
  EXPECT_EQ(stats.bytes_in_use, stats.bytes_requested + stats.padding_bytes);
  EXPECT_GE(stats.bytes_reserved, stats.bytes_in_use);
  EXPECT_EQ(stats.high_water_bytes, stats.bytes_in_use);
  EXPECT_GE(stats.growths, 1u);
  EXPECT_GE(stats.runtime_calls, stats.growths);
  const std::size_t high_water = stats.high_water_bytes;

  arena.reset();
  static_cast<void>(arena.alloc_bytes(100));
  stats = arena.stats();
  EXPECT_EQ(stats.allocations, 1u);
  EXPECT_EQ(stats.bytes_requested, 100u);
  EXPECT_EQ(stats.high_water_bytes, high_water);
}

TYPED_TEST(ArenaContract, ResetOfAnEmptyPhaseChangesNothing) {
  auto arena = this->make_arena();
  arena.reset();
  arena.reset();
  expect_same(ArenaStats{}, arena.stats());
  EXPECT_EQ(arena.stats().runtime_calls, 0u);
}

TYPED_TEST(ArenaContract, TakesItsMemoryFromTheGivenPoolAndGivesAllOfItBack) {
  const OwnPool pool;
  {
    auto arena = this->make_arena(pool.handle());
    void* const scratch = arena.alloc_bytes(std::size_t{3} << 20);
    this->fill(scratch, 1, std::size_t{3} << 20);
    EXPECT_GE(pool.bytes_used(), std::uint64_t{3} << 20);
    static_cast<void>(arena.alloc_bytes(std::size_t{5} << 20));
    EXPECT_GE(pool.bytes_used(), std::uint64_t{8} << 20);
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(this->stream()));
  EXPECT_EQ(pool.bytes_used(), 0u);
}

TYPED_TEST(ArenaContract, ChangesNoAttributeOfThePool) {
  const OwnPool pool;
  const auto attributes = [&] {
    std::array<std::uint64_t, 4> values{};
    DAA_CUDA_CHECK(cudaMemPoolGetAttribute(pool.handle(), cudaMemPoolAttrReleaseThreshold, &values[0]));
    DAA_CUDA_CHECK(
        cudaMemPoolGetAttribute(pool.handle(), cudaMemPoolReuseFollowEventDependencies, &values[1]));
    DAA_CUDA_CHECK(cudaMemPoolGetAttribute(pool.handle(), cudaMemPoolReuseAllowOpportunistic, &values[2]));
    DAA_CUDA_CHECK(
        cudaMemPoolGetAttribute(pool.handle(), cudaMemPoolReuseAllowInternalDependencies, &values[3]));
    return values;
  };
  const auto before = attributes();
  {
    auto arena = this->make_arena(pool.handle());
    for (int phase = 0; phase < 3; ++phase) {
      static_cast<void>(arena.alloc_bytes(std::size_t{3} << 20));
      arena.reset();
    }
    arena.trim();
  }
  EXPECT_EQ(before, attributes());
}

TYPED_TEST(ArenaContract, TrimBetweenPhasesGivesEverythingBack) {
  const OwnPool pool;
  auto arena = this->make_arena(pool.handle());
  static_cast<void>(arena.alloc_bytes(std::size_t{3} << 20));
  arena.reset();
  arena.trim();
  EXPECT_EQ(arena.stats().bytes_reserved, 0u);
  EXPECT_EQ(arena.stats().chunks, 0u);
  DAA_CUDA_CHECK(cudaStreamSynchronize(this->stream()));
  EXPECT_EQ(pool.bytes_used(), 0u);

  void* const again = arena.alloc_bytes(1000);
  this->fill(again, 9, 1000);
  EXPECT_TRUE(this->holds(again, 9, 1000));
}

TYPED_TEST(ArenaContract, TrimInsideAPhaseKeepsWhatIsInUse) {
  auto arena = this->make_arena();
  std::vector<void*> live;
  for (std::uint8_t i = 0; i < 5; ++i) {
    live.push_back(arena.alloc_bytes(std::size_t{1} << 20));
    this->fill(live.back(), i, std::size_t{1} << 20);
    if (i == 2) arena.reserve(std::size_t{64} << 20);
    arena.trim();
  }
  for (std::uint8_t i = 0; i < 5; ++i) EXPECT_TRUE(this->holds(live[i], i, std::size_t{1} << 20));
  EXPECT_EQ(arena.stats().allocations, 5u);
}

TYPED_TEST(ArenaContract, AMovedArenaKeepsItsPointersAndTheOtherRefusesWork) {
  auto first = this->make_arena();
  void* const scratch = first.alloc_bytes(1000);
  this->fill(scratch, 3, 1000);
  DeviceAsyncArena second = std::move(first);
  EXPECT_TRUE(this->holds(scratch, 3, 1000));
  EXPECT_EQ(second.stats().allocations, 1u);
  EXPECT_EQ(second.stream(), this->stream());

  EXPECT_THROW(static_cast<void>(first.alloc_bytes(1)), std::logic_error);
  EXPECT_THROW(first.reset(), std::logic_error);
  EXPECT_THROW(first.reserve(1), std::logic_error);
  EXPECT_THROW(first.trim(), std::logic_error);
  EXPECT_THROW(first.recycle(scratch, 1000), std::logic_error);
  EXPECT_THROW(ArenaScope{first}, std::logic_error);
  expect_same(ArenaStats{}, first.stats());

  first = std::move(second);
  EXPECT_EQ(first.stats().allocations, 1u);
  auto& self = first;
  first = std::move(self);
  EXPECT_EQ(first.stats().allocations, 1u) << "assignment to itself";
}

TYPED_TEST(ArenaContract, AssignmentGivesTheOldMemoryBack) {
  const OwnPool pool;
  auto arena = this->make_arena(pool.handle());
  static_cast<void>(arena.alloc_bytes(std::size_t{3} << 20));
  arena = this->make_arena(pool.handle());
  DAA_CUDA_CHECK(cudaStreamSynchronize(this->stream()));
  EXPECT_EQ(pool.bytes_used(), 0u);
}

TYPED_TEST(ArenaContract, AScopeGivesBackWhatItAllocatedAndNothingElse) {
  auto arena = this->make_arena();
  void* const outer = arena.alloc_bytes(1000);
  this->fill(outer, 1, 1000);
  const ArenaStats before = arena.stats();
  for (int round = 0; round < 3; ++round) {
    const ArenaScope scope{arena};
    for (std::size_t i = 1; i < 20; ++i) {
      void* const inner = arena.alloc_bytes(i * 100'000);
      this->fill(inner, 2, i * 100'000);
      const ArenaScope innermost{arena};
      this->fill(arena.alloc_bytes(5000), 3, 5000);
      ASSERT_TRUE(this->holds(inner, 2, i * 100'000));
    }
  }
  const ArenaStats after = arena.stats();
  EXPECT_EQ(after.bytes_in_use, before.bytes_in_use);
  EXPECT_GT(after.peak_bytes, before.peak_bytes);
  EXPECT_EQ(after.allocations, before.allocations + 3 * 19 * 2);
  EXPECT_EQ(after.bytes_requested + after.padding_bytes, after.bytes_in_use + after.recycled_bytes);
  EXPECT_TRUE(this->holds(outer, 1, 1000));
}

TYPED_TEST(ArenaContract, TheCopiesOfAScopeAreDoneBeforeItsMemoryIsWrittenAgain) {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  constexpr std::size_t rounds = 16;
  std::uint8_t* results = nullptr;
  DAA_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&results), 2 * rounds * bytes));
  {
    auto arena = this->make_arena();
    for (std::size_t round = 0; round < rounds; ++round) {
      const ArenaScope scope{arena};
      for (const std::size_t i : {2 * round, 2 * round + 1}) {
        void* const scratch = arena.alloc_bytes(bytes);
        this->fill(scratch, static_cast<std::uint8_t>(i + 1), bytes);
        DAA_CUDA_CHECK(
            cudaMemcpyAsync(results + i * bytes, scratch, bytes, cudaMemcpyDeviceToDevice, this->stream()));
        arena.recycle(scratch, bytes);
      }
    }
  }
  for (std::size_t i = 0; i < 2 * rounds; ++i) {
    EXPECT_TRUE(this->holds(results + i * bytes, static_cast<std::uint8_t>(i + 1), bytes)) << i;
  }
  DAA_CUDA_CHECK(cudaFree(results));
}

TYPED_TEST(ArenaContract, ResetInsideAScopeIsRefusedAndNothingChanges) {
  auto arena = this->make_arena();
  void* const outer = arena.alloc_bytes(1000);
  this->fill(outer, 1, 1000);
  {
    const ArenaScope scope{arena};
    static_cast<void>(arena.alloc_bytes(1000));
    const ArenaStats before = arena.stats();
    EXPECT_THROW(arena.reset(), std::logic_error);
    expect_same(before, arena.stats());
  }
  EXPECT_TRUE(this->holds(outer, 1, 1000));
  arena.reset();
  EXPECT_EQ(arena.stats().allocations, 0u);
}

TYPED_TEST(ArenaContract, AScopeEndedOutOfOrderGivesNothingBackTooEarlyAndTheNextResetSaysSo) {
  auto arena = this->make_arena();
  std::optional<ArenaScope> outer{std::in_place, arena};
  static_cast<void>(arena.alloc_bytes(1000));
  std::optional<ArenaScope> inner{std::in_place, arena};
  void* const scratch = arena.alloc_bytes(1000);
  this->fill(scratch, 7, 1000);
  outer.reset();
  static_cast<void>(arena.alloc_bytes(1000));
  EXPECT_TRUE(this->holds(scratch, 7, 1000));
  inner.reset();
  EXPECT_EQ(arena.stats().bytes_in_use, 0u);
  EXPECT_THROW(arena.reset(), std::logic_error);
  EXPECT_EQ(arena.stats().allocations, 3u) << "the phase goes on";
  arena.reset();
  EXPECT_EQ(arena.stats().allocations, 0u);
}

TYPED_TEST(ArenaContract, RecycleGivesOneAllocationBackAndKeepsTheOthers) {
  auto arena = this->make_arena();
  std::vector<DeviceBufferView<std::uint8_t>> live;
  for (std::size_t i = 0; i < 16; ++i) {
    live.push_back(alloc<std::uint8_t>(arena, 1000 + 100'000 * i));
    this->fill(live[i].data(), static_cast<std::uint8_t>(i), live[i].size());
  }
  const ArenaStats before = arena.stats();
  for (std::size_t i = 0; i < 16; i += 2) arena.recycle(live[i]);
  const ArenaStats after = arena.stats();
  EXPECT_LT(after.bytes_in_use, before.bytes_in_use);
  EXPECT_EQ(after.bytes_in_use, before.bytes_in_use - after.recycled_bytes);
  EXPECT_EQ(after.peak_bytes, before.bytes_in_use);
  for (std::size_t i = 0; i < 16; i += 2) {
    const auto again = alloc<std::uint8_t>(arena, 1000 + 100'000 * i);
    this->fill(again.data(), 99, again.size());
  }
  for (std::size_t i = 1; i < 16; i += 2) {
    EXPECT_TRUE(this->holds(live[i].data(), static_cast<std::uint8_t>(i), live[i].size())) << i;
  }
  EXPECT_EQ(arena.stats().bytes_in_use, before.bytes_in_use);
}

TYPED_TEST(ArenaContract, RecycleOfNothingIsNothingAndOfForeignMemoryIsRefused) {
  auto arena = this->make_arena();
  auto other = this->make_arena();
  arena.recycle(nullptr, 0);
  arena.recycle(nullptr, 100);
  arena.recycle(DeviceBufferView<int>{});
  EXPECT_EQ(arena.stats().runtime_calls, 0u);
  auto* const mine = static_cast<std::uint8_t*>(arena.alloc_bytes(1000));
  void* const foreign = other.alloc_bytes(1000);
  const ArenaStats before = arena.stats();
  EXPECT_THROW(arena.recycle(foreign, 1000), std::invalid_argument);
  EXPECT_THROW(arena.recycle(mine, std::size_t{1} << 40), std::invalid_argument);
  EXPECT_THROW(arena.recycle(mine, std::numeric_limits<std::size_t>::max()), std::invalid_argument);
  int on_host = 0;
  EXPECT_THROW(arena.recycle(&on_host, sizeof on_host), std::invalid_argument);
  expect_same(before, arena.stats());
}

TYPED_TEST(ArenaContract, WhatAScopeRecyclesOfThePhaseAroundItServesAgainAfterIt) {
  auto arena = this->make_arena();
  arena.reserve(8'000'000);
  const auto first = alloc<std::uint8_t>(arena, 1'000'000);
  const auto second = alloc<std::uint8_t>(arena, 1'000'000);
  this->fill(second.data(), 2, second.size());
  {
    const ArenaScope scope{arena};
    arena.recycle(first);
    const auto inner = alloc<std::uint8_t>(arena, 1'000'000);
    this->fill(inner.data(), 3, inner.size());
    const ArenaScope innermost{arena};
    this->fill(alloc<std::uint8_t>(arena, 1'000'000).data(), 4, 1'000'000);
    EXPECT_TRUE(this->holds(inner.data(), 3, inner.size()));
  }
  EXPECT_EQ(arena.stats().bytes_requested, 4'000'000u);
  const std::size_t reserved = arena.stats().bytes_reserved;
  const auto again = alloc<std::uint8_t>(arena, 1'000'000);
  this->fill(again.data(), 5, again.size());
  EXPECT_TRUE(this->holds(second.data(), 2, second.size()));
  if (TypeParam::options().backing == Backing::chunked) {
    EXPECT_EQ(again.data(), first.data());
    EXPECT_EQ(arena.stats().bytes_reserved, reserved);
  }
}

TYPED_TEST(ArenaContract, WorksOnTheDefaultStreams) {
  for (cudaStream_t const stream : {cudaStream_t{nullptr}, cudaStreamLegacy, cudaStreamPerThread}) {
    DeviceAsyncArena arena{stream, {}, TypeParam::options()};
    for (int phase = 0; phase < 2; ++phase) {
      void* const scratch = arena.alloc_bytes(1000);
      DAA_CUDA_CHECK(cudaMemsetAsync(scratch, 5, 1000, stream));
      arena.reset();
    }
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  }
}

static_assert(!std::is_copy_constructible_v<DeviceAsyncArena> &&
              !std::is_copy_assignable_v<DeviceAsyncArena>);
static_assert(std::is_nothrow_move_constructible_v<DeviceAsyncArena>);
static_assert(!std::is_copy_constructible_v<ArenaScope> && !std::is_move_constructible_v<ArenaScope> &&
              !std::is_copy_assignable_v<ArenaScope> && !std::is_move_assignable_v<ArenaScope>);
static_assert(std::is_nothrow_destructible_v<DeviceAsyncArena>);
static_assert(std::is_base_of_v<std::bad_alloc, OutOfDeviceMemory>);
static_assert(std::is_nothrow_copy_constructible_v<OutOfDeviceMemory>);

}  // namespace
}  // namespace daa::test
