#include "memory_pool.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

#include "api.hpp"
#include "capture.hpp"
#include "errors.hpp"
#include "memory.hpp"
#include "runtime.hpp"

namespace daa::host_runtime {
void Watermark::add(std::size_t bytes) {
  current += bytes;
  high = std::max(high, current);
}

std::uintptr_t MemoryPool::take(std::size_t bytes, const Stream* stream) {
  std::uintptr_t address = take_fitting(bytes, stream);
  if (address == 0) {
    if (reuse_allow_opportunistic) settle(stream);
    if (stream != nullptr) join(*stream);
    address = take_fitting(bytes, stream);
  }
  if (address != 0) used.add(bytes);
  return address;
}

std::uintptr_t MemoryPool::take_fitting(std::size_t bytes, const Stream* stream) {
  Fit best{};
  for (const Stream* owner : {static_cast<const Stream*>(nullptr), stream}) {
    const auto owned = free_.find(owner);
    if (owned == free_.end()) continue;
    const auto fit = owned->second.lower_bound({bytes, 0, 0});
    if (fit != owned->second.end() && (best.address == 0 || *fit < best)) best = *fit;
  }
  if (best.address == 0) return 0;

  const auto block = blocks_.find(best.address);
  unindex(block);
  if (block->second.bytes > bytes) {
    Block rest = block->second;
    rest.bytes -= bytes;
    index(blocks_.emplace(block->first + bytes, std::move(rest)).first);
  }
  block->second.bytes = bytes;
  block->second.is_used = true;
  block->second.freed = {};
  return block->first;
}

void MemoryPool::give(std::uintptr_t address, StreamPoint freed) {
  const auto block = blocks_.find(address);
  used.subtract(block->second.bytes);
  block->second.is_used = false;
  block->second.freed = std::move(freed);
  index(block);
  merge(block, false);
}

std::vector<StreamPoint> MemoryPool::due_frees() const {
  std::vector<StreamPoint> points;
  for (const auto& [address, block] : blocks_) {
    if (block.freed.due() && !block.freed.reached()) points.push_back(block.freed);
  }
  return points;
}

void MemoryPool::add(std::shared_ptr<Segment> segment) {
  const Range range = segment->range();
  reserved.add(range.bytes());
  const std::uint64_t segment_number = ++newest_segment_;
  segments_.emplace(range.begin, Mapping{segment_number, std::move(segment)});
  index(blocks_.emplace(range.begin, Block{segment_number, range.bytes(), false, {}}).first);
}

std::vector<std::shared_ptr<Segment>> MemoryPool::release(std::size_t keep) {
  settle(nullptr);
  if (reserved.current <= keep) return {};
  std::map<std::uint64_t, std::shared_ptr<Segment>> idle;  // oldest first
  for (const auto& [begin, mapping] : segments_) {
    const Block& first = blocks_.at(begin);
    const bool is_free = !first.is_used && !first.freed.stream;
    const bool is_whole = first.bytes == mapping.segment->range().bytes();
    if (is_free && is_whole) idle.emplace(mapping.number, mapping.segment);
  }
  std::vector<std::shared_ptr<Segment>> released;
  for (auto& [its_number, idle_segment] : idle) {
    const Range range = idle_segment->range();
    if (reserved.current - range.bytes() < keep) continue;
    const auto block = blocks_.find(range.begin);
    unindex(block);
    blocks_.erase(block);
    segments_.erase(range.begin);
    reserved.subtract(range.bytes());
    released.push_back(std::move(idle_segment));
  }
  return released;
}

std::shared_ptr<Segment> MemoryPool::segment(std::uintptr_t address) const {
  auto it = segments_.upper_bound(address);
  if (it == segments_.begin()) return nullptr;
  --it;
  const auto& segment = it->second.segment;
  return address < segment->range().end ? segment : nullptr;
}

void MemoryPool::settle(const Stream* except) {
  std::vector<std::uintptr_t> reached;
  for (const auto& [owner, blocks] : free_) {
    if (owner == nullptr || owner == except) continue;
    for (const Fit& block : blocks) {
      if (blocks_.at(block.address).freed.reached()) reached.push_back(block.address);
    }
  }
  for (const std::uintptr_t address : reached) {
    const auto block = blocks_.find(address);
    unindex(block);
    block->second.freed = {};
    index(block);
  }
  for (const std::uintptr_t address : reached) {
    const auto block = blocks_.find(address);
    if (block != blocks_.end()) merge(block, false);
  }
}

void MemoryPool::join(const Stream& stream) {
  const auto owned = free_.find(&stream);
  if (owned == free_.end()) return;
  std::vector<std::uintptr_t> addresses;
  for (const Fit& block : owned->second) addresses.push_back(block.address);
  for (const std::uintptr_t address : addresses) {
    const auto block = blocks_.find(address);
    if (block != blocks_.end()) merge(block, true);
  }
}

MemoryPool::Blocks::iterator MemoryPool::merge(Blocks::iterator block, bool with_unowned) {
  const auto mergeable = [&](const Block& a, const Block& b) {
    if (a.segment != b.segment || a.is_used || b.is_used) return false;
    if (a.freed.stream == b.freed.stream) return true;
    return with_unowned && (!a.freed.stream || !b.freed.stream);
  };
  const auto absorb = [&](Blocks::iterator first, Blocks::iterator second) {
    unindex(first);
    unindex(second);
    StreamPoint& freed = first->second.freed;
    if (second->second.freed.ticket > freed.ticket) freed = second->second.freed;
    first->second.bytes += second->second.bytes;
    blocks_.erase(second);
    index(first);
    return first;
  };
  while (true) {
    const auto next = std::next(block);
    if (next == blocks_.end() || !mergeable(block->second, next->second)) break;
    block = absorb(block, next);
  }
  while (block != blocks_.begin()) {
    const auto previous = std::prev(block);
    if (!mergeable(previous->second, block->second)) break;
    block = absorb(previous, block);
  }
  return block;
}

void MemoryPool::index(Blocks::iterator block) {
  free_[block->second.freed.stream.get()].insert({block->second.bytes, block->second.segment, block->first});
}

void MemoryPool::unindex(Blocks::iterator block) {
  const auto owned = free_.find(block->second.freed.stream.get());
  owned->second.erase({block->second.bytes, block->second.segment, block->first});
  if (owned->second.empty()) free_.erase(owned);
}

}  // namespace daa::host_runtime

