#include "graph.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "api.hpp"
#include "capture.hpp"
#include "errors.hpp"
#include "runtime.hpp"

namespace daa::host_runtime {
namespace {

std::vector<GraphNode> copies(const std::vector<std::shared_ptr<GraphNode>>& nodes) {
  std::vector<GraphNode> result;
  result.reserve(nodes.size());
  for (const auto& node : nodes) result.push_back(*node);
  return result;
}

// The handles of `last` and of all nodes that they depend on.
std::unordered_set<cudaGraphNode_t> reached_by(const std::vector<std::shared_ptr<GraphNode>>& nodes,
                                               const std::vector<cudaGraphNode_t>& last) {
  std::unordered_set<cudaGraphNode_t> reached(last.begin(), last.end());
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (reached.count((*node)->handle) == 0) continue;
    reached.insert((*node)->dependencies.begin(), (*node)->dependencies.end());
  }
  return reached;
}

// The allocations that one launch makes and frees.
struct Launch {
  std::shared_ptr<const GraphExec> exec;
  std::shared_ptr<const void> memory_use;
  std::vector<AllocationPtr> freed_first;
  std::vector<AllocationPtr> of_nodes;  // null for nodes other than memory nodes

  void run() const {
    for (const AllocationPtr& allocation : freed_first) end(allocation);
    for (std::size_t i = 0; i < exec->nodes.size() && !unloaded(); ++i) {
      const GraphNode& node = exec->nodes[i];
      if (node.type == cudaGraphNodeTypeMemAlloc)
        begin(of_nodes[i]);
      else if (node.type == cudaGraphNodeTypeMemFree)
        end(of_nodes[i]);
      else
        run_guarded(node.run);
    }
  }
};

// Whether the state of its allocations allows `exec` to be launched.
bool is_launchable(const GraphExec& exec) {
  std::unordered_set<const GraphAllocation*> made;
  for (const GraphNode& node : exec.nodes) {
    const GraphAllocation* const allocation = node.allocation.get();
    if (node.type == cudaGraphNodeTypeMemAlloc) {
      if (allocation->is_owned() && !exec.frees_on_launch()) return false;
      made.insert(allocation);
    }
    if (node.type == cudaGraphNodeTypeMemFree && made.count(allocation) == 0 && !allocation->is_owned()) {
      return false;
    }
  }
  return true;
}

// Makes the allocations of a launch, and transfers to the launch what it frees. The program owns what a
// launch allocates and does not free.
Launch prepare(const std::shared_ptr<GraphExec>& exec, const Stream& on) {
  constexpr std::string_view freed_by = "a graph's cudaFreeAsync";
  Launch launch{exec, exec->memory ? exec->memory->use() : nullptr, {}, {}};
  launch.of_nodes.resize(exec->nodes.size());
  Runtime& rt = runtime();
  for (std::size_t i = 0; i < exec->nodes.size(); ++i) {
    const GraphNode& node = exec->nodes[i];
    if (node.type == cudaGraphNodeTypeMemAlloc) {
      if (node.allocation->is_owned()) {
        launch.freed_first.push_back(disown(node.allocation->address(), "cudaGraphLaunch", on.id));
      }
      launch.of_nodes[i] = exec->memory->make(*node.allocation, on);
      rt.owned.emplace(node.allocation->range.begin, launch.of_nodes[i]);
    }
    if (node.type == cudaGraphNodeTypeMemFree) {
      launch.of_nodes[i] = disown(node.allocation->address(), freed_by, on.id);
    }
  }
  return launch;
}

}  // namespace

GraphNode& Graph::add(GraphNode node) {
  Runtime& rt = runtime();
  nodes.push_back(std::make_shared<GraphNode>(std::move(node)));
  nodes.back()->handle = rt.graph_nodes.add(rt.next_number(), nodes.back());
  return *nodes.back();
}

bool Graph::has_memory_nodes() const {
  return std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return node->is_about_memory(); });
}

const GraphNode* Graph::find(cudaGraphNodeType type, const GraphAllocation& allocation) const {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) {
    return node->type == type && node->allocation.get() == &allocation;
  });
  return found == nodes.end() ? nullptr : found->get();
}

bool Graph::is_reached_by(const std::vector<cudaGraphNode_t>& last) const {
  return reached_by(nodes, last).size() == nodes.size();
}

bool Graph::precedes(const GraphNode& node, const std::vector<cudaGraphNode_t>& last) const {
  return reached_by(nodes, last).count(node.handle) != 0;
}

GraphExec::GraphExec(std::shared_ptr<Graph> of, unsigned long long its_flags)
    : graph(of), flags(its_flags), memory(of->memory), nodes(copies(of->nodes)) {}

std::shared_ptr<Graph> forget_graph(cudaGraph_t handle) {
  auto graph = runtime().graphs.remove(handle);
  for (const auto& node : graph->nodes) runtime().graph_nodes.remove(node->handle);
  return graph;
}

cudaError_t attach_memory(Lock& lock, GraphExec& exec, Stream& on) {
  if (!exec.memory || exec.memory->attach()) return cudaSuccess;
  // Waits for the memory of other running launches before failing.
  runtime().synchronize(lock, runtime().device(on.device));
  return exec.memory->attach() ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t launch_graph(Lock& lock, const std::shared_ptr<GraphExec>& exec, Stream& on) {
  refuse_waiting(on);
  if (const cudaError_t error = attach_memory(lock, *exec, on); error != cudaSuccess) return error;
  if (!is_launchable(*exec)) return cudaErrorInvalidValue;
  exec->launched = on.submit(lock, {[launch = prepare(exec, on)] { launch.run(); }, {exec->launched}});
  return cudaSuccess;
}

}  // namespace daa::host_runtime

