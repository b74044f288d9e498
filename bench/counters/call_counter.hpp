// Counts the CUDA calls that a piece of code makes, whoever wrote it.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "counters/call_kind.hpp"

namespace daa::bench {

/// Calls of either API, and what they are for. A call that another one makes is not counted by kind again:
/// cudaMalloc is one allocation, although it calls cuMemAlloc. So the kinds are comparable between code that
/// calls the runtime and code that calls the driver.
struct CallCounts {
  std::size_t runtime = 0;                           // of the runtime API
  std::optional<std::size_t> driver;                 // of the driver API, those that the runtime makes
                                                     // included; nothing where there is no driver
  std::array<std::size_t, call_kinds> by_kind = {};  // of the outermost calls
  std::size_t synchronisations = 0;                  // of these, those that wait for the device

  [[nodiscard]] std::size_t of(CallKind kind) const { return by_kind[static_cast<std::size_t>(kind)]; }

  /// Adds `calls` outermost calls of `function` to the kinds.
  void add_by_kind(std::string_view function, std::size_t calls = 1);
};

class CallCounter {
 public:
  virtual ~CallCounter() = default;

  /// Between these two, the calls of the thread that makes them are counted; no other makes any meanwhile.
  virtual void resume() = 0;
  virtual void pause() = 0;

  /// What was counted since the last take().
  [[nodiscard]] virtual CallCounts take() = 0;
};

/// A counter, or why there is none.
struct MadeCallCounter {
  std::unique_ptr<CallCounter> counter;
  std::string why_not;  // in one line, with the remedy; empty if there is a counter
};

/// On a GPU through CUPTI, which is attached to the process as long as the counter lives, and makes every
/// CUDA call slower meanwhile; on the host runtime by its log. One counter at a time, made and destroyed
/// while no other thread is in a CUDA call and the device is idle.
[[nodiscard]] MadeCallCounter make_call_counter();

}  // namespace daa::bench
