#include "capture.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>

#include "api.hpp"
#include "errors.hpp"
#include "graph.hpp"
#include "runtime.hpp"
#include "stream.hpp"

namespace daa::host_runtime {
namespace {

// Adds a node that depends on everything captured in the stream.
GraphNode& add(Stream& stream, GraphNode node) {
  refuse_invalid(stream);
  node.dependencies = stream.capture_tail;
  GraphNode& added = stream.capture->graph->add(std::move(node));
  stream.capture_tail = {added.handle};
  return added;
}

void join(Stream& stream, const std::shared_ptr<Capture>& capture) {
  capture->streams.push_back(stream.weak_from_this());
  stream.capture = capture;
  stream.capture_tail.clear();
}

cudaError_t refuse_free(Stream& stream, const void* pointer, const char* why) {
  char text[160];
  std::snprintf(text, sizeof text, "cudaFreeAsync of %p in a capture: %s", pointer, why);
  report_violation(text);
  invalidate(*stream.capture);
  return cudaErrorInvalidValue;
}

}  // namespace

void begin_capture(Stream& stream, cudaStreamCaptureMode mode) {
  Runtime& rt = runtime();
  auto graph = std::make_shared<Graph>();
  graph->is_being_captured = true;
  const cudaGraph_t handle = rt.graphs.add(rt.next_number(), graph);
  auto capture = std::make_shared<Capture>(
      Capture{rt.next_number(), mode, std::this_thread::get_id(), &stream, std::move(graph), handle, {}});
  rt.captures.push_back(capture);
  join(stream, capture);
}

void end_capture(Capture& capture) {
  for (const auto& weak : capture.streams) {
    const auto stream = weak.lock();
    if (!stream) continue;
    stream->capture = nullptr;
    stream->capture_tail.clear();
  }
  capture.has_ended = true;
  capture.graph->is_being_captured = false;
  capture.graph = nullptr;  // events may keep the capture alive
  std::erase_if(runtime().captures, [&](const auto& each) { return each.get() == &capture; });
}

void capture_work(Stream& stream, Work work) {
  add(stream, {work.type, std::move(work.run), nullptr, {}});
}

void* capture_allocation(Stream& stream, int device, std::size_t bytes) {
  refuse_invalid(stream);
  Graph& graph = *stream.capture->graph;
  if (!graph.memory) {
    graph.memory = std::make_shared<GraphMemory>();
    runtime().graph_memories.push_back(graph.memory);
  }
  auto allocation = graph.memory->reserve(device, bytes);
  return add(stream, {cudaGraphNodeTypeMemAlloc, nullptr, std::move(allocation), {}}).allocation->address();
}

cudaError_t capture_free(Stream& stream, const void* pointer) {
  refuse_invalid(stream);
  const auto allocation = graph_allocation(pointer);
  if (!allocation) return refuse_free(stream, pointer, "it is not an allocation of a graph");
  const Graph& graph = *stream.capture->graph;
  if (graph.find(cudaGraphNodeTypeMemFree, *allocation) != nullptr) {
    return refuse_free(stream, pointer, "this graph already frees it");
  }
  const GraphNode* const made = graph.find(cudaGraphNodeTypeMemAlloc, *allocation);
  if (made == nullptr && allocation->is_freed_in_graph) {
    return refuse_free(stream, pointer, "its own graph frees it");
  }
  const bool is_forked = stream.capture->streams.size() > 1;
  if (made != nullptr && is_forked && !graph.precedes(*made, stream.capture_tail)) {
    return refuse_free(stream, pointer, "this stream is not ordered after the allocation");
  }
  if (made != nullptr) allocation->is_freed_in_graph = true;
  add(stream, {cudaGraphNodeTypeMemFree, nullptr, allocation, {}});
  return cudaSuccess;
}

void capture_event(Stream& stream, Event& event) {
  refuse_invalid(stream);
  event.mark = nullptr;
  event.capture = stream.capture;
  event.captured_after = stream.capture_tail;
}

cudaError_t capture_wait(const std::shared_ptr<Stream>& stream, const Event& event) {
  if (stream->capture) refuse_invalid(*stream);
  if (!event.capture) {
    if (!event.mark) return cudaSuccess;
    invalidate(*stream->capture);
    return cudaErrorStreamCaptureIsolation;
  }
  if (event.capture->has_ended || !event.capture->is_valid) return cudaErrorInvalidValue;
  if (stream->kind == Stream::Kind::legacy) {
    refuse_implicit(*stream);
    invalidate(*event.capture);
    return cudaErrorStreamCaptureUnsupported;
  }
  if (!stream->capture) join(*stream, event.capture);
  if (stream->capture != event.capture) {
    invalidate(*stream->capture);
    invalidate(*event.capture);
    return cudaErrorStreamCaptureMerge;
  }
  for (const cudaGraphNode_t node : event.captured_after) {
    auto& tail = stream->capture_tail;
    if (std::find(tail.begin(), tail.end(), node) == tail.end()) tail.push_back(node);
  }
  return cudaSuccess;
}

namespace {

// A thread's mode is valid only if the runtime has not been restarted since it was set.
struct ThreadMode {
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::uint64_t restarts = 0;
};
constinit thread_local ThreadMode this_threads_mode;

cudaStreamCaptureMode thread_mode() {
  return this_threads_mode.restarts == restart_count() ? this_threads_mode.mode : cudaStreamCaptureModeGlobal;
}

template <class Forbids>
void refuse(cudaError_t error, const Forbids& forbids) {
  bool is_forbidden = false;
  for (const auto& capture : runtime().captures) {
    if (!forbids(*capture)) continue;
    invalidate(*capture);
    is_forbidden = true;
  }
  if (is_forbidden) throw ApiError{error};
}

template <class Condition>
bool any_stream(const Capture& capture, const Condition& condition) {
  return std::any_of(capture.streams.begin(), capture.streams.end(), [&](const auto& weak) {
    const auto stream = weak.lock();
    return stream && condition(*stream);
  });
}

// Whether work in `stream` would be ordered after captured work.
bool is_implicit(const Stream& stream, const Capture& capture) {
  return stream.kind == Stream::Kind::legacy && any_stream(capture, [&](const Stream& each) {
           return each.kind == Stream::Kind::blocking && each.device == stream.device;
         });
}

}  // namespace

bool forbids_implicit(const Stream& stream) {
  const auto& captures = runtime().captures;
  return std::any_of(captures.begin(), captures.end(),
                     [&](const auto& capture) { return is_implicit(stream, *capture); });
}

void refuse_invalid(const Stream& stream) {
  if (!stream.capture->is_valid) throw ApiError{cudaErrorStreamCaptureInvalidated};
}

void refuse_implicit(const Stream& stream) {
  refuse(cudaErrorStreamCaptureImplicit,
         [&](const Capture& capture) { return is_implicit(stream, capture); });
}

void refuse_captured(const Stream& stream) {
  if (!stream.capture) return;
  invalidate(*stream.capture);
  throw ApiError{cudaErrorStreamCaptureUnsupported};
}

void refuse_waiting(const Stream& stream) {
  refuse_implicit(stream);
  refuse_captured(stream);
}

void refuse_waiting(const Device& device) {
  refuse(cudaErrorStreamCaptureUnsupported, [&](const Capture& capture) {
    return any_stream(capture, [&](const Stream& each) { return each.device == device.ordinal; });
  });
}

void refuse_waiting(const Event& event) {
  if (!event.capture) return;
  invalidate(*event.capture);
  throw ApiError{cudaErrorCapturedEvent};
}

void refuse_unsafe() {
  const cudaStreamCaptureMode mode = thread_mode();
  if (mode == cudaStreamCaptureModeRelaxed) return;
  refuse(cudaErrorStreamCaptureUnsupported, [&](const Capture& capture) {
    if (capture.thread == std::this_thread::get_id()) return capture.mode != cudaStreamCaptureModeRelaxed;
    return mode == cudaStreamCaptureModeGlobal && capture.mode == cudaStreamCaptureModeGlobal;
  });
}

void refuse_unsafe_on_legacy(const Stream& stream) {
  refuse_implicit(stream);
  refuse_unsafe();
}

cudaStreamCaptureMode exchange_thread_mode(cudaStreamCaptureMode mode) {
  const cudaStreamCaptureMode old = thread_mode();
  this_threads_mode = {mode, restart_count()};
  return old;
}

}  // namespace daa::host_runtime

