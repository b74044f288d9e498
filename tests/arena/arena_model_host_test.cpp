// Random operations on an arena, compared with a model of its contract: allocation, over-alignment, recycling
// in any order, scopes, reserve(), trim(), moves, captures whose graphs are launched again, low memory, and
// failing calls, in phases that come again as they were, smaller, or in part. Runs on the host runtime, whose
// memory the test can read once the stream is idle.
//
// DAA_MODEL_OPERATIONS sets the number of operations for each set of options, DAA_MODEL_SEED the first seed.

#include <cstdlib>
#include <list>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <utility>

#include "daa/device_async_arena.hpp"
#include "daa/host_runtime.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

namespace rt = host_runtime;

struct Subject {
  const char* name;
  ArenaOptions options;
  std::size_t scale = 1;  // of all sizes
};

// For GoogleTest's messages and test names.
void PrintTo(const Subject& subject, std::ostream* out) {
  *out << subject.name;
}

class ArenaModel : public ::testing::TestWithParam<Subject> {};

ArenaOptions checked(ArenaOptions options) {
  options.checked = true;
  return options;
}

INSTANTIATE_TEST_SUITE_P(
    Options, ArenaModel,
    ::testing::Values(Subject{"chunked", {}}, Subject{"chunked_small", {Backing::chunked, 256}},
                      Subject{"chunked_retain_0", {Backing::chunked, 4096, 0}},
                      Subject{"chunked_retain_1M", {Backing::chunked, 1, (std::size_t{1} << 20) + 100}},
                      Subject{"chunked_presized", {Backing::chunked, 4096, 0, CapturePolicy::presized}},
                      Subject{"chunked_checked", checked({Backing::chunked, 4096})},
                      Subject{"individual", {Backing::individual, 0, 0}},
                      Subject{"individual_presized", {Backing::individual, 0, 0, CapturePolicy::presized}},
                      Subject{"individual_checked", checked({Backing::individual, 0, 0})},
                      Subject{"mapped", {Backing::mapped}},
                      Subject{"mapped_retain_0", {Backing::mapped, 0, 0}},
                      Subject{"mapped_presized", {Backing::mapped, 4096, 0, CapturePolicy::presized}},
                      Subject{"mapped_checked", checked({Backing::mapped})},
                      Subject{"mapped_large", {Backing::mapped}, 64},
                      Subject{"mapped_large_retain_24M", {Backing::mapped, 0, std::size_t{24} << 20}, 64},
                      Subject{"mapped_large_presized", {Backing::mapped, 0, 0, CapturePolicy::presized}, 64}),
    ::testing::PrintToStringParamName());

// The model: which bytes are live, and the byte each of them was filled with.
struct Allocation {
  std::size_t bytes;
  std::uint8_t value;
  std::size_t scope;  // number of open scopes
};

// A captured phase, which writes `value` to its word.
struct Captured {
  cudaGraphExec_t exec;
  std::uint8_t value;
};

