// What ScratchAllocator promises, of every allocator that is built in; on any runtime.

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "daa/error.hpp"
#include "device/device.hpp"
#include "stream_fixture.hpp"
#include "table_rows.hpp"

// Null in a program on a GPU.
namespace daa::host_runtime {
[[gnu::weak]] void set_memory_limit(std::size_t bytes, int device);
}

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

struct DeviceMemory {
  std::size_t free_bytes = 0, total_bytes = 0;
  DeviceMemory() { DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes)); }
};

class AllocatorContract : public StreamFixture, public ::testing::WithParamInterface<AllocatorInfo> {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    // The host runtime fills what it gives out: tests that use all there is would take long.
    if (host_runtime::set_memory_limit != nullptr) host_runtime::set_memory_limit(512 * MiB, 0);
  }
  void TearDown() override {
    StreamFixture::TearDown();
    if (host_runtime::set_memory_limit != nullptr) host_runtime::set_memory_limit(std::size_t{16} << 30, 0);
  }

  [[nodiscard]] std::unique_ptr<ScratchAllocator> make(std::size_t max_phase_bytes) const {
    return GetParam().make(stream(), {.max_phase_bytes = max_phase_bytes});
  }

  /// It places the temporaries of a phase that was measured before, and has no answer to others.
  [[nodiscard]] bool is_lower_bound() const { return GetParam().name == lower_bound_name; }
};

constexpr std::array<std::size_t, 9> sizes{1, 255, 256, 257, 4096, 100'003, 2 * MiB, 3 * MiB + 1, 1};

std::size_t total_footprint() {
  std::size_t total = 0;
  for (const std::size_t bytes : sizes) total += footprint(bytes);
  return total;
}

TEST_P(AllocatorContract, TemporariesAreAlignedAndDistinctInEveryPhase) {
  const auto scratch = make(total_footprint());
  for (int phase = 0; phase < 3; ++phase) {
    std::vector<void*> pointers;
    for (const std::size_t bytes : sizes) {
      pointers.push_back(scratch->allocate(bytes));
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pointers.back()) % 256, 0u) << bytes;
      fill(pointers.back(), static_cast<std::uint8_t>(pointers.size() + 16), bytes);
    }
    for (std::size_t i = 0; i < sizes.size(); ++i)
      EXPECT_TRUE(holds(pointers[i], static_cast<std::uint8_t>(i + 17), sizes[i])) << "temporary " << i;
    EXPECT_GE(scratch->bytes_reserved(), total_footprint() - sizes.size() * 256);
    scratch->end_phase();
  }
}

TEST_P(AllocatorContract, APhaseThatComesAgainNeedsNoMoreMemory) {
  const auto scratch = make(total_footprint());
  std::size_t settled = 0;
  for (int phase = 0; phase < 20; ++phase) {
    for (const std::size_t bytes : sizes) static_cast<void>(scratch->allocate(bytes));
    if (phase == 5) settled = scratch->bytes_reserved();
    if (phase > 5) {
      EXPECT_LE(scratch->bytes_reserved(), settled) << "phase " << phase;
    }
    scratch->end_phase();
  }
}

TEST_P(AllocatorContract, WhatIsFreedEarlyMayBeInAnyOrder) {
  const auto scratch = make(2 * total_footprint());
  for (int phase = 0; phase < 3; ++phase) {
    std::vector<void*> pointers;
    for (const std::size_t bytes : sizes) pointers.push_back(scratch->allocate(bytes));
    for (const std::size_t freed : {3u, 8u, 0u, 6u}) scratch->free(pointers[freed], sizes[freed]);
    for (const std::size_t again : {6u, 3u, 0u, 8u}) pointers[again] = scratch->allocate(sizes[again]);
    for (std::size_t i = 0; i < sizes.size(); ++i)
      fill(pointers[i], static_cast<std::uint8_t>(i + 1), sizes[i]);
    for (std::size_t i = 0; i < sizes.size(); ++i)
      EXPECT_TRUE(holds(pointers[i], static_cast<std::uint8_t>(i + 1), sizes[i])) << "temporary " << i;
    scratch->end_phase();
  }
}

// Pieces of which 40 are more than there is.
TEST_P(AllocatorContract, APhaseMayAskForMoreThanThereIsBecauseFreesAreHonoured) {
  const std::size_t piece = DeviceMemory{}.free_bytes / 32;
  const auto scratch = make(piece);
  const auto ask_for_more = [&] {
    for (int i = 0; i < 40; ++i) {
      void* const pointer = scratch->allocate(piece);
      fill(pointer, 1, MiB);
      scratch->free(pointer, piece);
    }
  };
  if (is_lower_bound()) {
    EXPECT_THROW(ask_for_more(), std::logic_error) << "it has what was measured beforehand";
  } else {
    ask_for_more();
  }
  scratch->end_phase();
}

TEST_P(AllocatorContract, EverythingIsGivenBackByTheDestructor) {
  const std::size_t piece = DeviceMemory{}.free_bytes / 32;
  for (int life = 0; life < 40; ++life) {
    auto scratch = make(2 * piece);
    fill(scratch->allocate(piece), 1, MiB);
    if (life % 2 == 0) scratch->end_phase();
    if (life % 4 == 0) fill(scratch->allocate(piece / 2), 1, MiB);
    scratch.reset();
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  }
}

TEST_P(AllocatorContract, WhereMemoryRunsOutItSaysSoAndGoesOn) {
  const std::size_t too_much = 2 * DeviceMemory{}.total_bytes;
  const auto scratch = make(4 * MiB);
  for (int phase = 0; phase < 3; ++phase) {
    void* const before = scratch->allocate(MiB);
    fill(before, 3, MiB);
    try {
      static_cast<void>(scratch->allocate(too_much));
      FAIL() << "twice the device's memory was given out";
    } catch (const OutOfDeviceMemory& error) {
      EXPECT_EQ(error.shortage().bytes_asked, too_much);
      EXPECT_NE(error.shortage().device_total, 0u);
    } catch (const std::logic_error& error) {
      EXPECT_TRUE(is_lower_bound()) << error.what();
    }
    EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "the error is still in the runtime";
    void* const after = scratch->allocate(MiB);
    fill(after, 4, MiB);
    EXPECT_TRUE(holds(before, 3, MiB));
    EXPECT_TRUE(holds(after, 4, MiB));
    scratch->free(after, MiB);
    scratch->end_phase();
  }
}

INSTANTIATE_TEST_SUITE_P(Table, AllocatorContract, ::testing::ValuesIn(allocators()), allocator_name);

// --- those of others ---

class AbsentAllocator : public ::testing::Test {};

TEST_F(AbsentAllocator, HasAReasonAndNoMaker) {
  for (const AllocatorInfo& row : absent_allocators()) {
    EXPECT_GT(row.absence.size(), 10u) << row.name;
    EXPECT_EQ(row.make, nullptr) << row.name;
    EXPECT_EQ(std::ranges::count(allocators(), row.name, &AllocatorInfo::name), 0) << row.name;
  }
}

}  // namespace
}  // namespace daa::test
