#include <cstdint>
#include <cstring>

#include "api.hpp"
#include "graph.hpp"
#include "graph_memory.hpp"
#include "runtime.hpp"

using namespace daa::host_runtime;

namespace {

// Calls `use` with the allocation of a memory node, under the lock, if the node is one of this type.
template <class Use>
cudaError_t with_memory_node(cudaGraphNode_t handle, cudaGraphNodeType type, const Use& use) {
  Runtime& rt = runtime();
  const Lock lock(rt.mutex);
  const auto node = rt.graph_nodes.find(handle);
  if (!node || node->type != type) return cudaErrorInvalidValue;
  use(*node->allocation);
  return cudaSuccess;
}

// Calls `use` with the watermark that the attribute is about, and whether it is about its highest value.
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
    Segments released;  // unmapped after the lock is gone
    const Lock lock(runtime().mutex);
    released = trim_graphs(runtime().visible_device(device));
    return cudaSuccess;
  });
}