class Model {
 public:
  Model(const Subject& subject, std::uint64_t seed)
      : options_(subject.options), scale_(subject.scale), random_(seed), script_(seed) {
    rt::reset();
    rt::set_memory_limit(below(3) == 0 ? (std::size_t{3} << 20) * scale_ : std::size_t{1} << 30);
    DAA_CUDA_CHECK(cudaStreamCreate(&stream_));
    DAA_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&word_), 1));
    arena_.emplace(stream_, std::nullopt, options_);
    begin_phase();
  }
  ~Model() {
    scopes_.clear();
    forget_graphs();
    arena_.reset();
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    EXPECT_EQ(cudaFreeHost(word_), cudaSuccess);
    EXPECT_EQ(rt::live_allocations(), 0u);
    if (options_.backing == Backing::mapped) {
      trim_all();
      EXPECT_EQ(rt::mapped_bytes(0), 0u);
    }
    EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    EXPECT_EQ(rt::violations(), std::vector<std::string>{});
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // Returns the number of operations: sometimes many of one kind follow each other.
  std::size_t step() {
    const auto dice = below(1000);
    const std::size_t run = below(50) == 0 ? 1 + below(std::size_t{1} << below(9)) : 1;
    std::size_t done = 0;
    do {
      operate(dice);
      check_stats();
    } while (++done < run && !::testing::Test::HasFailure());
    return done;
  }

 private:
  void operate(std::size_t dice) {
    if (differs_after_-- == 0) random_.seed(script_());
    if (dice < 480) {
      allocate();
    } else if (dice < 850) {
      recycle();
    } else if (dice < 880) {
      if (scopes_.size() < 20) scopes_.emplace_back(*arena_);
    } else if (dice < 910) {
      end_scope();
    } else if (dice < 940) {
      end_phase();
    } else if (dice < 960) {
      const std::size_t bytes = random_size();
      const ArenaStats before = arena_->stats();
      if (!attempt([&] { arena_->reserve(bytes); })) expect_unchanged(before);
    } else if (dice < 975) {
      attempt([&] { arena_->trim(); });
    } else if (dice < 985) {
      verify_content();
    } else if (dice < 990) {
      capture_a_phase();
    } else if (scopes_.empty()) {
      DeviceAsyncArena moved = std::move(*arena_);
      *arena_ = std::move(moved);
    }
  }

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random_);
  }

  // Half of the phases are one of the last three again, often with smaller sizes, and some of these in part.
  void begin_phase() {
    const auto chosen = script_() % 6;
    seeds_[2] = std::exchange(seeds_[1], std::exchange(seeds_[0], chosen < 3 ? seeds_[chosen] : script_()));
    random_.seed(seeds_[0]);
    largest_ = std::size_t{1} << (8 + below(13));
    eighths_ = script_() % 2 == 0 ? 8 : 1 + script_() % 8;
    differs_after_ = script_() % 3 == 0 ? script_() % 40 : ~std::uint64_t{0};
  }

  std::size_t random_size() {
    const std::size_t magnitude = std::size_t{1} << (scale_ == 1 ? below(20) : 12 + below(8));
    return (below(std::min(2 * magnitude, largest_)) * eighths_) / 8 * scale_ + 1;
  }

  // Whether a step succeeded. Sometimes a CUDA call that it makes fails, or memory runs out.
  template <class Step>
  bool attempt(Step step) {
    const bool fails = below(20) == 0;
    if (fails)
      rt::fail_call(1 + below(4), below(2) == 0 ? cudaErrorMemoryAllocation : cudaErrorInvalidValue, "");
    bool succeeded = true;
    try {
      step();
    } catch (const OutOfDeviceMemory&) {
      succeeded = false;
    } catch (const CudaError& error) {
      EXPECT_TRUE(fails) << error.what();
      succeeded = false;
    }
    if (fails) rt::clear_fault();
    return succeeded;
  }

  void expect_unchanged(const ArenaStats& before) {
    const ArenaStats after = arena_->stats();
    ASSERT_EQ(after.allocations, before.allocations);
    ASSERT_EQ(after.bytes_requested, before.bytes_requested);
    ASSERT_EQ(after.bytes_in_use, before.bytes_in_use);
    ASSERT_EQ(after.high_water_bytes, before.high_water_bytes);
    ASSERT_LE(after.bytes_reserved, before.bytes_reserved);
  }

  void allocate() {
    const std::size_t bytes = random_size();
    const std::size_t alignment = std::size_t{1} << below(below(10) == 0 ? 17 : 9);
    const ArenaStats before = arena_->stats();
    void* pointer = nullptr;
    if (!attempt([&] { pointer = arena_->alloc_bytes(bytes, alignment); })) {
      expect_unchanged(before);
      return;
    }
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
    live_.emplace_hint(next, begin, Allocation{bytes, value, scopes_.size()});
    live_bytes_ += bytes;
    requested_ += bytes;
    ++allocations_;
    if (scale_ == 1) {
      DAA_CUDA_CHECK(cudaMemsetAsync(pointer, value, bytes, stream_));
    } else {
      for (const std::size_t offset : marks(bytes)) {
        DAA_CUDA_CHECK(cudaMemsetAsync(static_cast<std::uint8_t*>(pointer) + offset, value, 1, stream_));
      }
    }
  }

  // Bytes of an allocation that are compared: in each page that it may have.
  static std::vector<std::size_t> marks(std::size_t bytes) {
    std::vector<std::size_t> offsets{0, bytes / 2, bytes - 1};
    for (std::size_t offset = 1 << 20; offset < bytes; offset += 1 << 20) offsets.push_back(offset);
    return offsets;
  }

  // Recycles in any order: the allocation at or after a random address, the highest, or the lowest.
  void recycle() {
    if (live_.empty()) return;
    auto found = live_.begin();
    const std::size_t dice = below(3);
    if (dice == 0) found = std::prev(live_.end());
    if (dice == 1) {
      const std::size_t span = std::prev(live_.end())->first - live_.begin()->first + 1;
      found = live_.lower_bound(live_.begin()->first + below(span));
    }
    const std::size_t in_use = arena_->stats().bytes_in_use;
    const auto [begin, allocation] = *found;
    if (!attempt([&] { arena_->recycle(reinterpret_cast<void*>(begin), allocation.bytes); })) {
      ASSERT_TRUE(options_.checked);  // the guards could not be read; nothing has changed
      ASSERT_EQ(arena_->stats().bytes_in_use, in_use);
      return;
    }
    ASSERT_LE(arena_->stats().bytes_in_use, in_use - allocation.bytes);
    live_bytes_ -= allocation.bytes;
    live_.erase(found);
  }

  void end_scope() {
    if (scopes_.empty()) return;
    if (below(8) == 0) verify_content();
    std::erase_if(live_, [&](const auto& each) {
      if (each.second.scope != scopes_.size()) return false;
      live_bytes_ -= each.second.bytes;
      return true;
    });
    scopes_.pop_back();
  }

  void end_phase() {
    if (below(8) == 0) verify_content();
    if (!scopes_.empty()) {
      ASSERT_THROW(arena_->reset(), std::logic_error);
    }
    while (!scopes_.empty()) end_scope();
    const bool succeeded = attempt([&] { arena_->reset(); });
    live_.clear();
    requested_ = allocations_ = live_bytes_ = 0;
    if (options_.capture == CapturePolicy::refuse_growth && succeeded) {
      ASSERT_LE(arena_->stats().bytes_reserved,
                options_.backing == Backing::individual ? 0 : options_.retain_bytes);
    }
    if (!graphs_.empty()) launch(graphs_[below(graphs_.size())]);
    begin_phase();
  }

  // Captures a separate phase, which copies its last value out of the arena. Launched between phases.
  void capture_a_phase() {
    end_phase();
    DAA_CUDA_CHECK(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
    const auto value = static_cast<std::uint8_t>(1 + below(255));
    bool fits = true;
    try {
      for (std::size_t i = 1 + below(5); i != 0; --i) {
        void* const pointer = arena_->alloc_bytes(random_size());
        DAA_CUDA_CHECK(cudaMemsetAsync(pointer, value, 1, stream_));
        if (i == 1) DAA_CUDA_CHECK(cudaMemcpyAsync(word_, pointer, 1, cudaMemcpyDeviceToHost, stream_));
      }
    } catch (const GrowthDuringCapture&) {
      fits = false;
    } catch (const OutOfDeviceMemory&) {  // Backing::mapped grows during a capture
      fits = false;
    }
    if (below(2) == 0) arena_->reset();
    cudaGraph_t graph = nullptr;
    DAA_CUDA_CHECK(cudaStreamEndCapture(stream_, &graph));
    const bool keeps_memory = options_.capture == CapturePolicy::presized;
    if (keeps_memory) arena_->reset();  // else it may free what the graph uses
    if (fits) {
      Captured captured{nullptr, value};
      DAA_CUDA_CHECK(cudaGraphInstantiate(&captured.exec, graph, 0));
      launch(captured);
      if (keeps_memory && graphs_.size() < 4) {
        graphs_.push_back(captured);
      } else {
        DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
        DAA_CUDA_CHECK(cudaGraphExecDestroy(captured.exec));
      }
    }
    DAA_CUDA_CHECK(cudaGraphDestroy(graph));
    if (!keeps_memory) arena_->reset();
  }

  void launch(const Captured& captured) {
    *word_ = 0;
    DAA_CUDA_CHECK(cudaGraphLaunch(captured.exec, stream_));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    ASSERT_EQ(*word_, captured.value);
  }

  void forget_graphs() {
    for (const Captured& captured : graphs_) DAA_CUDA_CHECK(cudaGraphExecDestroy(captured.exec));
    graphs_.clear();
  }

  void verify_content() {
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    for (const auto& [begin, allocation] : live_) {
      const auto* const bytes = reinterpret_cast<const std::uint8_t*>(begin);
      for (const std::size_t offset : marks(allocation.bytes)) ASSERT_EQ(bytes[offset], allocation.value);
    }
  }

  void check_stats() {
    const ArenaStats stats = arena_->stats();
    ASSERT_EQ(stats.allocations, allocations_);
    ASSERT_EQ(stats.bytes_requested, requested_);
    ASSERT_EQ(stats.bytes_in_use + stats.recycled_bytes, stats.bytes_requested + stats.padding_bytes);
    ASSERT_GE(stats.bytes_in_use, live_bytes_);
    if (live_.empty() && scopes_.empty()) {
      ASSERT_EQ(stats.bytes_in_use, 0u);
    }
    high_water_ = std::max(high_water_, stats.bytes_in_use);
    ASSERT_GE(stats.high_water_bytes, high_water_);
    high_water_ = stats.high_water_bytes;
    ASSERT_GE(stats.bytes_reserved, stats.bytes_in_use);
    ASSERT_LE(stats.tail_bytes, stats.bytes_reserved);
    if (options_.backing == Backing::mapped) {
      ASSERT_LE(stats.bytes_reserved + stats.bytes_returning, rt::mapped_bytes(0));  // trimmed pages may wait
    } else {
      ASSERT_EQ(stats.chunks, rt::live_allocations());
    }
  }

  ArenaOptions options_;
  std::size_t scale_;
  std::mt19937_64 random_;  // of this phase
  std::mt19937_64 script_;  // decides which phases come again
  std::uint64_t seeds_[3] = {1, 2, 3};
  std::size_t eighths_ = 8;
  std::uint64_t differs_after_ = 0;  // operations
  cudaStream_t stream_ = nullptr;
  std::uint8_t* word_ = nullptr;
  std::optional<DeviceAsyncArena> arena_;
  std::map<std::uintptr_t, Allocation> live_;
  std::list<ArenaScope> scopes_;
  std::vector<Captured> graphs_;
  std::size_t largest_ = 0;  // largest size in this phase
  std::size_t live_bytes_ = 0;
  std::size_t requested_ = 0;
  std::size_t allocations_ = 0;
  std::size_t high_water_ = 0;
};

std::size_t from_environment(const char* variable, std::size_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST_P(ArenaModel, AgreesOverRandomOperations) {
  const std::size_t operations = from_environment("DAA_MODEL_OPERATIONS", 50'000);
  std::uint64_t seed = from_environment("DAA_MODEL_SEED", 1);
  std::size_t homes = 0, reservations = 0;
  for (std::size_t done = 0; done < operations; ++seed) {
    Model model{GetParam(), seed};
    const std::size_t end = done + 10'000 / GetParam().scale;  // a short life, since the first phases stitch
    while (done < end) {
      done += model.step();
      if (HasFailure()) FAIL() << "seed " << seed << ", before operation " << done;
    }
    homes += rt::call_count("cuDeviceTotalMem");  // asked before the addresses of a home are reserved
    reservations += rt::call_count("cuMemAddressReserve");
  }
  RecordProperty("last_seed", std::to_string(seed - 1));
  if (GetParam().scale != 1 && GetParam().options.capture != CapturePolicy::presized) {
    EXPECT_GT(reservations, homes) << "nothing was stitched";
  }
}

}  // namespace
}  // namespace daa::test
