#include "capture.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "capture_rules.hpp"
#include "event.hpp"
#include "violations.hpp"

namespace daa::host_runtime {
namespace {

// Adds a node behind everything in the stream.
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
  capture.graph = nullptr;  // events may keep the capture for long
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
  if (!allocation) return refuse_free(stream, pointer, "it is no allocation of a graph");
  const Graph& graph = *stream.capture->graph;
  if (graph.find(cudaGraphNodeTypeMemFree, *allocation) != nullptr) {
    return refuse_free(stream, pointer, "this graph frees it already");
  }
  const GraphNode* const made = graph.find(cudaGraphNodeTypeMemAlloc, *allocation);
  if (made == nullptr && allocation->is_freed_in_graph) {
    return refuse_free(stream, pointer, "its own graph frees it");
  }
  const bool is_forked = stream.capture->streams.size() > 1;
  if (made != nullptr && is_forked && !graph.precedes(*made, stream.capture_tail)) {
    return refuse_free(stream, pointer, "this stream is not behind the allocation");
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

}  // namespace daa::host_runtime
