// Single allocations that are freed before the end of their phase.

#include <limits>

#include "arena_contract_fixture.hpp"

namespace daa::test {
namespace {

TYPED_TEST(ArenaContract, RecycleFreesOneAllocationAndKeepsTheOthers) {
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

TYPED_TEST(ArenaContract, RecycleIgnoresNullAndRefusesForeignMemory) {
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

TYPED_TEST(ArenaContract, OuterMemoryRecycledInAScopeIsReusedAfterTheScope) {
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

}  // namespace
}  // namespace daa::test