using namespace daa::host_runtime;

namespace {

bool is_mode(cudaStreamCaptureMode mode) {
  return mode == cudaStreamCaptureModeGlobal || mode == cudaStreamCaptureModeThreadLocal ||
         mode == cudaStreamCaptureModeRelaxed;
}

// Unlike work, a query of the legacy default stream does not invalidate the captures that forbid it.
cudaError_t status_of(const Stream& stream, cudaStreamCaptureStatus& status) {
  if (forbids_implicit(stream)) return cudaErrorStreamCaptureImplicit;
  status = !stream.capture            ? cudaStreamCaptureStatusNone
           : stream.capture->is_valid ? cudaStreamCaptureStatusActive
                                      : cudaStreamCaptureStatusInvalidated;
  return cudaSuccess;
}

// Ends the capture whose origin is `stream`. A graph that no one owns then is moved to `discarded`.
cudaError_t end(Stream& stream, cudaGraph_t& graph, std::shared_ptr<Graph>& discarded) {
  const std::shared_ptr<Capture> capture = stream.capture;
  if (!capture) return cudaErrorIllegalState;
  if (capture->origin != &stream) {
    invalidate(*capture);
    return cudaErrorStreamCaptureUnmatched;
  }
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
    return cudaErrorStreamCaptureWrongThread;
  }
  cudaError_t result = cudaSuccess;
  if (!capture->graph->is_reached_by(stream.capture_tail)) result = cudaErrorStreamCaptureUnjoined;
  if (!capture->is_valid) result = cudaErrorStreamCaptureInvalidated;
  end_capture(*capture);
  if (result != cudaSuccess) discarded = forget_graph(capture->handle);
  graph = result == cudaSuccess ? capture->handle : nullptr;
  return result;
}

