// The contract of an arena's allocations and phases, with either backing and on any runtime.

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "arena_contract_fixture.hpp"

namespace daa::test {
namespace {

std::uintptr_t address(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
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

TYPED_TEST(ArenaContract, ALargerAlignmentAppliesToTheAddress) {
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

TYPED_TEST(ArenaContract, AnAlignmentThatIsNotAPowerOfTwoIsRefusedAndNothingChanges) {
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

struct alignas(1024) Tile {
  float values[256];
};

TYPED_TEST(ArenaContract, AViewHasTheRequestedAlignmentAndThatOfItsElements) {
  auto arena = this->make_arena();
  for (int phase = 0; phase < 3; ++phase) {
    for (std::size_t alignment = 1; alignment <= std::size_t{1} << 20; alignment *= 2) {
      const auto floats = alloc<float>(arena, 3, alignment);
      const auto tiles = alloc<Tile>(arena, 2, alignment);
      ASSERT_EQ(address(floats.data()) % std::max<std::size_t>(256, alignment), 0u);
      ASSERT_EQ(address(tiles.data()) % std::max<std::size_t>(1024, alignment), 0u);
      ASSERT_EQ(floats.size(), 3u);
      this->fill(floats, 1, floats.size_bytes());
      this->fill(tiles, 2, tiles.size_bytes());
      ASSERT_TRUE(this->holds(floats, 1, floats.size_bytes()));
      ASSERT_TRUE(this->holds(tiles, 2, tiles.size_bytes()));
    }
    ASSERT_EQ(address(alloc<Tile>(arena, 1).data()) % 1024, 0u);
    arena.reset();
  }
  const ArenaStats before = arena.stats();
  for (const std::size_t alignment : {std::size_t{0}, std::size_t{3}, std::size_t{768}}) {
    EXPECT_THROW(static_cast<void>(alloc<float>(arena, 3, alignment)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(alloc<Tile>(arena, 2, alignment)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(alloc<Tile>(arena, 0, alignment)), std::invalid_argument);
  }
  expect_same(before, arena.stats());
}

TYPED_TEST(ArenaContract, ZeroBytesGiveNullAndAllocateNothing) {
  auto arena = this->make_arena();
  EXPECT_EQ(arena.alloc_bytes(0), nullptr);
  EXPECT_EQ(arena.alloc_bytes(0, 4096), nullptr);
  const auto view = alloc<double>(arena, 0);
  EXPECT_EQ(view.data(), nullptr);
  EXPECT_TRUE(view.empty());
  EXPECT_EQ(arena.stats().runtime_calls, 0u);
  EXPECT_EQ(arena.stats().allocations, 0u);
}

TYPED_TEST(ArenaContract, ACountThatOverflowsIsRefused) {
  auto arena = this->make_arena();
  const ArenaStats before = arena.stats();
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  EXPECT_THROW(static_cast<void>(alloc<std::uint32_t>(arena, most / 4 + 1)), std::bad_array_new_length);
  try {
    static_cast<void>(alloc<double>(arena, most));
    FAIL() << "nothing was thrown";
  } catch (const CountOverflow& error) {
    EXPECT_NE(
        std::strstr(error.what(), ("daa::alloc: " + std::to_string(most) + " elements of 8 bytes").c_str()),
        nullptr);
  }
  expect_same(before, arena.stats());
}

TYPED_TEST(ArenaContract, ASizeThatNoDeviceHoldsThrowsOutOfDeviceMemoryAndNothingChanges) {
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
        EXPECT_EQ(asked, bytes);
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

// The copies of one phase must finish before the next phase writes to the same memory, without any
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

TYPED_TEST(ArenaContract, StatsDescribeThePhase) {
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
