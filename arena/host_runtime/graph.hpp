// Graphs, and what is made of them to be launched.
//
// A graph's nodes stand in the order in which they were captured, in which every node comes after those that
// it depends on. An executable graph is a copy of them, and a launch runs them in that order as one piece of
// work on a stream: branches that a device might run side by side follow each other here. Guarded by the
// runtime's lock, but for an executable graph's nodes, which never change.
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
  std::shared_ptr<GraphAllocation> allocation;  // of memory nodes: which is made or freed
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
  /// Whether every node is among `last` or one that these depend on.
  [[nodiscard]] bool is_reached_by(const std::vector<cudaGraphNode_t>& last) const;
  /// Whether `node` is among `last` or one that these depend on.
  [[nodiscard]] bool precedes(const GraphNode& node, const std::vector<cudaGraphNode_t>& last) const;
};

struct GraphExec {
  explicit GraphExec(std::shared_ptr<Graph> graph, unsigned long long its_flags);

  const std::weak_ptr<Graph> graph;
  const unsigned long long flags;
  const std::shared_ptr<GraphMemory> memory;
  const std::vector<GraphNode> nodes;
  StreamPoint launched;  // last

  [[nodiscard]] bool frees_on_launch() const {
    return (flags & cudaGraphInstantiateFlagAutoFreeOnLaunch) != 0;
  }
};

/// Takes a graph's handle and those of its nodes out. Returns the graph, better to be destroyed without the
/// lock.
[[nodiscard]] std::shared_ptr<Graph> forget_graph(cudaGraph_t handle);

/// Puts a launch into the stream, or, if it captures, a node that is one; an API function's result.
cudaError_t launch_graph(Lock& lock, const std::shared_ptr<GraphExec>& exec, Stream& on);

/// Backs the allocations of `exec`; an API function's result.
cudaError_t attach_memory(Lock& lock, GraphExec& exec, Stream& on);

}  // namespace daa::host_runtime
