// Cold samples: first phases of fresh allocators.

#include <algorithm>

#include "measure_fixture.hpp"

namespace daa::test {
namespace {

namespace host = host_runtime;

class ColdPhases : public MeasureTest {
 protected:
  static RunConfig cold(std::string_view name = "scan", std::size_t elements = 1000) {
    RunConfig config = small_config();
    config.workloads = {&workload(name)};
    config.elements = {elements};
    config.modes = {Mode::cold};
    config.iters = 2;
    return config;
  }
};

TEST_F(ColdPhases, AreEachTheFirstOfAnAllocatorOfItsOwn) {
  Case& scan = prepared(cold());
  const EventLog log;
  Measured of = measured(scan, observed);
  of.warmed_up();
  EXPECT_EQ(log.script(), "");
  of.sampled();
  EXPECT_EQ(log.script(),
            "maaaed"
            "maaaed");
  EXPECT_EQ(of.trial->finish(true).error, std::nullopt);
  EXPECT_EQ(log.script(),
            "maaaed"
            "maaaed"
            "maaaed")
      << "one more, whose result is checked";
}

TEST_F(ColdPhases, AreAlwaysTheFirstOfTheCycle) {
  Case& compact = prepared(cold("compact", 2000));
  const EventLog log;
  measured(compact, observed).sampled();
  std::vector<std::size_t> asked[2];
  for (const Observed::Event& event : log.events)
    if (event.what == 'a') asked[event.life].push_back(event.bytes);
  EXPECT_EQ(asked[0].size(), 4u);
  EXPECT_EQ(asked[1], asked[0]);
}

TEST_F(ColdPhases, HaveGrowthInTheirClocksAndConstructionAndDestructionNot) {
  Case& scan = prepared(cold());
  Measured of = measured(scan, allocator("cuda-malloc-async"));
  host::clear_calls();
  static_cast<void>(of.sampler.next());
  std::string order;
  for (const host::Call& call : host::calls()) {
    if (call.function == "cudaMemPoolCreate") order += 'C';
    if (call.function == "cudaMallocFromPoolAsync") order += 'a';
    if (call.function == "cudaFreeAsync") order += 'f';
    if (call.function == "cudaMemPoolDestroy") order += 'D';
    if (call.function == "cudaEventRecord") order += '|';
  }
  EXPECT_EQ(order, "C|aaafff|D");
}

TEST_F(ColdPhases, GrowInEverySampleAndInThePassForTheCounters) {
  Case& scan = prepared(cold());
  Measured of = measured(scan, allocator("arena"));
  of.sampled();
  const auto counter = make_call_counter().counter;
  const Recording recording = of.trial->record(counter.get());
  EXPECT_EQ(recording.phases, 1u);
  EXPECT_GE(recording.calls.value().of(CallKind::allocate), 1u);
  EXPECT_GT(recording.reserved_bytes, 0u);
}

TEST_F(ColdPhases, ThatAreWrongAreFound) {
  Case& scan = prepared(cold("scan", 5003));
  Observed::is_wrong = [](auto, auto) { return true; };
  EXPECT_NE(measured(scan, observed).sampled().trial->finish(true).error, std::nullopt);
}

}  // namespace
}  // namespace daa::test
