#include "driver/turn.hpp"

namespace daa::bench {

PassCounts Turn::count(CallCounter* counter) {
  CountedAllocator counted{*scratch_, counter};
  for (std::size_t i = 0; i < problem_.workload.cycle_length(); ++i) {
    problem_.workload.enqueue_phase(counted, problem_.stream);
    counted.end_phase();
    if (options_.sync == SyncMode::phase) DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(problem_.stream));
  return counted.finish();
}

}  // namespace daa::bench
