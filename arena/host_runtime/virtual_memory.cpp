#include "virtual_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>
#include <map>
#include <new>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api.hpp"
#include "errors.hpp"
#include "memory.hpp"

namespace daa::host_runtime {
namespace {

void* pointer_to(std::uintptr_t address) {
  return reinterpret_cast<void*>(address);
}

// Maps at `range`, or anywhere if its address is null, and returns the address.
std::uintptr_t map(Range range, int protection, int flags, int file) {
  void* const begin = mmap(pointer_to(range.begin), range.bytes(), protection, flags, file, 0);
  if (begin == MAP_FAILED) throw std::bad_alloc();
  return reinterpret_cast<std::uintptr_t>(begin);
}

std::uintptr_t map_nothing(Range range, int flags) {
  return map(range, PROT_NONE, flags | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

// Whether it is a positive number of granules.
bool is_granular(std::size_t bytes) {
  return bytes != 0 && bytes % Segment::granule == 0;
}

// The reservation that contains the address; null if there is none.
const Reservation* reservation_of(std::uintptr_t address) {
  const auto& all = runtime().reservations;
  const auto next = all.upper_bound(address);
  if (next == all.begin()) return nullptr;
  const Reservation* const found = std::prev(next)->second.get();
  return address < found->range().end ? found : nullptr;
}

// The range, which must be whole granules of one reservation; throws ApiError if it is not.
Range reserved(CUdeviceptr address, std::size_t bytes) {
  const Reservation* const around = reservation_of(address);
  if (around == nullptr || address % Segment::granule != 0 || !is_granular(bytes) ||
      bytes > around->range().end - address) {
    throw ApiError{cudaErrorInvalidValue};
  }
  return {address, address + bytes};
}

bool has_mappings(Range range) {
  const auto& all = runtime().mappings;
  const auto next = all.lower_bound(range.end);
  return next != all.begin() && std::prev(next)->second->range.end > range.begin;
}

// The mappings that together are `range`; throws ApiError if a part is not mapped or not whole.
auto whole_mappings(Range range) {
  auto& all = runtime().mappings;
  const std::ranges::subrange found{all.lower_bound(range.begin), all.lower_bound(range.end)};
  std::uintptr_t end = range.begin;
  for (const auto& [begin, mapping] : found) {
    if (begin == end) end = mapping->range.end;
  }
  if (end != range.end) throw ApiError{cudaErrorInvalidValue};
  return found;
}

// Removes the reference to the memory, and returns the memory if that was the last one; null if not.
std::shared_ptr<DeviceMemory> drop(std::shared_ptr<DeviceMemory>& reference) {
  auto memory = std::exchange(reference, nullptr);
  if (memory.use_count() != 1) return nullptr;
  runtime().device(memory->device).mapped_bytes -= memory->bytes;
  return memory;
}

// With the lock: throws ApiError unless the host runtime has such memory.
void refuse_unsupported(const CUmemAllocationProp* wanted) {
  if (wanted == nullptr || wanted->type != CU_MEM_ALLOCATION_TYPE_PINNED ||
      wanted->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
      (wanted->requestedHandleTypes != CU_MEM_HANDLE_TYPE_NONE &&
       wanted->requestedHandleTypes != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)) {
    throw ApiError{cudaErrorInvalidValue};
  }
  static_cast<void>(runtime().visible_device(wanted->location.id));
}

// With the lock: throws ApiError unless the host runtime has such access.
void refuse_unsupported(const CUmemAccessDesc& wanted) {
  if (wanted.location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
      (wanted.flags != CU_MEM_ACCESS_FLAGS_PROT_NONE && wanted.flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)) {
    throw ApiError{cudaErrorInvalidValue};
  }
  static_cast<void>(runtime().visible_device(wanted.location.id));
}

}  // namespace

Reservation::Reservation(std::size_t bytes, std::size_t alignment) {
  const std::uintptr_t mapped = map_nothing({0, bytes + alignment}, 0);
  const std::uintptr_t begin = round_up(mapped, alignment);
  range_ = {begin, begin + bytes};
  if (begin != mapped) munmap(pointer_to(mapped), begin - mapped);
  munmap(pointer_to(range_.end), mapped + alignment - begin);
}

Reservation::~Reservation() {
  munmap(pointer_to(range_.begin), range_.bytes());
}

DeviceMemory::DeviceMemory(int its_device, std::size_t its_bytes)
    : device(its_device), bytes(its_bytes), file_(memfd_create("device memory", MFD_CLOEXEC)) {
  if (file_ >= 0 && ftruncate(file_, static_cast<off_t>(bytes)) == 0) return;
  close(file_);
  throw std::bad_alloc();
}

DeviceMemory::~DeviceMemory() {
  close(file_);
}

void DeviceMemory::paint_fresh() const {
  const std::uintptr_t begin = map({0, bytes}, PROT_READ | PROT_WRITE, MAP_SHARED, file_);
  paint({begin, begin + bytes}, fresh_pattern);
  munmap(pointer_to(begin), bytes);
}

void DeviceMemory::map_at(Range range) const {
  map(range, PROT_NONE, MAP_SHARED | MAP_FIXED, file_);
}

bool is_accessible(const Access& access, int device) {
  const auto& all = runtime().mappings;
  const auto begin = reinterpret_cast<std::uintptr_t>(access.pointer);
  const Reservation* const around = reservation_of(begin);
  if (around == nullptr || access.bytes > around->range().end - begin) return false;
  std::uintptr_t reached = begin;
  do {
    const auto next = all.upper_bound(reached);
    if (next == all.begin()) return false;
    const Mapping& mapping = *std::prev(next)->second;
    if (mapping.range.end <= reached || mapping.devices.count(device) == 0) return false;
    reached = mapping.range.end;
  } while (reached < begin + access.bytes);
  return true;
}

bool is_reserved(const void* pointer) {
  return reservation_of(reinterpret_cast<std::uintptr_t>(pointer)) != nullptr;
}

void discard_memory(Device& device) {
  Runtime& rt = runtime();
  std::set<std::shared_ptr<DeviceMemory>> lost;
  std::erase_if(rt.mappings, [&](const auto& entry) {
    if (entry.second->memory->device != device.ordinal) return false;
    map_nothing(entry.second->range, MAP_FIXED);
    lost.insert(entry.second->memory);
    return true;
  });
  std::erase_if(rt.device_memories, [&](const auto& entry) {
    if (entry.second->device != device.ordinal) return false;
    lost.insert(entry.second);
    return true;
  });
  for (const auto& memory : lost) {
    device.mapped_bytes -= memory->bytes;
    report_violation("memory never released when the context of its device was destroyed: " +
                     std::to_string(memory->bytes) + " bytes (cuMemCreate)");
  }
}

CUresult allocation_granularity(size_t* granularity, const CUmemAllocationProp* properties,
                                CUmemAllocationGranularity_flags option) {
  return driver_api("cuMemGetAllocationGranularity", [&] {
    if (granularity == nullptr ||
        (option != CU_MEM_ALLOC_GRANULARITY_MINIMUM && option != CU_MEM_ALLOC_GRANULARITY_RECOMMENDED)) {
      return cudaErrorInvalidValue;
    }
    const Lock lock(runtime().mutex);
    refuse_unsupported(properties);
    *granularity = Segment::granule;
    return cudaSuccess;
  });
}

// The hint where to reserve is not taken.
CUresult reserve_addresses(CUdeviceptr* pointer, size_t bytes, size_t alignment, CUdeviceptr,
                           unsigned long long flags) {
  return driver_api("cuMemAddressReserve", asked(nullptr, bytes), [&](Call& call) {
    if (alignment == 0) alignment = Segment::granule;
    if (pointer == nullptr || flags != 0 || !is_granular(bytes) || !is_granular(alignment) ||
        !std::has_single_bit(alignment)) {
      return cudaErrorInvalidValue;
    }
    if (bytes > std::numeric_limits<std::size_t>::max() / 2) return cudaErrorMemoryAllocation;
    auto reservation = std::make_shared<Reservation>(bytes, alignment);
    const std::uintptr_t begin = reservation->range().begin;
    const Lock lock(runtime().mutex);
    runtime().reservations.emplace(begin, std::move(reservation));
    *pointer = begin;
    call.pointer = pointer_to(begin);
    return cudaSuccess;
  });
}

CUresult free_addresses(CUdeviceptr pointer, size_t bytes) {
  return driver_api("cuMemAddressFree", asked(nullptr, bytes, pointer_to(pointer)), [&](Call&) {
    Runtime& rt = runtime();
    const Lock lock(rt.mutex);
    const auto found = rt.reservations.find(pointer);
    if (found == rt.reservations.end()) return cudaErrorInvalidValue;
    const Range range = found->second->range();
    if (range.bytes() != bytes || has_mappings(range)) return cudaErrorInvalidValue;
    rt.reservations.erase(found);
    return cudaSuccess;
  });
}

CUresult create_memory(CUmemGenericAllocationHandle* handle, size_t bytes,
                       const CUmemAllocationProp* properties, unsigned long long flags) {
  return driver_api("cuMemCreate", asked(nullptr, bytes), [&](Call&) {
    Runtime& rt = runtime();
    {
      const Lock lock(rt.mutex);
      refuse_unsupported(properties);
      if (handle == nullptr || flags != 0 || !is_granular(bytes)) return cudaErrorInvalidValue;
      if (bytes > rt.device(properties->location.id).memory_limit) return cudaErrorMemoryAllocation;
    }
    auto memory = std::make_shared<DeviceMemory>(properties->location.id, bytes);
    memory->paint_fresh();
    const Lock lock(rt.mutex);
    Device& device = rt.device(memory->device);
    const auto fits = [&] { return device.mapped_bytes + bytes <= device.memory_limit; };
    if (!fits()) release_idle(device, Release::everything).clear();
    if (!fits()) return cudaErrorMemoryAllocation;
    const auto number = rt.next_number();
    rt.device_memories.emplace(number, std::move(memory));
    device.mapped_bytes += bytes;
    *handle = number;
    return cudaSuccess;
  });
}

CUresult release_memory(CUmemGenericAllocationHandle handle) {
  return driver_api("cuMemRelease", [&] {
    Runtime& rt = runtime();
    std::shared_ptr<DeviceMemory> freed;  // after the lock is released
    const Lock lock(rt.mutex);
    const auto found = rt.device_memories.find(handle);
    if (found == rt.device_memories.end()) return cudaErrorInvalidValue;
    freed = drop(found->second);
    rt.device_memories.erase(found);
    return cudaSuccess;
  });
}

CUresult map_memory(CUdeviceptr pointer, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle,
                    unsigned long long flags) {
  return driver_api("cuMemMap", asked(nullptr, bytes, pointer_to(pointer)), [&](Call&) {
    Runtime& rt = runtime();
    const Lock lock(rt.mutex);
    const auto found = rt.device_memories.find(handle);
    if (found == rt.device_memories.end() || flags != 0) return cudaErrorInvalidValue;
    if (offset != 0 || bytes != found->second->bytes) return cudaErrorNotSupported;
    const Range range = reserved(pointer, bytes);
    if (has_mappings(range)) return cudaErrorInvalidValue;
    auto mapping = std::make_shared<Mapping>(Mapping{range, found->second, {}});
    found->second->map_at(range);
    rt.mappings.emplace(range.begin, std::move(mapping));
    return cudaSuccess;
  });
}

CUresult unmap_memory(CUdeviceptr pointer, size_t bytes) {
  return driver_api("cuMemUnmap", asked(nullptr, bytes, pointer_to(pointer)), [&](Call&) {
    Runtime& rt = runtime();
    std::vector<std::shared_ptr<DeviceMemory>> freed;  // after the lock is released
    const Lock lock(rt.mutex);
    const auto found = whole_mappings(reserved(pointer, bytes));
    freed.reserve(static_cast<std::size_t>(std::ranges::distance(found)));
    map_nothing({pointer, pointer + bytes}, MAP_FIXED);
    for (const auto& [begin, mapping] : found) freed.push_back(drop(mapping->memory));
    rt.mappings.erase(found.begin(), found.end());
    return cudaSuccess;
  });
}

CUresult set_access(CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc* accesses, size_t count) {
  return driver_api("cuMemSetAccess", asked(nullptr, bytes, pointer_to(pointer)), [&](Call&) {
    const Lock lock(runtime().mutex);
    if (accesses == nullptr || count == 0) return cudaErrorInvalidValue;
    const std::span wanted{accesses, count};
    for (const CUmemAccessDesc& each : wanted) refuse_unsupported(each);
    for (const auto& [begin, mapping] : whole_mappings(reserved(pointer, bytes))) {
      for (const auto& [location, access] : wanted) {
        if (access == CU_MEM_ACCESS_FLAGS_PROT_NONE) {
          mapping->devices.erase(location.id);
        } else {
          mapping->devices.insert(location.id);
        }
      }
      const int protection = mapping->devices.empty() ? PROT_NONE : PROT_READ | PROT_WRITE;
      if (mprotect(pointer_to(begin), mapping->range.bytes(), protection) != 0) throw std::bad_alloc();
    }
    return cudaSuccess;
  });
}

}  // namespace daa::host_runtime
