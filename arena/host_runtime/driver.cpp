// Functions of the driver API, for programs that look them up by name through the runtime. To add one, add a
// function, a line of the table and its name in call_log.hpp.
#include <algorithm>
#include <string>
#include <string_view>

#include "api.hpp"
#include "errors.hpp"
#include "memory.hpp"
#include "runtime.hpp"
#include "virtual_memory.hpp"

using namespace daa::host_runtime;

namespace {

static_assert(int{CUDA_ERROR_OUT_OF_MEMORY} == int{cudaErrorMemoryAllocation});
static_assert(int{CUDA_ERROR_DEINITIALIZED} == int{cudaErrorCudartUnloading});
static_assert(int{CUDA_ERROR_INVALID_CONTEXT} == int{cudaErrorDeviceUninitialized});

constexpr cudaError_t invalid_context = cudaErrorDeviceUninitialized;

// Never null: null means no context.
CUcontext context_of(int device) {
  return handle_of<CUcontext>(static_cast<std::uint64_t>(device) + 1);
}

// The device with this primary context, if it is active; null if there is none.
const Device* device_of(CUcontext context) {
  for (const auto& device : runtime().devices) {
    if (context_of(device->ordinal) == context && device->has_context()) return device.get();
  }
  return nullptr;
}

void report_lost_memory(Device& device) {
  for (const auto& [address, allocation] : runtime().owned) {
    if (!allocation->pool || allocation->pool->device != device.ordinal) continue;
    report_violation("memory never freed when the context of its device was destroyed: " +
                     describe(allocation->origin));
  }
  discard_memory(device);
}

CUresult primary_state(CUdevice device, unsigned int* flags, int* active) {
  return driver_api("cuDevicePrimaryCtxGetState", [&] {
    if (flags == nullptr || active == nullptr) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    *active = runtime().visible_device(device).has_context() ? 1 : 0;
    *flags = 0;
    return cudaSuccess;
  });
}

CUresult retain_primary(CUcontext* context, CUdevice device) {
  return driver_api("cuDevicePrimaryCtxRetain", [&] {
    if (context == nullptr) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    ++runtime().visible_device(device).context_retains;
    *context = context_of(device);
    return cudaSuccess;
  });
}

CUresult release_primary(CUdevice device) {
  return driver_api("cuDevicePrimaryCtxRelease", [&] {
    const Lock lock(runtime().mutex);
    Device& of = runtime().visible_device(device);
    if (of.context_retains == 0) return invalid_context;
    --of.context_retains;
    if (!of.has_context()) report_lost_memory(of);
    return cudaSuccess;
  });
}

CUresult get_current(CUcontext* context) {
  return driver_api("cuCtxGetCurrent", [&] {
    if (context == nullptr) return cudaErrorInvalidValue;
    const auto current = current_context();
    *context = current ? context_of(*current) : nullptr;
    return cudaSuccess;
  });
}

CUresult push_current(CUcontext context) {
  return driver_api("cuCtxPushCurrent", [&] {
    const Lock lock(runtime().mutex);
    const Device* const device = device_of(context);
    if (device == nullptr) return invalid_context;
    return push_context(device->ordinal) ? cudaSuccess : cudaErrorMemoryAllocation;
  });
}

CUresult pop_current(CUcontext* context) {
  return driver_api("cuCtxPopCurrent", [&] {
    const auto popped = pop_context();
    if (!popped) return invalid_context;
    if (context != nullptr) *context = context_of(*popped);
    return cudaSuccess;
  });
}

CUresult device_attribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  return driver_api("cuDeviceGetAttribute", [&] {
    if (value == nullptr || attribute < 1 || attribute >= CU_DEVICE_ATTRIBUTE_MAX) {
      return cudaErrorInvalidValue;
    }
    const Lock lock(runtime().mutex);
    static_cast<void>(runtime().visible_device(device));
    *value = attribute_value(attribute);
    return cudaSuccess;
  });
}

CUresult total_memory(size_t* bytes, CUdevice device) {
  return driver_api("cuDeviceTotalMem", [&] {
    if (bytes == nullptr) return cudaErrorInvalidValue;
    const Lock lock(runtime().mutex);
    *bytes = runtime().visible_device(device).memory_limit;
    return cudaSuccess;
  });
}

struct DriverFunction {
  std::string_view name;
  unsigned int since;  // the CUDA version that declared it with this signature
  void* address;
};

template <class F>
void* address_of(F* function) {
  return reinterpret_cast<void*>(function);
}

const DriverFunction* find(std::string_view name) {
  static const DriverFunction functions[]{
      {"cuDevicePrimaryCtxGetState", 7000, address_of(primary_state)},
      {"cuDevicePrimaryCtxRetain", 7000, address_of(retain_primary)},
      {"cuDevicePrimaryCtxRelease", 11000, address_of(release_primary)},
      {"cuCtxGetCurrent", 4000, address_of(get_current)},
      {"cuCtxPushCurrent", 4000, address_of(push_current)},
      {"cuCtxPopCurrent", 4000, address_of(pop_current)},
      {"cuDeviceGetAttribute", 2000, address_of(device_attribute)},
      {"cuDeviceTotalMem", 3020, address_of(total_memory)},
      {"cuMemGetAllocationGranularity", 10020, address_of(allocation_granularity)},
      {"cuMemAddressReserve", 10020, address_of(reserve_addresses)},
      {"cuMemAddressFree", 10020, address_of(free_addresses)},
      {"cuMemCreate", 10020, address_of(create_memory)},
      {"cuMemRelease", 10020, address_of(release_memory)},
      {"cuMemMap", 10020, address_of(map_memory)},
      {"cuMemUnmap", 10020, address_of(unmap_memory)},
      {"cuMemSetAccess", 10020, address_of(set_access)},
  };
  const auto* const found = std::ranges::find(functions, name, &DriverFunction::name);
  return found == std::end(functions) ? nullptr : found;
}

}  // namespace

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned int version,
                                             unsigned long long flags,
                                             cudaDriverEntryPointQueryResult* status) {
  return api("cudaGetDriverEntryPointByVersion", asked(), [&](Call&) {
    if (symbol == nullptr || function == nullptr || flags > cudaEnablePerThreadDefaultStream) {
      return cudaErrorInvalidValue;
    }
    const DriverFunction* const found = find(symbol);
    const bool is_too_new = found != nullptr && found->since > version;
    *function = found == nullptr || is_too_new ? nullptr : found->address;
    if (status != nullptr) {
      *status = found == nullptr ? cudaDriverEntryPointSymbolNotFound
                : is_too_new     ? cudaDriverEntryPointVersionNotSufficent
                                 : cudaDriverEntryPointSuccess;
    }
    return cudaSuccess;
  });
}
