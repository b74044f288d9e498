// A stream and a problem on it for one turn of an allocator on the host runtime.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "allocators/allocators.hpp"
#include "daa/host_runtime.hpp"
#include "driver/turn.hpp"
#include "stream_fixture.hpp"
#include "table_rows.hpp"

namespace daa::test {

/// Calls made for memory: neither the driver's around a block nor the workload's.
inline std::size_t calls_for_memory() {
  constexpr std::array others{"cudaEventRecord", "cudaStreamSynchronize", "cudaEventElapsedTime",
                              "cudaLaunchKernel", "cudaMemcpyAsync"};
  std::size_t count = host_runtime::call_count();
  for (const std::string_view function : others) count -= host_runtime::call_count(function);
  return count;
}

class TurnTest : public StreamFixture {
 protected:
  void TearDown() override {
    workload_.reset();
    EXPECT_TRUE(host_runtime::violations().empty());
    EXPECT_EQ(host_runtime::live_allocations(), 0u);
    StreamFixture::TearDown();
    host_runtime::reset();
  }

  Problem problem(std::string_view name, std::size_t elements = 1000) {
    workload_ = workload(name).make(elements, 1, stream());
    return {name, *workload_, measure_demand(*workload_, stream()), stream()};
  }

  static std::size_t measure_all(Turn& turn, const TurnOptions& options) {
    const std::size_t samples = samples_per_turn(options);
    for (std::size_t i = 0; i < samples; ++i) turn.measure();
    return samples;
  }

 private:
  std::unique_ptr<Workload> workload_;
};

}  // namespace daa::test