using namespace daa::host_runtime;

namespace {

// Calls `use` under the lock with the object of the handle, if it exists.
template <class Table, class Handle, class Use>
cudaError_t with_handle(Table Contents::*table, Handle handle, const Use& use) {
  Runtime& rt = runtime();
  Lock lock(rt.mutex);
  const auto found = (rt.*table).find(handle);
  return found ? use(lock, found) : cudaErrorInvalidValue;
}

// Destroys a graph without the lock, since nodes may hold arbitrary objects, then releases its memory if
// nothing needs it.
cudaError_t drop(std::shared_ptr<const void> graph) {
  graph = nullptr;
  Segments released;  // unmapped after the lock is released
  const Lock lock(runtime().mutex);
  released = release_graphs();
  return cudaSuccess;
}

cudaError_t instantiate(cudaGraphExec_t* exec, cudaGraph_t of, unsigned long long flags) {
  constexpr unsigned long long known = cudaGraphInstantiateFlagAutoFreeOnLaunch |
                                       cudaGraphInstantiateFlagDeviceLaunch |
                                       cudaGraphInstantiateFlagUseNodePriority;
  if (exec == nullptr || (flags & ~known) != 0) return cudaErrorInvalidValue;
  if ((flags & cudaGraphInstantiateFlagDeviceLaunch) != 0) return cudaErrorNotSupported;
  return with_handle(&Contents::graphs, of, [&](Lock&, const std::shared_ptr<Graph>& graph) {
    if (graph->has_exec && graph->has_memory_nodes()) return cudaErrorInvalidValue;
    Runtime& rt = runtime();
    *exec = rt.graph_execs.add(rt.next_number(), std::make_shared<GraphExec>(graph, flags));
    graph->has_exec = true;
    return cudaSuccess;
  });
}

}  // namespace

cudaError_t cudaGraphCreate(cudaGraph_t* graph, unsigned int flags) {
  return api("cudaGraphCreate", asked(), [&](Call&) {
    if (graph == nullptr || flags != 0) return cudaErrorInvalidValue;
    Runtime& rt = runtime();
    const Lock lock(rt.mutex);
    *graph = rt.graphs.add(rt.next_number(), std::make_shared<Graph>());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return api("cudaGraphDestroy", asked(), [&](Call&) {
    std::shared_ptr<Graph> destroyed;
    {
      const Lock lock(runtime().mutex);
      const auto found = runtime().graphs.find(graph);
      if (!found || found->is_being_captured) return cudaErrorInvalidValue;
      destroyed = forget_graph(graph);
    }
    return drop(std::move(destroyed));
  });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t of, cudaGraphNode_t* nodes, size_t* count) {
  return api("cudaGraphGetNodes", asked(), [&](Call&) {
    if (count == nullptr) return cudaErrorInvalidValue;
    return with_handle(&Contents::graphs, of, [&](Lock&, const std::shared_ptr<Graph>& graph) {
      const std::size_t there = graph->nodes.size();
      if (nodes != nullptr) {
        for (std::size_t i = 0; i < *count; ++i) nodes[i] = i < there ? graph->nodes[i]->handle : nullptr;
      }
      *count = nodes == nullptr ? there : std::min(*count, there);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t of, cudaGraphNodeType* type) {
  return api("cudaGraphNodeGetType", asked(), [&](Call&) {
    if (type == nullptr) return cudaErrorInvalidValue;
    return with_handle(&Contents::graph_nodes, of, [&](Lock&, const std::shared_ptr<GraphNode>& node) {
      *type = node->type;
      return cudaSuccess;
    });
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
  return api("cudaGraphInstantiate", asked(), [&](Call&) { return instantiate(exec, graph, flags); });
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph,
                                          unsigned long long flags) {
  return api("cudaGraphInstantiateWithFlags", asked(),
             [&](Call&) { return instantiate(exec, graph, flags); });
}

cudaError_t cudaGraphExecGetFlags(cudaGraphExec_t of, unsigned long long* flags) {
  return api("cudaGraphExecGetFlags", asked(), [&](Call&) {
    if (flags == nullptr) return cudaErrorInvalidValue;
    return with_handle(&Contents::graph_execs, of, [&](Lock&, const std::shared_ptr<GraphExec>& exec) {
      *flags = exec->flags;
      return cudaSuccess;
    });
  });
}

// Only backs the allocations with memory, at once; there is nothing to upload.
cudaError_t cudaGraphUpload(cudaGraphExec_t of, cudaStream_t stream) {
  return api("cudaGraphUpload", asked(stream), [&](Call&) {
    return with_stream(stream, [&](Lock& lock, Stream& on) {
      const auto exec = runtime().graph_execs.find(of);
      if (!exec) return cudaErrorInvalidValue;
      refuse_waiting(on);
      return attach_memory(lock, *exec, on);
    });
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t of, cudaStream_t stream) {
  return api("cudaGraphLaunch", asked(stream), [&](Call&) {
    return with_stream(stream, [&](Lock& lock, Stream& on) {
      const auto exec = runtime().graph_execs.find(of);
      return exec ? launch_graph(lock, exec, on) : cudaErrorInvalidValue;
    });
  });
}

// Pending launches still finish.
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  return api("cudaGraphExecDestroy", asked(), [&](Call&) {
    std::shared_ptr<GraphExec> destroyed;
    {
      const Lock lock(runtime().mutex);
      destroyed = runtime().graph_execs.remove(exec);
      if (!destroyed) return cudaErrorInvalidValue;
      if (const auto graph = destroyed->graph.lock()) graph->has_exec = false;
    }
    return drop(std::move(destroyed));
  });
}
