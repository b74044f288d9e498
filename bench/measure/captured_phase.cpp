#include "measure/captured_phase.hpp"

#include <exception>
#include <string>

#include "daa/error.hpp"

namespace daa::bench {

namespace {

// Whether `error` reports an invalid capture rather than a device error.
bool is_of_capture(cudaError_t error) {
  return error >= cudaErrorStreamCaptureUnsupported && error <= cudaErrorStreamCaptureWrongThread;
}

[[noreturn]] void refuse(const std::string& why) {
  throw NotCapturable("cannot be captured into a graph: " + why);
}

}  // namespace

CapturedPhase::Graph CapturedPhase::capture(cudaStream_t stream, const std::function<void()>& enqueue) {
  DAA_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  std::string failure;
  std::exception_ptr shortage;
  try {
    enqueue();
  } catch (const OutOfDeviceMemory& error) {
    failure = error.what();
    shortage = std::current_exception();
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "threw what is no std::exception";
  }
  cudaGraph_t captured = nullptr;
  const cudaError_t error = cudaStreamEndCapture(stream, &captured);
  Graph graph{captured};
  if (error != cudaSuccess) static_cast<void>(cudaGetLastError());  // handled here
  // Some allocators report every failure of cudaMalloc as out of memory; one that invalidated the capture is
  // not.
  if (shortage && error == cudaSuccess) std::rethrow_exception(shortage);
  if (error != cudaSuccess && !is_of_capture(error))
    throw_if_failed(error, "cudaStreamEndCapture", __FILE__, __LINE__);
  if (!failure.empty()) refuse(failure);
  if (error != cudaSuccess) refuse(std::string{"cudaStreamEndCapture: "} + cudaGetErrorName(error));
  return graph;
}

CapturedPhase::CapturedPhase(cudaStream_t stream, const std::function<void()>& enqueue)
    : stream_(stream), graph_(capture(stream, enqueue)) {
  examine_nodes();
  cudaGraphExec_t exec = nullptr;
  DAA_CUDA_CHECK(cudaGraphInstantiate(&exec, graph_.get(), cudaGraphInstantiateFlagAutoFreeOnLaunch));
  exec_.reset(exec);
}

CapturedPhase::~CapturedPhase() {
  if (!launched_) return;
  for (void* const pointer : left_) static_cast<void>(cudaFreeAsync(pointer, stream_));
}

void CapturedPhase::launch() {
  DAA_CUDA_CHECK(cudaGraphLaunch(exec_.get(), stream_));
  launched_ = true;
}

void CapturedPhase::examine_nodes() {
  std::size_t count = 0;
  DAA_CUDA_CHECK(cudaGraphGetNodes(graph_.get(), nullptr, &count));
  std::vector<cudaGraphNode_t> nodes(count);
  if (count > 0) DAA_CUDA_CHECK(cudaGraphGetNodes(graph_.get(), nodes.data(), &count));
  std::vector<void*> freed;
  for (const cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    DAA_CUDA_CHECK(cudaGraphNodeGetType(node, &type));
    if (type == cudaGraphNodeTypeMemAlloc) {
      cudaMemAllocNodeParams parameters{};
      DAA_CUDA_CHECK(cudaGraphMemAllocNodeGetParams(node, &parameters));
      left_.push_back(parameters.dptr);
      ++memory_nodes_;
    } else if (type == cudaGraphNodeTypeMemFree) {
      void* pointer = nullptr;
      DAA_CUDA_CHECK(cudaGraphMemFreeNodeGetParams(node, static_cast<void*>(&pointer)));
      freed.push_back(pointer);
      ++memory_nodes_;
    }
  }
  for (void* const pointer : freed) std::erase(left_, pointer);
}

}  // namespace daa::bench
