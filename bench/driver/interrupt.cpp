#include "driver/interrupt.hpp"

#include <csignal>

namespace daa::bench {

namespace {

volatile std::sig_atomic_t signal_seen = 0;

void remember(int) {
  signal_seen = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept {
  return signal_seen != 0;
}

}  // namespace daa::bench
