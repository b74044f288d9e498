// Nested phases: ArenaScope.

#include <optional>
#include <stdexcept>
#include <utility>

#include "arena_contract_fixture.hpp"

namespace daa::test {
namespace {

TYPED_TEST(ArenaContract, AScopeFreesWhatItAllocatedAndNothingElse) {
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

TYPED_TEST(ArenaContract, CopiesInAScopeFinishBeforeItsMemoryIsReused) {
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

TYPED_TEST(ArenaContract, AScopeEndedOutOfOrderFreesNothingTooEarlyAndTheNextResetThrows) {
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

}  // namespace
}  // namespace daa::test
