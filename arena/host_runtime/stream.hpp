// A stream is a queue of work and one worker thread that executes it in order.
//
// The k-th piece of work submitted to a stream has ticket k. A StreamPoint (stream, ticket) is the point at
// which that work is done. All ordering between streams consists of such points: each piece of work has a
// list of points that must be reached before it starts. Waiting for an event works this way, and so does the
// synchronisation of the legacy default stream with the blocking streams of its device. A point refers only
// to work submitted earlier, so no cycle can arise.
//
// The thread starts with the first work and ends when the stream is destroyed and its queue is empty. All
// members except the constants are guarded by the runtime's lock; work runs without it.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace daa::host_runtime {

using Lock = std::unique_lock<std::mutex>;
class Stream;
struct Capture;

/// All work of a stream up to a ticket. Without a stream it is always reached.
struct StreamPoint {
  std::shared_ptr<Stream> stream;
  std::uint64_t ticket = 0;

  [[nodiscard]] bool reached() const;
  /// Whether a device would have reached it by now: no work up to it takes time or waits.
  [[nodiscard]] bool due() const;
  /// Blocks until it is reached or the process ends; returns whether it is reached.
  bool await(Lock& lock) const;
  /// await(), but throws ApiError if the process ends, so that the API function returns.
  void wait(Lock& lock) const;
};

struct Work {
  std::function<void()> run;
  std::vector<StreamPoint> after;
  cudaGraphNodeType type = cudaGraphNodeTypeKernel;  // the type of its node in a capture
  bool is_instant = false;                           // bookkeeping: takes a device no time
};

/// Work that takes a device no time.
[[nodiscard]] inline Work bookkeeping(std::function<void()> run) {
  return {std::move(run), {}, cudaGraphNodeTypeEmpty, true};
}

/// Runs `work`, if not empty. An exception from it is a violation.
void run_guarded(const std::function<void()>& work);

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  enum class Kind { legacy, blocking, non_blocking };

  Stream(int device_ordinal, std::uint64_t unique_id, Kind its_kind)
      : device(device_ordinal), id(unique_id), kind(its_kind) {}

  const int device;
  const std::uint64_t id;
  const Kind kind;

  std::shared_ptr<Capture> capture;              // null while this stream is not capturing
  std::vector<cudaGraphNode_t> capture_tail;     // dependencies of the next node
  std::vector<cudaGraphEdgeData> capture_edges;  // the edges, for cudaStreamGetCaptureInfo

  /// Submits work, ordered after everything in this stream and after what the legacy default stream requires.
  /// All work enters a stream here. Blocks while the queue is full. If the stream is capturing, the work
  /// becomes a node of the graph instead, and the returned point is always reached. Throws ApiError if a
  /// capture forbids it.
  StreamPoint submit(Lock& lock, Work work);

  /// All work submitted so far.
  [[nodiscard]] StreamPoint last();
  /// The points to wait for until the stream is idle; for the legacy default stream, also those of the
  /// blocking streams.
  [[nodiscard]] std::vector<StreamPoint> everything();
  [[nodiscard]] bool idle() const { return completed_ == submitted_; }

  /// Ends the stream: the worker exits after the submitted work.
  void close();
  /// Wakes all waiting threads, so that they notice the end of the process.
  void wake();

 private:
  friend struct StreamPoint;

  static constexpr std::size_t most_queued = 1 << 16;

  void run_worker();
  /// The points of other streams that work submitted now must wait for.
  std::vector<StreamPoint> legacy_order();

  std::deque<Work> queue_;
  std::uint64_t submitted_ = 0;     // ticket of the newest work
  std::uint64_t completed_ = 0;     // ticket of the newest finished work
  std::deque<std::uint64_t> slow_;  // tickets of unfinished work that takes time or waits
  bool has_worker_ = false;
  bool closed_ = false;
  std::condition_variable queue_changed_;
  std::condition_variable completed_changed_;
};

/// Whether this thread is a stream's worker, which must not make CUDA calls.
[[nodiscard]] bool on_worker() noexcept;

// An event is the point of a stream at which it was last recorded, and the time at which that was reached;
// or, if the stream was capturing, the nodes that it comes after.

struct Event {
  /// One recording. `when` is written by the worker before the point is reached.
  struct Mark {
    StreamPoint point;
    std::chrono::steady_clock::time_point when;
  };

  int device = 0;
  bool has_timing = true;
  std::shared_ptr<Mark> mark;                   // null until recorded
  std::shared_ptr<Capture> capture;             // in which it was recorded; null if in none
  std::vector<cudaGraphNode_t> captured_after;  // the nodes that it comes after there

  [[nodiscard]] bool reached() const { return !mark || mark->point.reached(); }
};

}  // namespace daa::host_runtime
