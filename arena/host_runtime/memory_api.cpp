#include <cstdlib>

#include "api.hpp"
#include "memory.hpp"
#include "runtime.hpp"

using namespace daa::host_runtime;

namespace {

// cudaMallocAsync, from `pool`, or from the current pool of the stream's device if null.
cudaError_t allocate_async(Call& call, const char* made_by, void** pointer, std::size_t bytes,
                           std::shared_ptr<MemoryPool> pool, cudaStream_t handle) {
  Runtime& rt = runtime();
  Lock lock(rt.mutex);
  const auto stream = rt.stream(handle);
  if (!stream) return cudaErrorInvalidResourceHandle;
  if (!pool) pool = rt.device(stream->device).current_pool;
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  const AllocationPtr allocation = allocate(*pool, bytes, stream.get(), made_by);
  if (!allocation) return cudaErrorMemoryAllocation;
  stream->submit(lock, {[allocation] { begin(allocation); }, {}});
  *pointer = reinterpret_cast<void*>(allocation->origin.range.begin);  // NOLINT
  call.pointer = *pointer;
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  return api("cudaMallocAsync", asked(stream, bytes), [&](Call& call) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    return allocate_async(call, "cudaMallocAsync", pointer, bytes, nullptr, stream);
  });
}

cudaError_t cudaMallocFromPoolAsync(void** pointer, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  return api("cudaMallocFromPoolAsync", asked(stream, bytes), [&](Call& call) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    std::shared_ptr<MemoryPool> from;
    {
      const Lock lock(runtime().mutex);
      from = runtime().pools.find(pool);
    }
    if (!from) return cudaErrorInvalidValue;
    return allocate_async(call, "cudaMallocFromPoolAsync", pointer, bytes, std::move(from), stream);
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t handle) {
  return api("cudaFreeAsync", asked(handle, 0, pointer), [&](Call&) {
    Runtime& rt = runtime();
    Lock lock(rt.mutex);
    const auto stream = rt.stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    const AllocationPtr freed = disown(pointer, "cudaFreeAsync", stream->id);
    if (!freed) return cudaErrorInvalidValue;
    freed->pool->give(freed->origin.range.begin, stream->submit(lock, {[freed] { end(freed); }, {}}));
    return cudaSuccess;
  });
}

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  return api("cudaMalloc", asked(nullptr, bytes), [&](Call& call) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    *pointer = nullptr;
    if (bytes == 0) return cudaSuccess;
    Runtime& rt = runtime();
    AllocationPtr allocation;
    {
      const Lock lock(rt.mutex);
      allocation = allocate(*rt.current_device().direct_pool, bytes, nullptr, "cudaMalloc");
    }
    if (!allocation) return cudaErrorMemoryAllocation;
    begin(allocation);
    *pointer = reinterpret_cast<void*>(allocation->origin.range.begin);  // NOLINT
    call.pointer = *pointer;
    return cudaSuccess;
  });
}

// Waits for the whole device, but not if the memory is a pool's: then the caller vouches for its being idle.
cudaError_t cudaFree(void* pointer) {
  return api("cudaFree", asked(nullptr, 0, pointer), [&](Call&) {
    if (pointer == nullptr) return cudaSuccess;
    Runtime& rt = runtime();
    AllocationPtr freed;
    Segments released;  // unmapped after the lock is gone
    {
      Lock lock(rt.mutex);
      freed = disown(pointer, "cudaFree", 0);
      if (!freed) return cudaErrorInvalidValue;
      Device& device = rt.device(freed->pool->device);
      if (freed->pool == device.direct_pool) rt.synchronize(lock, device);
    }
    end(freed);
    const Lock lock(rt.mutex);
    freed->pool->give(freed->origin.range.begin, {});
    if (freed->pool == rt.device(freed->pool->device).direct_pool) released = release_idle(*freed->pool, 0);
    return cudaSuccess;
  });
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  return api("cudaMallocHost", asked(nullptr, bytes), [&](Call& call) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    *pointer = nullptr;
    if (bytes == 0) return cudaSuccess;
    constexpr std::size_t page = 4096;
    if (bytes > std::size_t{1} << 62) return cudaErrorMemoryAllocation;
    void* const memory = std::aligned_alloc(page, (bytes + page - 1) / page * page);
    if (memory == nullptr) return cudaErrorMemoryAllocation;
    auto allocation = std::make_shared<Allocation>();
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    allocation->origin.range = {begin, begin + bytes};
    const Lock lock(runtime().mutex);
    runtime().pinned.emplace(begin, std::move(allocation));
    *pointer = memory;
    call.pointer = memory;
    return cudaSuccess;
  });
}

cudaError_t cudaFreeHost(void* pointer) {
  return api("cudaFreeHost", asked(nullptr, 0, pointer), [&](Call&) {
    if (pointer == nullptr) return cudaSuccess;
    Runtime& rt = runtime();
    Lock lock(rt.mutex);
    if (!rt.pinned.contains(reinterpret_cast<std::uintptr_t>(pointer))) return cudaErrorInvalidValue;
    for (const auto& device : rt.devices) rt.synchronize(lock, *device);
    if (rt.pinned.erase(reinterpret_cast<std::uintptr_t>(pointer)) == 0) return cudaErrorInvalidValue;
    std::free(pointer);
    return cudaSuccess;
  });
}
