// Stream capture: what is put into a stream becomes nodes of a graph.
//
// A capture begins on one stream, its origin. Events that are recorded in it carry it, with the nodes they
// come after; a stream that waits for such an event joins it. Until the origin ends the capture, whatever is
// put into any of its streams is a node after that stream's last ones. A call that capture does not allow
// makes the capture invalid: all that is left then is to end it. With the runtime's lock.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "graph.hpp"
#include "stream.hpp"

namespace daa::host_runtime {

struct Event;

struct Capture {
  std::uint64_t id;
  cudaStreamCaptureMode mode;
  std::thread::id thread;  // in which it began
  const Stream* origin;
  std::shared_ptr<Graph> graph;  // null when it has ended
  cudaGraph_t handle;            // of the graph
  std::vector<std::weak_ptr<Stream>> streams;
  bool is_valid = true;
  bool has_ended = false;
};

inline void invalidate(Capture& capture) {
  capture.is_valid = false;
}

/// Makes `stream`, which does not capture, the origin of a capture.
void begin_capture(Stream& stream, cudaStreamCaptureMode mode);
/// Takes all streams of a capture out of it.
void end_capture(Capture& capture);

/// Puts work into the graph of a stream that captures. Throws ApiError if the capture is invalid.
void capture_work(Stream& stream, Work work);
/// As cudaMallocAsync and cudaFreeAsync in a stream that captures.
void* capture_allocation(Stream& stream, int device, std::size_t bytes);
cudaError_t capture_free(Stream& stream, const void* pointer);
/// As cudaEventRecord in a stream that captures.
void capture_event(Stream& stream, Event& event);
/// As cudaStreamWaitEvent where the stream captures or the event was recorded in a capture.
cudaError_t capture_wait(const std::shared_ptr<Stream>& stream, const Event& event);

}  // namespace daa::host_runtime
