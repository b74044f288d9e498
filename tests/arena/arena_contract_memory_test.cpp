// Where an arena's memory comes from, when it is freed, and what a move does to it.

#include <array>
#include <stdexcept>
#include <utility>

#include "arena_contract_fixture.hpp"
#include "own_pool.hpp"

namespace daa::test {
namespace {

TYPED_TEST(ArenaInPool, AllocatesFromTheGivenPoolAndFreesEverything) {
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

TYPED_TEST(ArenaInPool, ChangesNoAttributeOfThePool) {
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

TYPED_TEST(ArenaInPool, TrimBetweenPhasesFreesEverything) {
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

TYPED_TEST(ArenaContract, MoveKeepsPointersValidAndTheMovedFromArenaThrows) {
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

TYPED_TEST(ArenaInPool, AssignmentFreesTheOldMemory) {
  const OwnPool pool;
  auto arena = this->make_arena(pool.handle());
  static_cast<void>(arena.alloc_bytes(std::size_t{3} << 20));
  arena = this->make_arena(pool.handle());
  DAA_CUDA_CHECK(cudaStreamSynchronize(this->stream()));
  EXPECT_EQ(pool.bytes_used(), 0u);
}

}  // namespace
}  // namespace daa::test
