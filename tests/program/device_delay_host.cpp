#include <chrono>

#include "daa/error.hpp"
#include "device_delay.hpp"

namespace daa::test {

namespace {
using Clock = std::chrono::steady_clock;
}

struct State {
  Clock::time_point begin;
  double fraction = 0;
};

DeviceDelay::DeviceDelay(cudaStream_t stream) : stream_(stream), state_(new State) {}

DeviceDelay::~DeviceDelay() {
  static_cast<void>(cudaStreamSynchronize(stream_));
  delete state_;
}

void DeviceDelay::begin() {
  const auto note_begin = [](void* state) { static_cast<State*>(state)->begin = Clock::now(); };
  DAA_CUDA_CHECK(cudaLaunchHostFunc(stream_, note_begin, state_));
}

void DeviceDelay::end(double fraction) {
  state_->fraction = fraction;
  const auto wait = [](void* state) {
    const auto& [begin, of_it] = *static_cast<State*>(state);
    const Clock::time_point now = Clock::now();
    const auto end = now + std::chrono::duration_cast<Clock::duration>((now - begin) * of_it);
    while (Clock::now() < end) {
    }
  };
  DAA_CUDA_CHECK(cudaLaunchHostFunc(stream_, wait, state_));
}

}  // namespace daa::test
