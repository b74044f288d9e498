// When a run ends early: after Ctrl-C or on timeout.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace daa::bench {

/// From now on SIGINT, SIGTERM and SIGHUP are remembered instead of ending the process; a second one ends it.
/// No system call fails for it. Signals that were ignored stay ignored, as nohup needs.
void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

/// Thrown where a run that is to stop is in the middle of something. What was in progress is dropped.
struct Stopped {};

class StopCondition {
 public:
  /// The time begins now.
  explicit StopCondition(std::optional<double> timeout_s = {});

  /// One that is never requested: for what several ranks do together, which none of them may leave.
  [[nodiscard]] static StopCondition never();

  /// From any thread. Cheap enough to ask between two batches: an atomic load and, with a timeout, the clock.
  [[nodiscard]] bool requested() const {
    return heeds_interrupts_ &&
           (interrupted() || (deadline_ && std::chrono::steady_clock::now() >= *deadline_));
  }

  /// Throws Stopped if requested().
  void check() const {
    if (requested()) throw Stopped{};
  }

  /// The same with a second more, for what ends a case that is complete. An interrupt still stops it at once.
  [[nodiscard]] StopCondition with_grace() const;

  /// "interrupted", or "--timeout=5: timed out".
  [[nodiscard]] std::string reason() const;

 private:
  bool heeds_interrupts_ = true;
  std::optional<double> timeout_s_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

}  // namespace daa::bench
