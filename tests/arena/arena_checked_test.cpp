// Checked arenas find misuse and report what is needed to find its cause. On any runtime, with cudaMemset
// instead of kernels: a set beyond an allocation is an overrun too.

#include <optional>

#include "backings.hpp"
#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

class ArenaChecked : public StreamFixture, public ::testing::WithParamInterface<Backing> {
 protected:
  [[nodiscard]] static ArenaOptions options() {
    ArenaOptions options;
    options.backing = GetParam();
    options.checked = true;
    options.name = "solver";
    return options;
  }
  [[nodiscard]] DeviceAsyncArena make_arena() const { return DeviceAsyncArena{stream(), {}, options()}; }

  // The message of the exception that `step` throws.
  template <class Exception, class Step>
  static std::string message_of(Step step) {
    try {
      step();
    } catch (const Exception& error) {
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }
  static void expect_contains(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in \"" << text << "\"";
  }
};

INSTANTIATE_TEST_SUITE_P(Backings, ArenaChecked, all_backings(), ::testing::PrintToStringParamName());

TEST_P(ArenaChecked, AnOverrunIsReportedWithItsAllocationPhaseAndExtent) {
  auto arena = make_arena();
  static_cast<void>(arena.alloc_bytes(64));
  arena.reset();
  static_cast<void>(arena.alloc_bytes(64));
  auto* const victim = static_cast<std::byte*>(arena.alloc_bytes(1000));
  static_cast<void>(arena.alloc_bytes(64));
  fill(victim, 1, 1000 + 4);
  const std::string text = message_of<MemoryOverrun>([&] { arena.reset(); });
  expect_contains(text, "the arena \"solver\" in phase 2");
  expect_contains(text, "allocation 2 (1000 bytes at 0x");
  expect_contains(text, "4 bytes after it were overwritten, up to 4 bytes away");
  EXPECT_EQ(arena.stats().allocations, 0u) << "the phase has ended all the same";
  static_cast<void>(arena.alloc_bytes(64));
  EXPECT_NO_THROW(arena.reset());
}

TEST_P(ArenaChecked, AnOverrunByOneElementIsFoundBeforeAndAfterEverySize) {
  for (const std::size_t count : std::initializer_list<std::size_t>{1, 63, 64, 65, 1000, 100'000}) {
    auto arena = make_arena();
    const auto view = alloc<float>(arena, count);
    fill(view.data() + count, 0, sizeof(float));
    expect_contains(message_of<MemoryOverrun>([&] { arena.reset(); }), "4 bytes after it");
    const auto next = alloc<float>(arena, count);
    fill(next.data() - 1, 0, sizeof(float));
    expect_contains(message_of<MemoryOverrun>([&] { arena.recycle(next); }), "4 bytes before it");
    EXPECT_NO_THROW(arena.reset());
  }
}

TEST_P(ArenaChecked, ACorrectPhaseReportsNothing) {
  auto arena = make_arena();
  for (int phase = 0; phase < 5; ++phase) {
    for (const std::size_t bytes : std::initializer_list<std::size_t>{1, 255, 256, 257, 100'000}) {
      fill(arena.alloc_bytes(bytes, 4096), 7, bytes);
      const ArenaScope scope{arena};
      void* const inner = arena.alloc_bytes(bytes);
      fill(inner, 8, bytes);
      fill(arena.alloc_bytes(bytes), 9, bytes);
      arena.recycle(inner, bytes);
    }
    EXPECT_NO_THROW(arena.reset());
  }
}

TEST_P(ArenaChecked, NewAndFreedMemoryIsFilledWithAPattern) {
  ArenaOptions keep_all = options();
  keep_all.capture = CapturePolicy::presized;  // so that freed memory may be read
  DeviceAsyncArena arena{stream(), {}, keep_all};
  const auto view = alloc<std::uint8_t>(arena, 1000);
  EXPECT_TRUE(holds(view.data(), 0xFF, 1000));
  fill(view.data(), 1, 1000);
  const auto last = alloc<std::uint8_t>(arena, 1000);
  arena.recycle(view);
  EXPECT_TRUE(holds(view.data(), 0xDD, 1000));
  fill(last.data(), 1, 1000);
  arena.reset();
  EXPECT_TRUE(holds(last.data(), 0xDD, 1000));
}

TEST_P(ArenaChecked, ARepeatedRecycleAWrongPointerAndAWrongSizeAreRefusedAndNothingChanges) {
  auto arena = make_arena();
  auto* const first = static_cast<std::byte*>(arena.alloc_bytes(1000));
  auto* const second = static_cast<std::byte*>(arena.alloc_bytes(500));
  arena.recycle(first, 1000);
  const ArenaStats before = arena.stats();
  expect_contains(message_of<std::invalid_argument>([&] { arena.recycle(first, 1000); }), "1000 bytes at 0x");
  expect_contains(message_of<std::invalid_argument>([&] { arena.recycle(first, 1000); }),
                  "allocation 1 (1000 bytes");
  expect_contains(message_of<std::invalid_argument>([&] { arena.recycle(first, 1000); }),
                  "was already recycled");
  expect_contains(message_of<std::invalid_argument>([&] { arena.recycle(second, 501); }),
                  "allocation 2 (500 bytes");
  expect_contains(message_of<std::invalid_argument>([&] { arena.recycle(second + 16, 400); }),
                  "16 bytes into allocation 2");
  expect_contains(message_of<std::invalid_argument>([&] { arena.recycle(second + 600, 4); }),
                  "this phase has no allocation there");
  EXPECT_EQ(to_string(arena.stats()), to_string(before));
  EXPECT_NO_THROW(arena.recycle(second, 500));
  EXPECT_NO_THROW(arena.reset());
  EXPECT_THROW(arena.recycle(second, 500), std::invalid_argument) << "of the phase before";
}

TEST_P(ArenaChecked, AnOverrunInAScopeIsReportedAtItsEndAndThrownByReset) {
  auto arena = make_arena();
  ::testing::internal::CaptureStderr();
  {
    const ArenaScope scope{arena};
    const auto view = alloc<std::uint8_t>(arena, 10);
    fill(view.data(), 1, 11);
  }
  const std::string output = ::testing::internal::GetCapturedStderr();
  expect_contains(output, "1 bytes after it were overwritten");
  expect_contains(message_of<MemoryOverrun>([&] { arena.reset(); }), "allocation 1 (10 bytes");
  EXPECT_NO_THROW(arena.reset());
}

TEST_P(ArenaChecked, ScopesThatEndOutOfOrderAreCheckedToo) {
  auto arena = make_arena();
  ::testing::internal::CaptureStderr();
  std::optional<ArenaScope> outer{std::in_place, arena};
  fill(arena.alloc_bytes(100), 1, 150);
  std::optional<ArenaScope> inner{std::in_place, arena};
  static_cast<void>(arena.alloc_bytes(100));
  outer.reset();
  inner.reset();
  expect_contains(::testing::internal::GetCapturedStderr(), "50 bytes after it were overwritten");
  EXPECT_THROW(arena.reset(), std::logic_error) << "of the order";
  EXPECT_THROW(arena.reset(), MemoryOverrun);
}

TEST_P(ArenaChecked, TheDestructorReportsWhatItFinds) {
  ::testing::internal::CaptureStderr();
  {
    auto arena = make_arena();
    fill(arena.alloc_bytes(10), 1, 12);
  }
  expect_contains(::testing::internal::GetCapturedStderr(), "2 bytes after it were overwritten");
}

TEST_P(ArenaChecked, TheEnvironmentEnablesItToo) {
  ASSERT_EQ(setenv("DAA_CHECKED", "1", 1), 0);
  DeviceAsyncArena checked{stream()};
  ASSERT_EQ(setenv("DAA_CHECKED", "0", 1), 0);
  DeviceAsyncArena unchecked{stream()};
  ASSERT_EQ(unsetenv("DAA_CHECKED"), 0);
  fill(checked.alloc_bytes(10), 1, 11);
  static_cast<void>(unchecked.alloc_bytes(10));
  EXPECT_THROW(checked.reset(), MemoryOverrun);
  EXPECT_EQ(unchecked.stats().padding_bytes, 246u);
}

TEST_P(ArenaChecked, ForTheSanitizerEachAllocationIsARuntimeCall) {
  ArenaOptions plain;
  plain.backing = GetParam();
  plain.for_sanitizer = true;
  DeviceAsyncArena asked{stream(), {}, plain};
  ASSERT_EQ(setenv("DAA_SANITIZER", "1", 1), 0);
  plain.for_sanitizer = false;
  DeviceAsyncArena by_environment{stream(), {}, plain};
  ASSERT_EQ(unsetenv("DAA_SANITIZER"), 0);
  for (DeviceAsyncArena* const arena : {&asked, &by_environment}) {
    const auto first = alloc<std::byte>(*arena, 1000);
    static_cast<void>(arena->alloc_bytes(1000));
    EXPECT_EQ(arena->stats().chunks, 2u);
    EXPECT_EQ(arena->stats().bytes_reserved, 2000u) << "exactly what was asked";
    arena->recycle(first);
    EXPECT_EQ(arena->stats().chunks, 1u);
    arena->reset();
    EXPECT_EQ(arena->stats().chunks, 0u);
  }
}

}  // namespace
}  // namespace daa::test
