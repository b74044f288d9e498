// The table of allocators of daa-bench-faulty, which tests run in place of daa-bench: the real allocators,
// and some that are wrong in a known way, one of them in rank 1 alone. DAA_PLANT_DELAY makes one of them
// slower on purpose, to try a regression gate out:
//   arena:0.1         each end_phase() waits for 0.1 of the host time since the phase's first allocation
//   arena:device:0.1  the stream waits, for 0.1 of its time since the phase's first allocation
//   arena:calls:0.1   of each ten allocations, and of each ten phases' ends, one is made twice

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "allocators/table.hpp"
#include "device_delay.hpp"
#include "usage_error.hpp"
#include "workload_allocators.hpp"

namespace daa::bench {

namespace {

AllocatorInfo overlapping() {
  return {"overlapping", "all temporaries of a phase in one place",
          [](cudaStream_t, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<test::BlockAllocator>(demand.max_phase_bytes,
                                                          test::BlockAllocator::all_at_start);
          }};
}

AllocatorInfo exhausted() {
  return {"exhausted", "out of memory at the second temporary",
          [](cudaStream_t stream, const Demand&) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<test::ExhaustedAllocator>(stream, 1);
          }};
}

/// As cudaMalloc, until the tenth allocation of rank 1, which DAA_FAULT makes "throw", "exit" or "hang"; with
/// "overlap", all temporaries of rank 1 are in one place.
class FaultyInOneRank final : public ScratchAllocator {
 public:
  FaultyInOneRank(cudaStream_t stream, const Demand& demand)
      : allocator_(cuda_malloc().make(stream, demand)),
        overlapping_(demand.max_phase_bytes, test::BlockAllocator::all_at_start) {
    const char* const rank = std::getenv("OMPI_COMM_WORLD_RANK");
    const char* const fault = std::getenv("DAA_FAULT");
    if (rank != nullptr && fault != nullptr && std::string_view{rank} == "1") fault_ = fault;
  }

  void* allocate(std::size_t bytes) override {
    if (++allocations_ >= 10 && fault_ == "throw") throw std::runtime_error("the tenth allocation");
    if (allocations_ >= 10 && fault_ == "exit") std::_Exit(7);
    while (allocations_ >= 10 && fault_ == "hang") std::this_thread::sleep_for(std::chrono::seconds{1});
    return current().allocate(bytes);
  }
  void free(void* pointer, std::size_t bytes) override { current().free(pointer, bytes); }
  void end_phase() override { current().end_phase(); }
  bool needs_every_free() const override { return allocator_->needs_every_free(); }
  std::size_t bytes_reserved() const override { return allocator_->bytes_reserved(); }

 private:
  ScratchAllocator& current() {
    if (fault_ == "overlap") return overlapping_;
    return *allocator_;
  }

  std::unique_ptr<ScratchAllocator> allocator_;
  test::BlockAllocator overlapping_;
  std::string_view fault_;
  std::size_t allocations_ = 0;
};

AllocatorInfo faulty_in_one_rank() {
  return {"faulty-in-one-rank", "goes wrong in rank 1",
          [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<FaultyInOneRank>(stream, demand);
          }};
}

struct PlantedDelay {
  std::string_view allocator;
  double of_phase = 0, of_device = 0, of_calls = 0;
};

PlantedDelay read_planted_delay() {
  const char* const value = std::getenv("DAA_PLANT_DELAY");
  if (value == nullptr || *value == '\0') return {};
  const std::string_view text{value};
  const std::size_t colon = std::min(text.find(':'), text.size() - 1);
  PlantedDelay delay{text.substr(0, colon)};
  std::string_view rest = text.substr(colon + 1);
  double* of_what = &delay.of_phase;
  for (const auto& [prefix, of_prefix] : {std::pair{std::string_view{"device:"}, &delay.of_device},
                                          std::pair{std::string_view{"calls:"}, &delay.of_calls}}) {
    if (!rest.starts_with(prefix)) continue;
    rest.remove_prefix(prefix.size());
    of_what = of_prefix;
  }
  double fraction = 0;
  const char* const end = rest.data() + rest.size();
  const auto [read_to, error] = std::from_chars(rest.data(), end, fraction);
  const bool is_fraction = error == std::errc{} && read_to == end && std::isfinite(fraction) && fraction >= 0;
  if (!is_fraction || delay.allocator.empty())
    throw UsageError(
        fmt::format("DAA_PLANT_DELAY={}: is none of ALLOCATOR:FRACTION, ALLOCATOR:device:FRACTION and "
                    "ALLOCATOR:calls:FRACTION, as in arena:0.1",
                    text));
  *of_what = fraction;
  return delay;
}

const PlantedDelay& planted_delay() {
  static const PlantedDelay delay = read_planted_delay();
  return delay;
}

/// Forwards to another allocator, and takes longer. Each allocator has one, so that what it costs itself is
/// in all of them.
class DelayedAllocator final : public ScratchAllocator {
 public:
  DelayedAllocator(std::unique_ptr<ScratchAllocator> allocator, const PlantedDelay& delay,
                   std::unique_ptr<test::DeviceDelay> device, bool frees_all)
      : allocator_(std::move(allocator)), delay_(delay), device_(std::move(device)), frees_all_(frees_all) {}

