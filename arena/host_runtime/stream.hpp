// A stream is a queue of work and one thread that does it in order.
//
// The k-th piece of work put into a stream has the ticket k, and a StreamPoint (stream, ticket) names the
// moment at which it is done. All ordering between streams is made of such points: a piece of work carries
// the points that must be reached before it starts. That is how an event is waited for, and how the legacy
// default stream synchronises with the blocking streams of its device. Points only ever name work that was
// submitted earlier, so no cycle can arise.
//
// The thread starts with the first work and ends when the stream is destroyed and its queue is empty. All
// members but the constants are guarded by the runtime's lock; work runs without it.
#pragma once

#include <cuda_runtime_api.h>

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

/// All work of a stream up to a ticket. Without a stream: nothing, and reached from the start.
struct StreamPoint {
  std::shared_ptr<Stream> stream;
  std::uint64_t ticket = 0;

  [[nodiscard]] bool reached() const;
  /// Whether a device would have reached it by now: nothing up to there takes time or waits.
  [[nodiscard]] bool due() const;
  /// Blocks until reached or until the process ends; returns whether it is reached.
  bool await(Lock& lock) const;
  /// As await(); throws ApiError if the process ends, so that an API function stops there.
  void wait(Lock& lock) const;
};

struct Work {
  std::function<void()> run;
  std::vector<StreamPoint> after;
  cudaGraphNodeType type = cudaGraphNodeTypeKernel;  // what a capture makes of it
  bool is_instant = false;                           // takes a device no time: bookkeeping
};

/// Work that takes a device no time.
[[nodiscard]] inline Work bookkeeping(std::function<void()> run) {
  return {std::move(run), {}, cudaGraphNodeTypeEmpty, true};
}

/// Runs `work`, if there is any. An exception out of it is a violation.
void run_guarded(const std::function<void()>& work);

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  enum class Kind { legacy, blocking, non_blocking };

  Stream(int device_ordinal, std::uint64_t unique_id, Kind its_kind)
      : device(device_ordinal), id(unique_id), kind(its_kind) {}

  const int device;
  const std::uint64_t id;
  const Kind kind;

  std::shared_ptr<Capture> capture;              // null while this stream does not capture
  std::vector<cudaGraphNode_t> capture_tail;     // what the next node depends on
  std::vector<cudaGraphEdgeData> capture_edges;  // of these, for those who ask

  /// Puts work behind everything in this stream, and behind what the legacy default stream demands. Blocks
  /// while the queue is full. The one way into a stream. Where the stream captures, the work becomes a node
  /// of the graph instead, and the point is reached from the start. Throws ApiError where a capture forbids
  /// it.
  StreamPoint submit(Lock& lock, Work work);

  /// All work submitted so far.
  [[nodiscard]] StreamPoint last();
  /// What to wait for to find the stream idle: for the legacy default stream, the blocking streams too.
  [[nodiscard]] std::vector<StreamPoint> everything();
  [[nodiscard]] bool idle() const { return completed_ == submitted_; }

  /// No more work will come: the worker ends after what there is.
  void close();
  /// Wakes everyone who waits, so that they see that the process is ending.
  void wake();

 private:
  friend struct StreamPoint;

  static constexpr std::size_t most_queued = 1 << 16;

  void run_worker();
  /// The points of other streams that work submitted now has to wait for.
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

/// Whether this thread is a stream's worker, on which no CUDA call is allowed.
[[nodiscard]] bool on_worker() noexcept;

}  // namespace daa::host_runtime
