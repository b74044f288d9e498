#include <chrono>

#include "daa/error.hpp"
#include "device_delay.hpp"

namespace daa::test {

namespace {
using Clock = std::chrono::steady_clock;
}

struct State {
  double fraction;
  Clock::time_point begin = {};
};

DeviceDelay::DeviceDelay(cudaStream_t stream, double fraction)
    : stream_(stream), fraction_(fraction), state_(new State{fraction}) {}

DeviceDelay::~DeviceDelay() {
  static_cast<void>(cudaStreamSynchronize(stream_));
  delete state_;
}

void DeviceDelay::begin() {
  const auto note_begin = [](void* state) { static_cast<State*>(state)->begin = Clock::now(); };
  DAA_CUDA_CHECK(cudaLaunchHostFunc(stream_, note_begin, state_));
}

void DeviceDelay::end() {
  const auto wait = [](void* state) {
    const auto& [fraction, begin] = *static_cast<State*>(state);
    const Clock::time_point now = Clock::now();
    const auto end = now + std::chrono::duration_cast<Clock::duration>((now - begin) * fraction);
    while (Clock::now() < end) {
    }
  };
  DAA_CUDA_CHECK(cudaLaunchHostFunc(stream_, wait, state_));
}

}  // namespace daa::test
