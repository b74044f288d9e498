// Counts the CUDA calls that a piece of code makes, in whichever library.
#pragma once

#include <memory>
#include <string>

#include "device/call_counts.hpp"

namespace daa::bench {

class CallCounter {
 public:
  virtual ~CallCounter() = default;

  /// Calls of the current thread are counted between these two. No other thread makes CUDA calls meanwhile.
  virtual void resume() = 0;
  virtual void pause() = 0;

  /// What was counted since the last take().
  [[nodiscard]] virtual CallCounts take() = 0;
};

/// A counter, or the reason why there is none.
struct MadeCallCounter {
  std::unique_ptr<CallCounter> counter;
  std::string why_not;  // in one line, with the remedy; empty if there is a counter
};

/// On a GPU the counter uses CUPTI, which is attached to the process as long as the counter lives and makes
/// every CUDA call slower; on the host runtime it uses the runtime's log. Only one counter may exist at a
/// time. Create and destroy it while the device is idle and no other thread is in a CUDA call.
[[nodiscard]] MadeCallCounter make_call_counter();

}  // namespace daa::bench
