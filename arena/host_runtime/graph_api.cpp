#include <algorithm>
#include <utility>

#include "api.hpp"
#include "capture_rules.hpp"
#include "graph.hpp"
#include "runtime.hpp"

using namespace daa::host_runtime;

namespace {

// Calls `use` with what the handle stands for, under the lock, if there is such.
template <class Table, class Handle, class Use>
cudaError_t with_handle(Table Contents::*table, Handle handle, const Use& use) {
  Runtime& rt = runtime();
  Lock lock(rt.mutex);
  const auto found = (rt.*table).find(handle);
  return found ? use(lock, found) : cudaErrorInvalidValue;
}

// Without the lock, for nodes may hold anything: destroys a graph, then takes its memory out if none needs
// it.
cudaError_t drop(std::shared_ptr<const void> graph) {
  graph = nullptr;
  Segments released;  // unmapped after the lock is gone
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

// Nothing is to be sent anywhere: backs the allocations, at once.
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

// Launches that have not finished do.
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
