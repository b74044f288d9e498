#include <cstring>
#include <limits>

#include "api.hpp"
#include "capture_rules.hpp"
#include "memory.hpp"
#include "runtime.hpp"
#include "violations.hpp"

using namespace daa::host_runtime;

namespace {

// Calls `use` with the pool, under the lock, if there is such a pool.
template <class Use>
cudaError_t with_pool(cudaMemPool_t handle, const Use& use) {
  Runtime& rt = runtime();
  const Lock lock(rt.mutex);
  const auto pool = rt.pools.find(handle);
  return pool ? use(pool) : cudaErrorInvalidValue;
}

// Calls `use` with the device, under the lock, if there is such a device.
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

// Where a reuse flag is kept; null if `attribute` is none.
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
    Segments released;  // unmapped after the lock is gone
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
    Segments released;  // unmapped after the lock is gone
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
