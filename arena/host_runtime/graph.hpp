// Graphs and executable graphs.
//
// A graph's nodes are stored in the order of their capture, in which every node comes after its dependencies.
// An executable graph is a copy of them; a launch runs them in that order as one piece of work on a stream,
// so branches that a device could run concurrently run one after the other. Guarded by the runtime's lock,
// except for the nodes of an executable graph, which never change.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <memory>
#include <vector>

#include "graph_memory.hpp"
#include "runtime.hpp"
#include "stream.hpp"

namespace daa::host_runtime {

struct GraphNode {
  cudaGraphNodeType type;
  std::function<void()> run;                    // null for memory nodes
  std::shared_ptr<GraphAllocation> allocation;  // allocated or freed by a memory node
  std::vector<cudaGraphNode_t> dependencies;
  cudaGraphNode_t handle = nullptr;

  [[nodiscard]] bool is_about_memory() const { return allocation != nullptr; }
};

struct Graph {
  std::vector<std::shared_ptr<GraphNode>> nodes;
  std::shared_ptr<GraphMemory> memory;  // null until there is an allocation node
  bool is_being_captured = false;
  bool has_exec = false;

  /// Adds a node and gives it a handle.
  GraphNode& add(GraphNode node);
  [[nodiscard]] bool has_memory_nodes() const;
  /// The node of this type for this allocation; null if there is none.
  [[nodiscard]] const GraphNode* find(cudaGraphNodeType type, const GraphAllocation& allocation) const;
  /// Whether every node is in `last` or a dependency of a node in `last`.
  [[nodiscard]] bool is_reached_by(const std::vector<cudaGraphNode_t>& last) const;
  /// Whether `node` is in `last` or a dependency of a node in `last`.
  [[nodiscard]] bool precedes(const GraphNode& node, const std::vector<cudaGraphNode_t>& last) const;
};

struct GraphExec {
  explicit GraphExec(std::shared_ptr<Graph> graph, unsigned long long its_flags);

  const std::weak_ptr<Graph> graph;
  const unsigned long long flags;
  const std::shared_ptr<GraphMemory> memory;
  const std::vector<GraphNode> nodes;
  StreamPoint launched;  // the last launch

  [[nodiscard]] bool frees_on_launch() const {
    return (flags & cudaGraphInstantiateFlagAutoFreeOnLaunch) != 0;
  }
};

/// Removes the handles of a graph and of its nodes. Returns the graph, which is best destroyed without the
/// lock.
[[nodiscard]] std::shared_ptr<Graph> forget_graph(cudaGraph_t handle);

/// Submits a launch to the stream, or adds a node if the stream is capturing. Returns an API function's
/// result.
cudaError_t launch_graph(Lock& lock, const std::shared_ptr<GraphExec>& exec, Stream& on);

/// Backs the allocations of `exec` with memory. Returns an API function's result.
cudaError_t attach_memory(Lock& lock, GraphExec& exec, Stream& on);

}  // namespace daa::host_runtime