cudaError_t capture_info(cudaStream_t stream, cudaStreamCaptureStatus* status, unsigned long long* id,
                         cudaGraph_t* graph, const cudaGraphNode_t** dependencies,
                         const cudaGraphEdgeData** edges, size_t* dependency_count) {
  return api("cudaStreamGetCaptureInfo", asked(stream), [&](Call&) {
    if (status == nullptr || (edges != nullptr && dependencies == nullptr)) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock&, Stream& which) {
      if (const cudaError_t error = status_of(which, *status); error != cudaSuccess) return error;
      if (*status != cudaStreamCaptureStatusActive) return cudaSuccess;
      which.capture_edges.assign(which.capture_tail.size(), cudaGraphEdgeData{});
      if (id != nullptr) *id = which.capture->id;
      if (graph != nullptr) *graph = which.capture->handle;
      if (dependencies != nullptr) *dependencies = which.capture_tail.data();
      if (edges != nullptr) *edges = which.capture_edges.data();
      if (dependency_count != nullptr) *dependency_count = which.capture_tail.size();
      return cudaSuccess;
    });
  });
}

}  // namespace

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return api("cudaStreamBeginCapture", asked(stream), [&](Call&) {
    if (!is_mode(mode)) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock&, Stream& which) {
      if (which.kind == Stream::Kind::legacy) return cudaErrorStreamCaptureUnsupported;
      if (which.capture) return cudaErrorIllegalState;
      begin_capture(which, mode);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return api("cudaStreamEndCapture", asked(stream), [&](Call&) {
    if (graph == nullptr) return cudaErrorInvalidValue;
    std::shared_ptr<Graph> discarded;  // destroyed after the lock is released
    return with_stream(stream, [&](Lock&, Stream& which) { return end(which, *graph, discarded); });
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return api("cudaStreamIsCapturing", asked(stream), [&](Call&) {
    if (status == nullptr) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock&, Stream& which) { return status_of(which, *status); });
  });
}

// Before CUDA 13 there are two versions, and the header calls the first one cudaStreamGetCaptureInfo_v2.
#if CUDART_VERSION >= 13000
cudaError_t cudaStreamGetCaptureInfo(
#else
cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph,
                                     const cudaGraphNode_t** dependencies, size_t* dependency_count) {
  return capture_info(stream, status, id, graph, dependencies, nullptr, dependency_count);
}

cudaError_t cudaStreamGetCaptureInfo_v3(
#endif
    cudaStream_t stream, cudaStreamCaptureStatus* status, unsigned long long* id, cudaGraph_t* graph,
    const cudaGraphNode_t** dependencies, const cudaGraphEdgeData** edges, size_t* dependency_count) {
  return capture_info(stream, status, id, graph, dependencies, edges, dependency_count);
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return api("cudaThreadExchangeStreamCaptureMode", asked(), [&](Call&) {
    if (mode == nullptr || !is_mode(*mode)) return cudaErrorInvalidValue;
    *mode = exchange_thread_mode(*mode);
    return cudaSuccess;
  });
}
