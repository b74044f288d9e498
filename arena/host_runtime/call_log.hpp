// The log of calls, and the fault that is injected into them.
//
// Counts are kept of every call, so that they are exact however long a program runs; records only of the
// first max_recorded_calls, so that memory is bounded. A call is logged when it returns.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "daa/host_runtime.hpp"
#include "functions.hpp"

namespace daa::host_runtime {

class CallLog {
 public:
  /// The injected fault, if this is the call that it was meant for.
  [[nodiscard]] cudaError_t strike(Function function);
  /// Counts the call, and keeps a record of it if there is room for one.
  void add(Function function, const Call& call) noexcept;

  [[nodiscard]] std::vector<Call> calls() const;
  [[nodiscard]] std::size_t count(std::string_view function) const;
  [[nodiscard]] std::vector<FunctionCount> counts() const;
  void clear();

  void fail(std::size_t k, cudaError_t error, std::string_view function);
  bool clear_fault();

 private:
  struct Fault {
    std::size_t calls_left;  // 1: the next one
    cudaError_t error;
    std::optional<std::size_t> function;  // any, if empty
  };

  mutable std::mutex mutex_;
  std::array<std::size_t, function_names.size()> counts_{};
  std::vector<Call> records_;
  std::optional<Fault> fault_;
  std::atomic<bool> armed_{false};  // fault_ has a value: spares every other call the lock
};

CallLog& call_log();

}  // namespace daa::host_runtime
