#include "graph_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <new>
#include <utility>

#include "api.hpp"
#include "graph.hpp"
#include "runtime.hpp"

namespace daa::host_runtime {
namespace {

std::size_t unused_bytes(const Device& device) {
  return device.graph_reserved.current - device.graph_used.current;
}

void detach_idle(const Device& device) {
  for (const auto& memory : runtime().graph_memories) {
    if (memory->is_idle()) memory->detach(device.ordinal);
  }
}

// Marks bytes as used, from the memory that the device has reserved for graphs or from the driver.
bool take(Device& device, std::size_t bytes) {
  const auto missing = [&] { return bytes - std::min(bytes, unused_bytes(device)); };
  const auto fits = [&] { return device.mapped_bytes + missing() <= device.memory_limit; };
  if (!fits()) release_idle(device, Release::everything).clear();
  if (!fits()) detach_idle(device);
  if (!fits()) return false;
  const std::size_t grown = missing();
  device.graph_reserved.add(grown);
  device.mapped_bytes += grown;
  device.graph_used.add(bytes);
  return true;
}

}  // namespace

std::shared_ptr<GraphAllocation> GraphMemory::reserve(int device, std::size_t bytes) {
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) throw std::bad_alloc();
  const std::size_t block_bytes = round_up(bytes, MemoryPool::unit);
  auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& each) {
    return each.device == device && each.segment->range().bytes() - each.taken >= block_bytes;
  });
  if (part == parts_.end()) {
    auto segment = std::make_shared<Segment>(round_up(block_bytes, Segment::granule));
    part = parts_.insert(parts_.end(), Part{device, std::move(segment), 0, false});
  }
  const std::uintptr_t begin = part->segment->range().begin + part->taken;
  allocations_.emplace(begin, GraphAllocation{{begin, begin + bytes}, device, part->segment, false});
  part->taken += block_bytes;
  return find(begin);
}

std::shared_ptr<GraphAllocation> GraphMemory::find(std::uintptr_t address) {
  const auto found = allocations_.find(address);
  if (found == allocations_.end()) return nullptr;
  return {shared_from_this(), &found->second};
}

bool GraphMemory::contains(std::uintptr_t address) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    const Range range = part.segment->range();
    return range.begin <= address && address < range.end;
  });
}

AllocationPtr GraphMemory::make(const GraphAllocation& node, const Stream& stream) const {
  auto allocation = std::make_shared<Allocation>();
  allocation->origin.range = node.range;
  allocation->origin.number = ++runtime().newest_allocation;
  allocation->origin.made_by = "a graph's cudaMallocAsync";
  allocation->origin.made_on = stream.id;
  allocation->segment = node.segment;
  allocation->graph_use = use_;
  return allocation;
}

bool GraphMemory::attach() {
  std::vector<Part*> attached;
  for (Part& part : parts_) {
    if (part.is_attached) continue;
    const auto in_use = use();  // keeps trimming from freeing what was just attached
    if (!take(runtime().device(part.device), part.segment->range().bytes())) {
      for (Part* const each : attached) {
        runtime().device(each->device).graph_used.subtract(each->segment->range().bytes());
        each->is_attached = false;
      }
      return false;
    }
    part.is_attached = true;
    attached.push_back(&part);
  }
  return true;
}

void GraphMemory::detach(int device) {
  for (Part& part : parts_) {
    if (part.device != device || !std::exchange(part.is_attached, false)) continue;
    runtime().device(device).graph_used.subtract(part.segment->range().bytes());
  }
}

Segments GraphMemory::take_all() {
  Segments segments;
  for (Part& part : parts_) {
    if (part.is_attached) runtime().device(part.device).graph_used.subtract(part.segment->range().bytes());
    segments.push_back(std::move(part.segment));
  }
  parts_.clear();
  allocations_.clear();
  return segments;
}

std::shared_ptr<GraphAllocation> graph_allocation(const void* pointer) {
  for (const auto& memory : runtime().graph_memories) {
    if (auto found = memory->find(reinterpret_cast<std::uintptr_t>(pointer))) return found;
  }
  return nullptr;
}

