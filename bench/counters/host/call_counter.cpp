// The host runtime's own log: exact, and without a driver beneath.

#include "counters/call_counter.hpp"

#include <utility>
#include <vector>

#include "daa/host_runtime.hpp"

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

MadeCallCounter make_call_counter() {
  return {std::make_unique<LogCounter>(), {}};
}

}  // namespace daa::bench
