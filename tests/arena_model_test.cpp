// Random operations on an arena beside a model of what it promises. Runs on the host runtime, whose memory
// the test can look into once the stream is idle.

#include <list>
#include <map>
#include <ostream>
#include <random>

#include "daa/device_async_arena.hpp"
#include "daa/host_runtime.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

namespace rt = host_runtime;

struct Subject {
  const char* name;
  ArenaOptions options;
};

// For GoogleTest's messages and names.
void PrintTo(const Subject& subject, std::ostream* out) {
  *out << subject.name;
}

class ArenaModel : public ::testing::TestWithParam<Subject> {};

INSTANTIATE_TEST_SUITE_P(
    Options, ArenaModel,
    ::testing::Values(Subject{"chunked", {}}, Subject{"chunked_retain_0", {Backing::chunked, 4096, 0}},
                      Subject{"chunked_retain_1M", {Backing::chunked, 1, std::size_t{1} << 20}},
                      Subject{"chunked_presized", {Backing::chunked, 4096, 0, CapturePolicy::presized}},
                      Subject{"individual", {Backing::individual, 0, 0}},
                      Subject{"individual_presized", {Backing::individual, 0, 0, CapturePolicy::presized}}),
    ::testing::PrintToStringParamName());

// The model: which bytes are live, and the byte each of them was filled with.
struct Allocation {
  std::size_t bytes;
  std::uint8_t value;
  std::size_t scope;  // how many were open
};

class Model {
 public:
  Model(const ArenaOptions& options, std::uint64_t seed) : options_(options), random_(seed) {
    DAA_CUDA_CHECK(cudaStreamCreate(&stream_));
    arena_.emplace(stream_, std::nullopt, options);
  }
  ~Model() {
    scopes_.clear();
    arena_.reset();
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    EXPECT_EQ(rt::live_allocations(), 0u);
    EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void step() {
    const auto dice = below(1000);
    if (dice < 500) {
      allocate();
    } else if (dice < 850) {
      recycle();
    } else if (dice < 880) {
      scopes_.emplace_back(*arena_);
    } else if (dice < 910) {
      end_scope();
    } else if (dice < 950) {
      end_phase();
    } else if (dice < 970) {
      arena_->reserve(random_size());
    } else if (dice < 985) {
      arena_->trim();
    } else if (dice < 995) {
      verify_content();
    } else if (scopes_.empty()) {
      DeviceAsyncArena moved = std::move(*arena_);
      *arena_ = std::move(moved);
    }
    check_stats();
  }

 private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random_);
  }

  std::size_t random_size() {
    const std::size_t magnitude = std::size_t{1} << below(20);
    return below(2 * magnitude) + 1;
  }

  void allocate() {
    const std::size_t bytes = random_size();
    const std::size_t alignment = std::size_t{1} << below(below(10) == 0 ? 17 : 9);
    void* const pointer = arena_->alloc_bytes(bytes, alignment);
    const auto begin = reinterpret_cast<std::uintptr_t>(pointer);
    ASSERT_EQ(begin % std::max<std::size_t>(256, alignment), 0u);
    const auto next = live_.lower_bound(begin);
    if (next != live_.end()) {
      ASSERT_LE(begin + bytes, next->first) << "overlaps the next";
    }
    if (next != live_.begin()) {
      ASSERT_LE(std::prev(next)->first + std::prev(next)->second.bytes, begin) << "overlaps the one before";
    }
    const auto value = static_cast<std::uint8_t>(below(256));
    live_[begin] = {bytes, value, scopes_.size()};
    requested_ += bytes;
    ++allocations_;
    DAA_CUDA_CHECK(cudaMemsetAsync(pointer, value, bytes, stream_));
  }

  void recycle() {
    if (live_.empty()) return;
    const auto found = below(3) == 0
                           ? std::prev(live_.end())
                           : std::next(live_.begin(), static_cast<std::ptrdiff_t>(below(live_.size())));
    const std::size_t in_use = arena_->stats().bytes_in_use;
    arena_->recycle(reinterpret_cast<void*>(found->first), found->second.bytes);
    ASSERT_LE(arena_->stats().bytes_in_use, in_use - found->second.bytes);
    live_.erase(found);
  }

  void end_scope() {
    if (scopes_.empty()) return;
    if (below(4) == 0) verify_content();
    std::erase_if(live_, [&](const auto& each) { return each.second.scope == scopes_.size(); });
    scopes_.pop_back();
  }

  void end_phase() {
    if (below(4) == 0) verify_content();
    if (!scopes_.empty()) {
      ASSERT_THROW(arena_->reset(), std::logic_error);
    }
    while (!scopes_.empty()) end_scope();
    arena_->reset();
    live_.clear();
    requested_ = allocations_ = 0;
    if (options_.capture != CapturePolicy::refuse_growth) return;
    ASSERT_LE(arena_->stats().bytes_reserved,
              options_.backing == Backing::individual ? 0 : options_.retain_bytes);
  }

  void verify_content() {
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    for (const auto& [begin, allocation] : live_) {
      const auto* const bytes = reinterpret_cast<const std::uint8_t*>(begin);
      ASSERT_EQ(bytes[0], allocation.value);
      ASSERT_EQ(bytes[allocation.bytes / 2], allocation.value);
      ASSERT_EQ(bytes[allocation.bytes - 1], allocation.value);
    }
  }

  void check_stats() {
    const ArenaStats stats = arena_->stats();
    ASSERT_EQ(stats.allocations, allocations_);
    ASSERT_EQ(stats.bytes_requested, requested_);
    ASSERT_EQ(stats.bytes_in_use + stats.recycled_bytes, stats.bytes_requested + stats.padding_bytes);
    std::size_t live_bytes = 0;
    for (const auto& [begin, allocation] : live_) live_bytes += allocation.bytes;
    ASSERT_GE(stats.bytes_in_use, live_bytes);
    if (live_.empty() && scopes_.empty()) {
      ASSERT_EQ(stats.bytes_in_use, 0u);
    }
    high_water_ = std::max(high_water_, stats.bytes_in_use);
    ASSERT_EQ(stats.high_water_bytes, high_water_);
    ASSERT_GE(stats.bytes_reserved, stats.bytes_in_use);
    ASSERT_EQ(stats.chunks, rt::live_allocations());
  }

  ArenaOptions options_;
  std::mt19937_64 random_;
  cudaStream_t stream_ = nullptr;
  std::optional<DeviceAsyncArena> arena_;
  std::map<std::uintptr_t, Allocation> live_;
  std::list<ArenaScope> scopes_;
  std::size_t requested_ = 0;
  std::size_t allocations_ = 0;
  std::size_t high_water_ = 0;
};

TEST_P(ArenaModel, AgreesOverManyThousandRandomOperations) {
  for (const std::uint64_t seed : std::initializer_list<std::uint64_t>{1, 2, 3, 4, 5}) {
    rt::reset();
    {
      Model model{GetParam().options, seed};
      for (int i = 0; i < 10'000; ++i) {
        model.step();
        if (HasFailure()) FAIL() << "seed " << seed << ", step " << i;
      }
    }
    EXPECT_EQ(rt::violations(), std::vector<std::string>{});
  }
}

}  // namespace
}  // namespace daa::test
