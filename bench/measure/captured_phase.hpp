// A phase as a graph: captured once, launched any number of times.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace daa::bench {

/// What a phase does cannot be captured: the text says what.
class NotCapturable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class CapturedPhase {
 public:
  /// Captures what `enqueue` enqueues on `stream`, which runs nothing. Calls that a capture cannot see, such
  /// as cudaMalloc, fail. Throws NotCapturable if the capture is not valid in the end or
  /// `enqueue` throws, but OutOfDeviceMemory if it throws that in a valid one, and CudaError if something
  /// else is wrong with the device; the stream captures no longer then.
  CapturedPhase(cudaStream_t stream, const std::function<void()>& enqueue);
  /// What the last launch has left allocated is freed behind it.
  ~CapturedPhase();
  CapturedPhase(CapturedPhase&&) noexcept = default;
  CapturedPhase& operator=(CapturedPhase&&) = delete;

  void launch();

  /// Nodes that allocate or free memory.
  [[nodiscard]] std::size_t memory_nodes() const noexcept { return memory_nodes_; }

 private:
  struct Destroy {
    void operator()(cudaGraph_t graph) const noexcept { static_cast<void>(cudaGraphDestroy(graph)); }
    void operator()(cudaGraphExec_t graph) const noexcept { static_cast<void>(cudaGraphExecDestroy(graph)); }
  };
  using Graph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy>;
  using GraphExec = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy>;

  static Graph capture(cudaStream_t stream, const std::function<void()>& enqueue);
  void examine_nodes();

  cudaStream_t stream_;
  Graph graph_;
  GraphExec exec_;
  std::size_t memory_nodes_ = 0;
  std::vector<void*> left_;  // what a launch allocates and does not free
  bool launched_ = false;
};

}  // namespace daa::bench
