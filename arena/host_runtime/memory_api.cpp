#include <cstdlib>

#include "api.hpp"
#include "capture.hpp"
#include "capture_rules.hpp"
#include "memory.hpp"
#include "runtime.hpp"

using namespace daa::host_runtime;

namespace {

cudaError_t allocate_async(Lock& lock, Stream& stream, std::shared_ptr<MemoryPool> pool, void** pointer,
                           Call& call) {
  AllocationPtr allocation;
  if (stream.capture && call.bytes != 0) {
    *pointer = capture_allocation(stream, pool->device, call.bytes);
    call.pointer = *pointer;
    return cudaSuccess;
  }
  if (call.bytes != 0) {
    refuse_implicit(stream);
    allocation = allocate(*pool, call.bytes, &stream, call.function);
    if (!allocation) {
      // Of frees that are pending only those are waited for that take a device no time.
      await_due_frees(lock, runtime().device(pool->device));
      allocation = allocate(*pool, call.bytes, &stream, call.function);
    }
    if (!allocation) return cudaErrorMemoryAllocation;
    stream.submit(lock, bookkeeping([allocation] { begin(allocation); }));
    call.pointer = allocation->address();
  }
  *pointer = allocation ? allocation->address() : nullptr;
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  return api("cudaMallocAsync", asked(stream, bytes), [&](Call& call) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock& lock, Stream& on) {
      return allocate_async(lock, on, runtime().device(on.device).current_pool, pointer, call);
    });
  });
}

cudaError_t cudaMallocFromPoolAsync(void** pointer, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  return api("cudaMallocFromPoolAsync", asked(stream, bytes), [&](Call& call) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    return with_stream(stream, [&](Lock& lock, Stream& on) {
      const auto from = runtime().pools.find(pool);
      return from ? allocate_async(lock, on, from, pointer, call) : cudaErrorInvalidValue;
    });
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return api("cudaFreeAsync", asked(stream, 0, pointer), [&](Call& call) {
    return with_stream(stream, [&](Lock& lock, Stream& on) {
      if (on.capture) return capture_free(on, pointer);
      refuse_implicit(on);
      const AllocationPtr freed = disown(pointer, call.function, on.id);
      if (!freed) return cudaErrorInvalidValue;
      const StreamPoint done = on.submit(lock, bookkeeping([freed] { end(freed); }));
      if (freed->pool) freed->pool->give(freed->origin.range.begin, done);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  return api("cudaMalloc", asked(nullptr, bytes), [&](Call& call) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    if (bytes == 0) {
      *pointer = nullptr;
      return cudaSuccess;
    }
    AllocationPtr allocation;
    {
      const Lock lock(runtime().mutex);
      refuse_unsafe();
      allocation = allocate(*runtime().current_device().direct_pool, bytes, nullptr, call.function);
    }
    if (!allocation) return cudaErrorMemoryAllocation;
    begin(allocation);
    *pointer = allocation->address();
    call.pointer = *pointer;
    return cudaSuccess;
  });
}

// Waits for the whole device, but not if the memory is a pool's or a graph's: then the caller vouches for its
// being idle.
cudaError_t cudaFree(void* pointer) {
  return api("cudaFree", asked(nullptr, 0, pointer), [&](Call& call) {
    Runtime& rt = runtime();
    AllocationPtr freed;
    Segments released;  // unmapped after the lock is gone
    {
      Lock lock(rt.mutex);
      refuse_unsafe();
      if (pointer == nullptr) return cudaSuccess;
      freed = disown(pointer, call.function, 0);
      if (!freed) return cudaErrorInvalidValue;
      if (freed->pool) {
        Device& device = rt.device(freed->pool->device);
        if (freed->pool == device.direct_pool) rt.synchronize(lock, device);
      }
    }
    end(freed);
    if (!freed->pool) return cudaSuccess;
    const Lock lock(rt.mutex);
    freed->pool->give(freed->origin.range.begin, {});
    if (freed->pool == rt.device(freed->pool->device).direct_pool) released = release_idle(*freed->pool, 0);
    return cudaSuccess;
  });
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  return api("cudaMallocHost", asked(nullptr, bytes), [&](Call& call) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    if (bytes == 0) {
      *pointer = nullptr;
      return cudaSuccess;
    }
    {
      const Lock lock(runtime().mutex);
      refuse_unsafe();
    }
    constexpr std::size_t page = 4096;
    constexpr std::size_t more_than_any_host_has = std::size_t{1} << 40;
    if (bytes > more_than_any_host_has) return cudaErrorMemoryAllocation;
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

// Waits for every device before the memory is gone: the work that uses it is checked against what is pinned.
cudaError_t cudaFreeHost(void* pointer) {
  return api("cudaFreeHost", asked(nullptr, 0, pointer), [&](Call& call) {
    if (pointer == nullptr) return cudaSuccess;
    Runtime& rt = runtime();
    Lock lock(rt.mutex);
    refuse_unsafe();
    for (const auto& device : rt.devices) rt.synchronize(lock, *device);
    if (rt.pinned.erase(reinterpret_cast<std::uintptr_t>(pointer)) == 0) {
      report_unknown(pointer, call.function);
      return cudaErrorInvalidValue;
    }
    std::free(pointer);
    return cudaSuccess;
  });
}
