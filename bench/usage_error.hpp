// Bad input, wherever it is noticed, and the exit codes.
#pragma once

#include <stdexcept>

namespace daa::bench {

/// What the user gave cannot be used: a flag's value, a trace, a result to compare with. what() is one line
/// that names the place, the value and the remedy. The program prints it and exits with exit_usage.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Exit codes of daa-bench and of `daa-bench compare`.
inline constexpr int exit_ok = 0, exit_regression = 1, exit_no_device = 2, exit_inconclusive = 3,
                     exit_not_measured = 4, exit_job_ended = 5, exit_usage = 100, exit_interrupted = 130;

}  // namespace daa::bench
