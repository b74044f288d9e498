// What is asked of the host runtime. Calls are counted by its own log: exact, and with no driver beneath.

#include <utility>
#include <vector>

#include "daa/host_runtime.hpp"
#include "device/call_counter.hpp"
#include "device/device.hpp"
#include "device/sm_clock.hpp"

namespace daa::bench {

namespace {

class LogCounter final : public CallCounter {
 public:
  void resume() override { before_ = host_runtime::call_counts(); }

  void pause() override {
    const std::vector<host_runtime::FunctionCount> after = host_runtime::call_counts();
    for (std::size_t i = 0; i < after.size(); ++i) {
      const std::size_t calls = after[i].calls - before_[i].calls;
      counts_.runtime += calls;
      counts_.add_by_kind(after[i].function, calls);
    }
  }

  [[nodiscard]] CallCounts take() override { return std::exchange(counts_, {}); }

 private:
  std::vector<host_runtime::FunctionCount> before_;
  CallCounts counts_;
};

}  // namespace

DeviceKind device_kind() {
  return DeviceKind::host;
}

ClockReader make_clock_reader() {
  return [] { return ClockReading{}; };
}

MadeCallCounter make_call_counter() {
  return {std::make_unique<LogCounter>(), {}};
}

}  // namespace daa::bench
