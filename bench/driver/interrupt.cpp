#include "driver/interrupt.hpp"

#include <atomic>
#include <csignal>
#include <initializer_list>

namespace daa::bench {

namespace {

std::atomic<bool> signal_seen = false;
static_assert(std::atomic<bool>::is_always_lock_free, "or a signal handler may not set it");

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
    if (inherited.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // nohup's wish is respected
  }
}

bool interrupted() noexcept {
  return signal_seen;
}

}  // namespace daa::bench
