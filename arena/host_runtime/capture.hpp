// Stream capture: work submitted to a stream becomes nodes of a graph.
//
// A capture begins on one stream, its origin. An event recorded in the capture refers to it and to the nodes
// that the event comes after; a stream that waits for such an event joins the capture. Until the origin ends
// the capture, work submitted to any of its streams becomes a node that depends on that stream's last nodes.
// A call that capture does not allow invalidates the capture; an invalid capture can only be ended. Guarded
// by the runtime's lock.
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
  std::shared_ptr<Graph> graph;  // null once the capture has ended
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
/// Removes all streams from a capture.
void end_capture(Capture& capture);

/// Adds work to the graph of a capturing stream. Throws ApiError if the capture is invalid.
void capture_work(Stream& stream, Work work);
/// cudaMallocAsync and cudaFreeAsync in a capturing stream.
void* capture_allocation(Stream& stream, int device, std::size_t bytes);
cudaError_t capture_free(Stream& stream, const void* pointer);
/// cudaEventRecord in a capturing stream.
void capture_event(Stream& stream, Event& event);
/// cudaStreamWaitEvent if the stream is capturing or the event was recorded in a capture.
cudaError_t capture_wait(const std::shared_ptr<Stream>& stream, const Event& event);

// --- calls that are forbidden during captures ---
//
// Each function throws ApiError if the call is forbidden, and invalidates the captures that forbid it.

/// Whether `stream` is the legacy default stream and a blocking stream of its device is capturing.
[[nodiscard]] bool forbids_implicit(const Stream& stream);

/// Forbids further work in a stream whose capture is invalid.
void refuse_invalid(const Stream& stream);
/// Forbids submitting work to a stream, or waiting for it, if forbids_implicit().
void refuse_implicit(const Stream& stream);
/// Forbids what is not allowed on a capturing stream, whether the capture is valid or not: querying its id,
/// its device or its flags, and launching a graph into it.
void refuse_captured(const Stream& stream);
/// Forbids waiting for a capturing stream, or for a device with a capturing stream.
void refuse_waiting(const Stream& stream);
void refuse_waiting(const Device& device);
/// Forbids waiting for an event that was last recorded in a capture.
void refuse_waiting(const Event& event);
/// Forbids a call that a capture would not record, if the modes of the capture and of this thread forbid it.
void refuse_unsafe();
/// refuse_implicit() of the legacy default stream, then refuse_unsafe(): for calls that submit work to it and
/// wait.
void refuse_unsafe_on_legacy(const Stream& stream);

/// Sets this thread's mode for refuse_unsafe() and returns the previous one.
cudaStreamCaptureMode exchange_thread_mode(cudaStreamCaptureMode mode);

}  // namespace daa::host_runtime
