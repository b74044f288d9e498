#include "device_delay.hpp"

#include "daa/error.hpp"

namespace daa::test {

struct State {
  unsigned long long begin_ns;
  double owed_ns;  // what the clock was too coarse for
};

namespace {

__device__ unsigned long long now_ns() {
  unsigned long long ns;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
  return ns;
}

__global__ void note_begin(State* state) {
  state->begin_ns = now_ns();
}

__global__ void wait(State* state, double fraction) {
  const unsigned long long start = now_ns();
  const double owed = state->owed_ns + fraction * static_cast<double>(start - state->begin_ns);
  double waited = 0;
  while (waited < owed) waited = static_cast<double>(now_ns() - start);
  state->owed_ns = owed - waited;
}

}  // namespace

DeviceDelay::DeviceDelay(cudaStream_t stream, double fraction) : stream_(stream), fraction_(fraction) {
  DAA_CUDA_CHECK(cudaMalloc(&state_, sizeof(State)));
  DAA_CUDA_CHECK(cudaMemset(state_, 0, sizeof(State)));
}

DeviceDelay::~DeviceDelay() {
  static_cast<void>(cudaStreamSynchronize(stream_));
  static_cast<void>(cudaFree(state_));
}

void DeviceDelay::begin() {
  note_begin<<<1, 1, 0, stream_>>>(state_);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void DeviceDelay::end() {
  wait<<<1, 1, 0, stream_>>>(state_, fraction_);
  DAA_CUDA_CHECK(cudaGetLastError());
}

}  // namespace daa::test