Segments release_graphs() {
  Segments released;
  std::erase_if(runtime().graph_memories, [&](const auto& memory) {
    if (memory.use_count() != 1 || !memory->is_idle()) return false;
    Segments segments = memory->take_all();
    std::move(segments.begin(), segments.end(), std::back_inserter(released));
    return true;
  });
  return released;
}

Segments trim_graphs(Device& device) {
  Segments released = release_graphs();
  detach_idle(device);
  const std::size_t unused = unused_bytes(device);
  device.graph_reserved.subtract(unused);
  device.mapped_bytes -= unused;
  return released;
}

}  // namespace daa::host_runtime

using namespace daa::host_runtime;

namespace {

// Calls `use` under the lock with the allocation of a memory node, if the node has this type.
template <class Use>
cudaError_t with_memory_node(cudaGraphNode_t handle, cudaGraphNodeType type, const Use& use) {
  Runtime& rt = runtime();
  const Lock lock(rt.mutex);
  const auto node = rt.graph_nodes.find(handle);
  if (!node || node->type != type) return cudaErrorInvalidValue;
  use(*node->allocation);
  return cudaSuccess;
}

// Calls `use` with the watermark of the attribute, and whether the attribute is its highest value.
template <class Use>
cudaError_t with_watermark(int ordinal, cudaGraphMemAttributeType attribute, const Use& use) {
  Runtime& rt = runtime();
  const Lock lock(rt.mutex);
  Device& device = rt.visible_device(ordinal);
  switch (attribute) {
    case cudaGraphMemAttrUsedMemCurrent:
      return use(device.graph_used, false);
    case cudaGraphMemAttrUsedMemHigh:
      return use(device.graph_used, true);
    case cudaGraphMemAttrReservedMemCurrent:
      return use(device.graph_reserved, false);
    case cudaGraphMemAttrReservedMemHigh:
      return use(device.graph_reserved, true);
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace

cudaError_t cudaGraphMemAllocNodeGetParams(cudaGraphNode_t node, cudaMemAllocNodeParams* params) {
  return api("cudaGraphMemAllocNodeGetParams", asked(), [&](Call&) {
    if (params == nullptr) return cudaErrorInvalidValue;
    return with_memory_node(node, cudaGraphNodeTypeMemAlloc, [&](const GraphAllocation& allocation) {
      *params = {};
      params->poolProps.allocType = cudaMemAllocationTypePinned;
      params->poolProps.location = {cudaMemLocationTypeDevice, allocation.device};
      params->bytesize = allocation.range.bytes();
      params->dptr = allocation.address();
    });
  });
}

cudaError_t cudaGraphMemFreeNodeGetParams(cudaGraphNode_t node, void* pointer) {
  return api("cudaGraphMemFreeNodeGetParams", asked(), [&](Call&) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    return with_memory_node(node, cudaGraphNodeTypeMemFree, [&](const GraphAllocation& allocation) {
      void* const address = allocation.address();
      std::memcpy(pointer, &address, sizeof address);
    });
  });
}

cudaError_t cudaDeviceGetGraphMemAttribute(int device, cudaGraphMemAttributeType attribute, void* value) {
  return api("cudaDeviceGetGraphMemAttribute", asked(), [&](Call&) {
    if (value == nullptr) return cudaErrorInvalidValue;
    return with_watermark(device, attribute, [&](const Watermark& watermark, bool is_high) {
      const std::uint64_t bytes = is_high ? watermark.high : watermark.current;
      std::memcpy(value, &bytes, sizeof bytes);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaDeviceSetGraphMemAttribute(int device, cudaGraphMemAttributeType attribute, void* value) {
  return api("cudaDeviceSetGraphMemAttribute", asked(), [&](Call&) {
    if (value == nullptr) return cudaErrorInvalidValue;
    return with_watermark(device, attribute, [&](Watermark& watermark, bool is_high) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, value, sizeof bytes);
      if (!is_high || bytes != 0) return cudaErrorInvalidValue;
      watermark.high = watermark.current;
      return cudaSuccess;
    });
  });
}

cudaError_t cudaDeviceGraphMemTrim(int device) {
  return api("cudaDeviceGraphMemTrim", asked(), [&](Call&) {
    Segments released;  // unmapped after the lock is released
    const Lock lock(runtime().mutex);
    released = trim_graphs(runtime().visible_device(device));
    return cudaSuccess;
  });
}
