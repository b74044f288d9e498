// Campaigns whose turns are on several streams at once.

#include <atomic>
#include <chrono>
#include <thread>

#include "campaign_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

// A kernel's length of work on each stream, and how many ran at once.
class Sleeping final : public Workload {
 public:
  static constexpr std::chrono::milliseconds duration{20};
  static inline std::atomic<int> running, most_running;

  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    void* const place = scratch.allocate(256);
    DAA_CUDA_CHECK(host::launch(stream, {{place, 256}}, [] {
      const int now = ++running;
      int most = most_running;
      while (most < now && !most_running.compare_exchange_weak(most, now)) {
      }
      std::this_thread::sleep_for(duration);
      --running;
    }));
  }
  void spoil_outputs(cudaStream_t) override {}
  std::optional<std::string> find_error(cudaStream_t stream) override {
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
    return std::nullopt;
  }
};

const WorkloadInfo sleeping{
    .name = "sleeping",
    .summary = "of a test",
    .min_elements = 1,
    .bytes_per_element = 1,
    .make = [](std::size_t, std::uint64_t, cudaStream_t) -> std::unique_ptr<Workload> {
      return std::make_unique<Sleeping>();
    }};

// Waits for all streams before it allocates.
std::unique_ptr<ScratchAllocator> make_serialising(cudaStream_t, const Demand& demand) {
  struct Serialising final : BlockAllocator {
    using BlockAllocator::BlockAllocator;
    void* allocate(std::size_t bytes) override {
      DAA_CUDA_CHECK(cudaDeviceSynchronize());
      return BlockAllocator::allocate(bytes);
    }
  };
  return std::make_unique<Serialising>(demand.max_phase_bytes, BlockAllocator::behind_previous);
}

class LaneCampaign : public CampaignTest {
 protected:
  static Options on_streams(const WorkloadInfo& info, std::size_t streams) {
    Options options = small_options();
    options.workloads = {&info};
    options.streams = {streams};
    options.warmup = 1;
    return options;
  }
};

TEST_F(LaneCampaign, EveryAllocatorIsMeasuredOnEachNumberOfThreads) {
  Options options = small_options();
  options.threads = {1, 3};
  options.allocators.clear();
  for (const AllocatorInfo& info : allocators()) options.allocators.push_back(&info);
  const auto groups = run_groups(options);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(turn_count(options), 2 * allocators().size() * options.repetitions);
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Row& row : groups[i]) {
      expect_measured(row, options);
      EXPECT_EQ(row.mode.threads, options.threads[i]);
      EXPECT_EQ(row.mode.streams, options.threads[i]);
      EXPECT_GT(row.found.allocation_ns.value(), 0);
      EXPECT_GE(row.found.slowest_allocation_ns.value(), *row.found.allocation_ns);
      EXPECT_GT(row.found.serial_ns.value(), 0) << "preallocated's, in every row";
    }
  }
}

// The device's part is asleep, so that streams overlap on any machine; where that is so busy that the floor's
// own times differ by more than it gains, there is no score, and it is tried again.
TEST_F(LaneCampaign, AnAllocatorThatSerialisesStreamsHasALowOverlapScore) {
  const AllocatorInfo serialising = allocator_of<make_serialising>("serialising");
  Options options = on_streams(sleeping, 4);
  options.allocators = {&allocator("preallocated"), &serialising};
  options.iters = 2;
  const double serial = std::chrono::duration<double, std::nano>(4 * Sleeping::duration).count();
  std::vector<Row> rows;
  for (int attempt = 0; attempt < 5; ++attempt) {
    rows = run(options);
    ASSERT_EQ(rows.size(), 2u);
    for (const Row& row : rows) expect_measured(row, options);
    EXPECT_GE(rows[0].found.serial_ns.value(), serial) << "one stream after the other";
    EXPECT_GE(rows[1].end_to_end.median_ns, serial) << "as it runs on the serialised streams";
    if (rows[0].found.overlap_score) break;
  }
  ASSERT_TRUE(rows[0].found.overlap_score) << "the floor never overlapped";
  EXPECT_EQ(rows[0].found.overlap_score, 1);
  EXPECT_LT(rows[1].found.overlap_score.value(), 0.5);
  const double gain = *rows[0].found.serial_ns - rows[0].end_to_end.median_ns;
  EXPECT_DOUBLE_EQ(*rows[1].found.overlap_score,
                   (*rows[0].found.serial_ns - rows[1].end_to_end.median_ns) / gain);
}

TEST_F(LaneCampaign, WhatIsSerialisedNeverRunsAtOnceAndWhatIsNotDoes) {
  const AllocatorInfo serialising = allocator_of<make_serialising>("serialising");
  Options options = on_streams(sleeping, 4);
  options.iters = 2;
  const auto most_running = [&](const AllocatorInfo& info) {
    options.allocators = {&info};
    Sleeping::most_running = 0;
    for (const Row& row : run(options)) expect_measured(row, options);
    return Sleeping::most_running.load();
  };
  EXPECT_EQ(most_running(serialising), 1);
  EXPECT_GT(most_running(allocator("cuda-malloc-async")), 1);
}

TEST_F(LaneCampaign, WithoutTheFloorThereIsNoScore) {
  Options options = on_streams(workload("scan"), 2);
  options.allocators = {&allocator("arena")};
  const Row row = run(options).at(0);
  expect_measured(row, options);
  EXPECT_EQ(row.found.overlap_score, std::nullopt);
  EXPECT_EQ(row.found.serial_ns, std::nullopt);
}

TEST_F(LaneCampaign, WhereTheStreamsWorkloadsDoNotFitTheRowsSaySo) {
  Options options = on_streams(workload("stencil"), 64);
  options.elements = {100'000};
  host::set_memory_limit(16 << 20);
  const std::vector<Row> rows = run(options);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].status, Status::out_of_memory);
  EXPECT_TRUE(rows[0].message.starts_with("preparing the workload: ")) << rows[0].message;
}

}  // namespace
}  // namespace daa::test
