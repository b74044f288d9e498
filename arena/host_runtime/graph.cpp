#include "graph.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "capture.hpp"
#include "capture_rules.hpp"
#include "unloading.hpp"

namespace daa::host_runtime {
namespace {

std::vector<GraphNode> copies(const std::vector<std::shared_ptr<GraphNode>>& nodes) {
  std::vector<GraphNode> result;
  result.reserve(nodes.size());
  for (const auto& node : nodes) result.push_back(*node);
  return result;
}

// The handles of `last` and of all that they depend on.
std::unordered_set<cudaGraphNode_t> reached_by(const std::vector<std::shared_ptr<GraphNode>>& nodes,
                                               const std::vector<cudaGraphNode_t>& last) {
  std::unordered_set<cudaGraphNode_t> reached(last.begin(), last.end());
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (reached.count((*node)->handle) == 0) continue;
    reached.insert((*node)->dependencies.begin(), (*node)->dependencies.end());
  }
  return reached;
}

// One launch: which allocations it makes and frees.
struct Launch {
  std::shared_ptr<const GraphExec> exec;
  std::shared_ptr<const void> memory_use;
  std::vector<AllocationPtr> freed_first;
  std::vector<AllocationPtr> of_nodes;  // null for those that are not about memory

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

// Whether the allocations are such that `exec` can be launched.
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

// Makes what a launch allocates, and hands over to it what it frees. What it allocates and does not free is
// the program's from now on.
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
  // Memory of other launches that still run is waited for before giving up.
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
