#include <utility>

#include "api.hpp"
#include "capture.hpp"
#include "capture_rules.hpp"
#include "graph.hpp"
#include "runtime.hpp"

using namespace daa::host_runtime;

namespace {

bool is_mode(cudaStreamCaptureMode mode) {
  return mode == cudaStreamCaptureModeGlobal || mode == cudaStreamCaptureModeThreadLocal ||
         mode == cudaStreamCaptureModeRelaxed;
}

// Unlike work, a question about the legacy default stream leaves the captures that forbid it valid.
cudaError_t status_of(const Stream& stream, cudaStreamCaptureStatus& status) {
  if (forbids_implicit(stream)) return cudaErrorStreamCaptureImplicit;
  status = !stream.capture            ? cudaStreamCaptureStatusNone
           : stream.capture->is_valid ? cudaStreamCaptureStatusActive
                                      : cudaStreamCaptureStatusInvalidated;
  return cudaSuccess;
}

// Ends the capture that `stream` is the origin of. A graph that is nobody's then is left in `discarded`.
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
    std::shared_ptr<Graph> discarded;  // destroyed after the lock is gone
    return with_stream(stream, [&](Lock&, Stream& which) { return end(which, *graph, discarded); });
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return api("cudaStreamIsCapturing", asked(stream), [&](Call&) {
    if (status == nullptr) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock&, Stream& which) { return status_of(which, *status); });
  });
}

// Before CUDA 13 there were two of them, and the header calls the first one cudaStreamGetCaptureInfo_v2.
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