using namespace daa::host_runtime;

namespace {

// Calls `use` with the pool, under the lock, if the pool exists.
template <class Use>
cudaError_t with_pool(cudaMemPool_t handle, const Use& use) {
  Runtime& rt = runtime();
  const Lock lock(rt.mutex);
  const auto pool = rt.pools.find(handle);
  return pool ? use(pool) : cudaErrorInvalidValue;
}

// Calls `use` with the device, under the lock, if the device exists.
template <class Use>
cudaError_t with_device(int ordinal, const Use& use) {
  Runtime& rt = runtime();
  const Lock lock(rt.mutex);
  return use(rt.visible_device(ordinal));
}

cudaError_t reset_watermark(Watermark& watermark, std::uint64_t value) {
  if (value != 0) return cudaErrorInvalidValue;
  watermark.high = watermark.current;
  return cudaSuccess;
}

template <class Value>
Value value_of(const void* value) {
  Value result;
  std::memcpy(&result, value, sizeof result);
  return result;
}

template <class Value>
cudaError_t store(void* to, Value value) {
  std::memcpy(to, &value, sizeof value);
  return cudaSuccess;
}

// The member that stores a reuse flag; null if `attribute` is not one.
bool* reuse_flag(MemoryPool& pool, cudaMemPoolAttr attribute) {
  switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies:
      return &pool.reuse_follow_event_dependencies;
    case cudaMemPoolReuseAllowOpportunistic:
      return &pool.reuse_allow_opportunistic;
    case cudaMemPoolReuseAllowInternalDependencies:
      return &pool.reuse_allow_internal_dependencies;
    default:
      return nullptr;
  }
}