  void* allocate(std::size_t bytes) override {
    if (!begin_) begin();
    for (calls_ += delay_.of_calls; calls_ >= 1; --calls_) {
      void* const pointer = allocator_->allocate(bytes);
      if (frees_all_) allocator_->free(pointer, bytes);
    }
    return allocator_->allocate(bytes);
  }
  void free(void* pointer, std::size_t bytes) override { allocator_->free(pointer, bytes); }
  void end_phase() override {
    for (ends_ += delay_.of_calls; ends_ >= 1; --ends_) allocator_->end_phase();
    allocator_->end_phase();
    if (begin_) wait();
    begin_.reset();
  }
  bool needs_every_free() const override { return allocator_->needs_every_free(); }
  std::size_t bytes_reserved() const override { return allocator_->bytes_reserved(); }
  std::size_t pool_mapped_bytes() const override { return allocator_->pool_mapped_bytes(); }

 private:
  using Clock = std::chrono::steady_clock;

  void begin() {
    if (delay_.of_phase > 0 || device_) begin_ = Clock::now();
    if (device_) device_->begin();
  }
  void wait() {
    if (device_) device_->end();
    const Clock::time_point now = Clock::now();
    const Clock::time_point end =
        now + std::chrono::duration_cast<Clock::duration>((now - *begin_) * delay_.of_phase);
    while (Clock::now() < end) {
    }
  }

  std::unique_ptr<ScratchAllocator> allocator_;
  PlantedDelay delay_;
  std::unique_ptr<test::DeviceDelay> device_;  // null without a delay of the device, of whichever allocator
  bool frees_all_;
  double calls_ = 0, ends_ = 0;             // to be made again
  std::optional<Clock::time_point> begin_;  // of a phase that has allocated
};

template <AllocatorInfo (*row)()>
AllocatorInfo with_planted_delay() {
  AllocatorInfo info = row();
  info.make = [](cudaStream_t stream, const Demand& demand) -> std::unique_ptr<ScratchAllocator> {
    const AllocatorInfo real = row();
    const PlantedDelay own = real.name == planted_delay().allocator ? planted_delay() : PlantedDelay{};
    std::unique_ptr<test::DeviceDelay> device;
    if (planted_delay().of_device > 0) device = std::make_unique<test::DeviceDelay>(stream, own.of_device);
    return std::make_unique<DelayedAllocator>(real.make(stream, demand), own, std::move(device),
                                              demand.frees_all);
  };
  return info;
}

struct Table {
  std::vector<AllocatorInfo> present, absent;

  Table() {
#define DAA_DELAYED(name) with_planted_delay<name>(),
    for (const AllocatorInfo& info :
         {DAA_ALLOCATORS(DAA_DELAYED) overlapping(), exhausted(), faulty_in_one_rank()})
      (info.absence.empty() ? present : absent).push_back(info);
#undef DAA_DELAYED
    const std::string_view delayed = planted_delay().allocator;
    if (!delayed.empty() && std::ranges::find(present, delayed, &AllocatorInfo::name) == present.end())
      throw UsageError(fmt::format("DAA_PLANT_DELAY={}: no such allocator is built in", delayed));
  }
};

const Table& table() {
  static const Table instance;
  return instance;
}

}  // namespace

std::span<const AllocatorInfo> allocators() {
  return table().present;
}

std::span<const AllocatorInfo> absent_allocators() {
  return table().absent;
}

}  // namespace daa::bench
