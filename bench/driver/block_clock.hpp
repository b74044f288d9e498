// The three clocks of a sample.
#pragma once

#include <chrono>
#include <cstddef>

#include "driver/handles.hpp"
#include "options.hpp"

namespace daa::bench {

/// A sample is a block of phases between two synchronisations: the mean over its phases, in nanoseconds a
/// phase.
struct Sample {
  double host_enqueue_ns;  // from the first call of the block to the return of the last before the
                           // synchronisation
  double device_ns;  // between events around the block on the stream, idle time between kernels included
  double
      end_to_end_ns;  // from the first call to the return of the synchronisation, one event record included
};

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double ns_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

/// The time now; where a delay is planted, once what has passed since `begin` has grown by that fraction of
/// it.
[[nodiscard]] inline Clock::time_point read_clock(Clock::time_point begin, double planted) {
  Clock::time_point now = Clock::now();
  const auto end = now + std::chrono::duration_cast<Clock::duration>(planted * (now - begin));
  while (now < end) now = Clock::now();
  return now;
}

/// Times blocks of one stream.
class BlockClock {
 public:
  BlockClock(cudaStream_t stream, const PlantedDelay& planted) : stream_(stream), planted_(planted) {}

  /// `enqueue` enqueues `phases` phases on the stream, which is idle before and after.
  template <class Enqueue>
  Sample time(std::size_t phases, Enqueue enqueue) {
    DAA_CUDA_CHECK(cudaEventRecord(begin_.get(), stream_));
    const auto start = Clock::now();
    enqueue();
    const auto enqueued = read_clock(start, planted_.host_enqueue);
    DAA_CUDA_CHECK(cudaEventRecord(end_.get(), stream_));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    const auto finished = read_clock(start, planted_.end_to_end);

    float device_ms = 0;
    DAA_CUDA_CHECK(cudaEventElapsedTime(&device_ms, begin_.get(), end_.get()));
    const auto count = static_cast<double>(phases);
    return {ns_between(start, enqueued) / count, static_cast<double>(device_ms) * 1e6 / count,
            ns_between(start, finished) / count};
  }

 private:
  cudaStream_t stream_;
  PlantedDelay planted_;
  Event begin_ = make_event();
  Event end_ = make_event();
};

}  // namespace daa::bench
