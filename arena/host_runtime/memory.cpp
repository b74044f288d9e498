#include "memory.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "api.hpp"
#include "capture.hpp"
#include "errors.hpp"
#include "graph_memory.hpp"
#include "runtime.hpp"
#include "virtual_memory.hpp"

namespace daa::host_runtime {
namespace {

// Maps a segment of at least `bytes`. Returns false if a limit forbids it even after all idle memory is
// released.
bool grow(MemoryPool& pool, std::size_t bytes) {
  Device& device = runtime().device(pool.device);
  if (bytes > device.memory_limit) return false;
  bytes = round_up(bytes, Segment::granule);
  const auto fits = [&] {
    return device.mapped_bytes + bytes <= device.memory_limit &&
           (pool.max_bytes == 0 || pool.reserved.current + bytes <= pool.max_bytes);
  };
  if (!fits()) release_idle(device, Release::everything).clear();
  if (!fits()) return false;
  pool.add(std::make_shared<Segment>(bytes));
  device.mapped_bytes += bytes;
  return true;
}

}  // namespace

AllocationPtr allocate(MemoryPool& pool, std::size_t bytes, const Stream* stream, std::string_view made_by) {
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) return nullptr;
  Runtime& rt = runtime();
  const std::size_t block_bytes = round_up(bytes, MemoryPool::unit);
  std::uintptr_t address = pool.take(block_bytes, stream);
  if (address == 0 && grow(pool, block_bytes)) address = pool.take(block_bytes, stream);
  if (address == 0) return nullptr;

  auto allocation = std::make_shared<Allocation>();
  allocation->origin.range = {address, address + bytes};
  allocation->origin.number = ++rt.newest_allocation;
  allocation->origin.made_by = made_by;
  allocation->origin.made_on = stream == nullptr ? 0 : stream->id;
  allocation->segment = pool.segment(address);
  allocation->pool = pool.shared_from_this();
  rt.owned.emplace(address, allocation);
  return allocation;
}

void await_due_frees(Lock& lock, const Device& device) {
  std::vector<StreamPoint> points;
  for (const auto& pool : device.pools) {
    for (StreamPoint& point : pool->due_frees()) points.push_back(std::move(point));
  }
  for (const StreamPoint& point : points) point.wait(lock);
}

void report_unknown(const void* pointer, std::string_view freed_by) {
  char text[128];
  std::snprintf(text, sizeof text, " of %p, which is not allocated: it was freed twice or never allocated",
                pointer);
  report_violation(std::string(freed_by) + text);
}

AllocationPtr disown(const void* pointer, std::string_view freed_by, std::uint64_t freed_on) {
  Runtime& rt = runtime();
  const auto found = rt.owned.find(reinterpret_cast<std::uintptr_t>(pointer));
  if (found == rt.owned.end()) {
    report_unknown(pointer, freed_by);
    return nullptr;
  }
  AllocationPtr allocation = std::move(found->second);
  rt.owned.erase(found);
  allocation->origin.freed_by = freed_by;
  allocation->origin.freed_on = freed_on;
  return allocation;
}

void begin(const AllocationPtr& allocation) {
  Runtime& rt = runtime();
  const Range range = allocation->origin.range;
  std::vector<Freed> reused;
  {
    const Lock lock(rt.mutex);
    if (allocation->state == Allocation::State::ended) return;
    reused = allocation->segment->take_freed(range);
  }
  verify(reused);
  paint(range, fresh_pattern);
  const Lock lock(rt.mutex);
  if (allocation->state == Allocation::State::ended) return;
  allocation->state = Allocation::State::live;
  const auto [place, is_free] = rt.live.try_emplace(range.begin, allocation);
  if (!is_free) {
    // A pool never does that, but all launches of a graph allocate at the same address.
    report_violation("allocated again before its free, in stream order: " + describe(place->second->origin));
    place->second = allocation;
  }
}

void end(const AllocationPtr& allocation) {
  Runtime& rt = runtime();
  const Origin& origin = allocation->origin;
  {
    const Lock lock(rt.mutex);
    const auto was = std::exchange(allocation->state, Allocation::State::ended);
    if (was == Allocation::State::to_begin && origin.freed_on != 0) {
      report_violation("freed before it was allocated, in stream order: " + describe(origin));
    }
    if (was != Allocation::State::live) return;
    const auto place = rt.live.find(origin.range.begin);
    if (place->second != allocation) return;
    rt.live.erase(place);
  }
  paint(origin.range, freed_pattern);
  const Lock lock(rt.mutex);
  allocation->segment->add_freed(origin);
}

Segments release_idle(MemoryPool& pool, std::size_t keep) {
  Segments released = pool.release(keep);
  for (const auto& segment : released) runtime().device(pool.device).mapped_bytes -= segment->range().bytes();
  return released;
}

Segments release_idle(Device& device, Release how) {
  Segments released = release_graphs();
  for (const auto& pool : device.pools) {
    const bool all = how == Release::everything || pool->destroyed;
    Segments some = release_idle(*pool, all ? 0 : pool->release_threshold);
    std::move(some.begin(), some.end(), std::back_inserter(released));
  }
  std::erase_if(device.pools,
                [](const auto& pool) { return pool->destroyed && pool->reserved.current == 0; });
  return released;
}

const Allocation* live_memory(const Access& access) {
  const Runtime& rt = runtime();
  const auto begin = reinterpret_cast<std::uintptr_t>(access.pointer);
  for (const auto* map : {&rt.live, &rt.pinned}) {
    auto it = map->upper_bound(begin);
    if (it == map->begin()) continue;
    const Range range = (--it)->second->origin.range;
    if (begin < range.end && access.bytes <= range.end - begin) return it->second.get();
  }
  return nullptr;
}

bool is_device_memory(const void* pointer) {
  if (is_reserved(pointer)) return true;
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  for (const auto& device : runtime().devices) {
    for (const auto& pool : device->pools) {
      if (pool->segment(address)) return true;
    }
  }
  const auto& of_graphs = runtime().graph_memories;
  return std::any_of(of_graphs.begin(), of_graphs.end(),
                     [&](const auto& memory) { return memory->contains(address); });
}

bool is_pinned(const Access& access) {
  const Allocation* const found = live_memory(access);
  return found != nullptr && found->segment == nullptr;
}

}  // namespace daa::host_runtime

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
      // Waits only for pending frees that take a device no time.
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

// Waits for the whole device, except for memory of a pool or a graph: the caller then guarantees that it is
// idle.
cudaError_t cudaFree(void* pointer) {
  return api("cudaFree", asked(nullptr, 0, pointer), [&](Call& call) {
    Runtime& rt = runtime();
    AllocationPtr freed;
    Segments released;  // unmapped after the lock is released
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

// Waits for every device first: work that uses the memory is checked against the pinned memory.
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
