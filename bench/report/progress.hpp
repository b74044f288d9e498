// Progress and time left, in one line on a terminal that is rewritten in place; and notes to the user.
#pragma once

#include <chrono>
#include <cstddef>
#include <ostream>
#include <string_view>

namespace daa::bench {

/// Whether standard error is a terminal that can rewrite a line.
[[nodiscard]] bool stderr_is_terminal();

/// The line is written only if `enabled`. The time left is estimated as if all steps took equally long.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  /// `out` is borrowed.
  Progress(std::ostream& out, bool enabled, std::size_t steps, Clock::time_point start = Clock::now());
  /// Erases the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` steps are done and `label` is in progress. Cheap to call often: at most ten calls a second have
  /// an effect.
  void show(std::size_t done, std::string_view label, Clock::time_point now = Clock::now());

  /// Leaves the cursor at the start of an empty line, for other output; the next show() has an effect.
  void erase();

  /// A line that stays: "daa-bench: ..." An output that cannot be written is ignored.
  void note(std::string_view text);

 private:
  std::ostream& out_;
  bool enabled_;
  std::size_t steps_;
  Clock::time_point start_;
  Clock::time_point next_;  // no effect before
  std::size_t shown_ = 0;   // characters on the line
};

}  // namespace daa::bench