void report_leaks(const std::shared_ptr<MemoryPool>& pool) {
  for (const auto& [address, allocation] : runtime().owned) {
    if (allocation->pool != pool) continue;
    report_violation("memory never freed when its pool was destroyed: " + describe(allocation->origin));
  }
}

}  // namespace

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* props) {
  return api("cudaMemPoolCreate", asked(), [&](Call&) {
    if (pool == nullptr || props == nullptr) return cudaErrorInvalidValue;
    if (props->allocType != cudaMemAllocationTypePinned) return cudaErrorInvalidValue;
    if (props->location.type != cudaMemLocationTypeDevice) return cudaErrorNotSupported;
    if (props->handleTypes != cudaMemHandleTypeNone) return cudaErrorNotSupported;
    return with_device(props->location.id, [&](Device& device) {
      refuse_unsafe();
      Runtime& rt = runtime();
      auto created = std::make_shared<MemoryPool>(device.ordinal, rt.next_number());
      created->max_bytes = props->maxSize;
      device.pools.push_back(created);
      *pool = rt.pools.add(created->number, created);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t handle) {
  return api("cudaMemPoolDestroy", asked(), [&](Call&) {
    Segments released;  // unmapped after the lock is released
    return with_pool(handle, [&](const std::shared_ptr<MemoryPool>& pool) {
      Device& device = runtime().device(pool->device);
      if (pool == device.default_pool) return cudaErrorInvalidValue;
      report_leaks(pool);
      if (pool == device.current_pool) device.current_pool = device.default_pool;
      runtime().pools.remove(handle);
      pool->destroyed = true;
      released = release_idle(device, Release::to_threshold);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t handle, cudaMemPoolAttr attribute, void* value) {
  return api("cudaMemPoolSetAttribute", asked(), [&](Call&) {
    if (value == nullptr) return cudaErrorInvalidValue;
    return with_pool(handle, [&](const std::shared_ptr<MemoryPool>& pool) {
      if (bool* const flag = reuse_flag(*pool, attribute)) {
        *flag = value_of<int>(value) != 0;
        return cudaSuccess;
      }
      const auto bytes = value_of<std::uint64_t>(value);
      switch (attribute) {
        case cudaMemPoolAttrReleaseThreshold:
          pool->release_threshold = bytes;
          return cudaSuccess;
        case cudaMemPoolAttrReservedMemHigh:
          return reset_watermark(pool->reserved, bytes);
        case cudaMemPoolAttrUsedMemHigh:
          return reset_watermark(pool->used, bytes);
        default:
          return cudaErrorInvalidValue;
      }
    });
  });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t handle, cudaMemPoolAttr attribute, void* value) {
  return api("cudaMemPoolGetAttribute", asked(), [&](Call&) {
    if (value == nullptr) return cudaErrorInvalidValue;
    return with_pool(handle, [&](const std::shared_ptr<MemoryPool>& pool) {
      refuse_unsafe();
      if (const bool* const flag = reuse_flag(*pool, attribute)) return store(value, *flag ? 1 : 0);
      switch (attribute) {
        case cudaMemPoolAttrReleaseThreshold:
          return store<std::uint64_t>(value, pool->release_threshold);
        case cudaMemPoolAttrReservedMemCurrent:
          return store<std::uint64_t>(value, pool->reserved.current);
        case cudaMemPoolAttrReservedMemHigh:
          return store<std::uint64_t>(value, pool->reserved.high);
        case cudaMemPoolAttrUsedMemCurrent:
          return store<std::uint64_t>(value, pool->used.current);
        case cudaMemPoolAttrUsedMemHigh:
          return store<std::uint64_t>(value, pool->used.high);
        default:
          return cudaErrorInvalidValue;
      }
    });
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t handle, size_t bytes_to_keep) {
  return api("cudaMemPoolTrimTo", asked(nullptr, bytes_to_keep), [&](Call&) {
    Segments released;  // unmapped after the lock is released
    return with_pool(handle, [&](const std::shared_ptr<MemoryPool>& pool) {
      refuse_unsafe();
      released = release_idle(*pool, bytes_to_keep);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  return api("cudaDeviceGetDefaultMemPool", asked(), [&](Call&) {
    if (pool == nullptr) return cudaErrorInvalidValue;
    return with_device(device, [&](Device& of) {
      *pool = handle_of<cudaMemPool_t>(of.default_pool->number);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* pool, int device) {
  return api("cudaDeviceGetMemPool", asked(), [&](Call&) {
    if (pool == nullptr) return cudaErrorInvalidValue;
    return with_device(device, [&](Device& of) {
      *pool = handle_of<cudaMemPool_t>(of.current_pool->number);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t pool) {
  return api("cudaDeviceSetMemPool", asked(), [&](Call&) {
    return with_device(device, [&](Device& of) {
      const auto chosen = runtime().pools.find(pool);
      if (!chosen || chosen->device != of.ordinal) return cudaErrorInvalidValue;
      of.current_pool = chosen;
      return cudaSuccess;
    });
  });
}
