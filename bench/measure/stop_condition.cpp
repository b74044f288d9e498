#include "measure/stop_condition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <initializer_list>

namespace daa::bench {

namespace {

std::atomic<bool> signal_seen = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void remember(int) {
  signal_seen = true;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction inherited = {};
    sigaction(signal, nullptr, &inherited);
    if (inherited.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

bool interrupted() noexcept {
  return signal_seen;
}

StopCondition::StopCondition(std::optional<double> timeout_s) : timeout_s_(timeout_s) {
  using Clock = std::chrono::steady_clock;
  constexpr double most_s = 1e9;  // 31 years; the clock has 292
  if (timeout_s)
    deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>{std::min(*timeout_s, most_s)});
}

StopCondition StopCondition::never() {
  StopCondition never;
  never.heeds_interrupts_ = false;
  return never;
}

StopCondition StopCondition::with_grace() const {
  StopCondition later = *this;
  if (later.deadline_) *later.deadline_ += std::chrono::seconds{1};
  return later;
}

std::string StopCondition::reason() const {
  return interrupted() ? "interrupted" : fmt::format("--timeout={}: timed out", timeout_s_.value_or(0));
}

}  // namespace daa::bench
