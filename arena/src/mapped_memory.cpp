#include "mapped_memory.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <utility>

#include "current_device.hpp"

namespace daa::v0_1::detail {

namespace {

struct Driver {
  DriverFunction<decltype(cuDeviceGetAttribute)> attribute{"cuDeviceGetAttribute", 2000};
  DriverFunction<decltype(cuDeviceTotalMem)> total_memory{"cuDeviceTotalMem", 3020};
  DriverFunction<decltype(cuMemAddressReserve)> reserve{"cuMemAddressReserve", 10020};
  DriverFunction<decltype(cuMemAddressFree)> free{"cuMemAddressFree", 10020};
  DriverFunction<decltype(cuMemCreate)> create{"cuMemCreate", 10020};
  DriverFunction<decltype(cuMemRelease)> release{"cuMemRelease", 10020};
  DriverFunction<decltype(cuMemMap)> map{"cuMemMap", 10020};
  DriverFunction<decltype(cuMemUnmap)> unmap{"cuMemUnmap", 10020};
  DriverFunction<decltype(cuMemSetAccess)> set_access{"cuMemSetAccess", 10020};
};

Driver& driver() noexcept {
  static Driver functions;
  return functions;
}

constexpr CUmemLocation on_device(int device) noexcept {
  CUmemLocation location{};
  location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  location.id = device;
  return location;
}

}  // namespace

template <class Function, class... Arguments>
cudaError_t MappedMemory::call(Function& function, Arguments... arguments) noexcept {
  cudaError_t error = cudaErrorSymbolNotFound;  // every driver that supports this toolkit has them
  if (function.find(calls_)) {
    ++calls_;
    error = function(arguments...);
  }
  if (error != cudaSuccess) failed_call_ = function.name();
  return error;
}

cudaError_t MappedMemory::find_support(int device, bool& is_supported, std::size_t& calls) noexcept {
  if (!driver().attribute.find(calls)) return cudaErrorSymbolNotFound;
  int value = 0;
  ++calls;
  const cudaError_t error =
      driver().attribute(&value, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, device);
  is_supported = value != 0;
  return error;
}

MappedMemory::MappedMemory(int device, const Options& options)
    : device_(device), is_exportable_(options.exportable) {
  access_.push_back({on_device(device), CU_MEM_ACCESS_FLAGS_PROT_READWRITE});
  for (const int peer : options.peers) {
    access_.push_back({on_device(peer), CU_MEM_ACCESS_FLAGS_PROT_READWRITE});
  }
}

// Tries everything twice, as a failure may be that of the one call.
void MappedMemory::release() noexcept {
  for (int attempt = 0; attempt != 2 && base() != 0; ++attempt) {
    for (auto alias = aliases_.begin(); alias != aliases_.end();) static_cast<void>(remove_alias(alias++));
    if (shrink(0) != cudaSuccess || !aliases_.empty()) continue;
    if (call(driver().free, CUdeviceptr{base()}, range_.end - range_.begin) == cudaSuccess) range_ = {0, 0};
  }
}

void MappedMemory::forget() noexcept {
  range_ = {0, 0};
  pages_.clear();
  aliases_.clear();
  unfinished_.reset();
}

std::size_t MappedMemory::count_up_to(std::size_t bytes) const noexcept {
  const auto behind = std::partition_point(pages_.begin(), pages_.end(),
                                           [&](const Page& page) { return page.place.end <= bytes; });
  return static_cast<std::size_t>(behind - pages_.begin());
}

std::size_t MappedMemory::pages_up_to(std::size_t bytes) const noexcept {
  const std::size_t count = count_up_to(bytes);
  return count == 0 ? 0 : pages_[count - 1].place.end;
}

std::size_t MappedMemory::pages_for(std::size_t bytes) const noexcept {
  const std::size_t count = count_up_to(bytes), below = pages_up_to(bytes);
  return below == bytes || count == pages_.size() ? below : pages_[count].place.end;
}

cudaError_t MappedMemory::reserve(std::size_t bytes, Range& addresses) noexcept {
  CUdeviceptr begin = 0;
  const cudaError_t error = call(driver().reserve, &begin, bytes, granule, CUdeviceptr{0}, 0ull);
  if (error == cudaSuccess) addresses = {begin, begin + bytes};
  return error;
}

// No page can lie behind the size of the device's memory.
cudaError_t MappedMemory::grow(std::size_t bytes, std::size_t page) {
  const std::size_t before = this->bytes();
  pages_.reserve(pages_.size() + bytes / page + 1);
  if (base() == 0) {
    std::size_t total = 0;
    cudaError_t error = call(driver().total_memory, &total, device_);
    if (error == cudaSuccess && is_exportable_) {
      error = call(driver().attribute, &has_rdma_,
                   CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED, device_);
    }
    if (error == cudaSuccess) error = reserve((total + granule - 1) / granule * granule, range_);
    if (error != cudaSuccess) return error;
  }
  if (bytes > range_.end - range_.begin - before) {
    failed_call_ = driver().create.name();
    return cudaErrorMemoryAllocation;
  }
  cudaError_t error = drop_unfinished();
  while (error == cudaSuccess && this->bytes() != before + bytes) {
    error = add_page(std::min(page, before + bytes - this->bytes()));
  }
  if (error != cudaSuccess) {
    const char* const failed = failed_call_;
    static_cast<void>(shrink(before));
    failed_call_ = failed;
  }
  return error;
}

cudaError_t MappedMemory::add_page(std::size_t bytes) noexcept {
  CUmemAllocationProp wanted{};
  wanted.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  wanted.location = on_device(device_);
  if (is_exportable_) {
    wanted.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
    wanted.allocFlags.gpuDirectRDMACapable = has_rdma_ != 0;
  }
  CUmemGenericAllocationHandle handle = 0;
  cudaError_t error = call(driver().create, &handle, bytes, &wanted, 0ull);
  if (error != cudaSuccess) return error;
  const std::size_t begin = this->bytes();
  unfinished_ = Page{{begin, begin + bytes}, handle, false};
  error = call(driver().map, CUdeviceptr{base() + begin}, bytes, std::size_t{0}, handle, 0ull);
  if (error != cudaSuccess) return error;
  unfinished_->is_mapped = true;
  error = allow_access(base() + begin, bytes);
  if (error != cudaSuccess) return error;
  pages_.push_back(*unfinished_);
  unfinished_.reset();
  return cudaSuccess;
}

cudaError_t MappedMemory::allow_access(CUdeviceptr address, std::size_t bytes) noexcept {
  return call(driver().set_access, address, bytes, access_.data(), access_.size());
}

cudaError_t MappedMemory::drop_unfinished() noexcept {
  if (!unfinished_) return cudaSuccess;
  if (unfinished_->is_mapped) {
    const Range place = unfinished_->place;
    const cudaError_t error =
        call(driver().unmap, CUdeviceptr{base() + place.begin}, place.end - place.begin);
    if (error != cudaSuccess) return error;
    unfinished_->is_mapped = false;
  }
  const cudaError_t error = call(driver().release, unfinished_->handle);
  if (error == cudaSuccess) unfinished_.reset();
  return error;
}

cudaError_t MappedMemory::shrink(std::size_t bytes) noexcept {
  cudaError_t error = drop_unfinished();
  while (error == cudaSuccess && this->bytes() > bytes) {
    unfinished_ = pages_.back();
    pages_.pop_back();
    error = drop_unfinished();
  }
  return error;
}

std::vector<Range> MappedMemory::pages_in(const std::vector<Range>& ranges) const {
  std::vector<Range> found;
  auto range = ranges.begin();
  for (const Page& page : pages_) {
    while (range != ranges.end() && range->end < page.place.end) ++range;
    if (range == ranges.end()) break;
    if (range->begin <= page.place.begin) found.push_back(page.place);
  }
  return found;
}

cudaError_t MappedMemory::add_alias(const std::vector<Range>& places) {
  std::size_t bytes = 0;
  for (const Range& place : places) bytes += place.end - place.begin;
  Alias& alias = aliases_.emplace_back();
  alias.pages.reserve(places.size());
  cudaError_t error = reserve(bytes, alias.addresses);
  CUdeviceptr address = alias.addresses.begin;
  for (const Range& place : places) {
    if (error != cudaSuccess) return error;
    const auto is_before = [](const Page& page, std::size_t begin) { return page.place.begin < begin; };
    const auto page = std::lower_bound(pages_.begin(), pages_.end(), place.begin, is_before);
    const std::size_t size = place.end - place.begin;
    error = call(driver().map, address, size, std::size_t{0}, page->handle, 0ull);
    if (error == cudaSuccess) alias.pages.push_back(place);
    address += size;
  }
  if (error == cudaSuccess) error = allow_access(alias.addresses.begin, bytes);
  if (error == cudaSuccess) alias.use = Alias::Use::now;
  return error;
}

cudaError_t MappedMemory::remove_alias(std::list<Alias>::iterator alias) noexcept {
  if (alias->addresses.begin != 0) {
    CUdeviceptr end = alias->addresses.begin;
    for (const Range& place : alias->pages) end += place.end - place.begin;
    while (!alias->pages.empty()) {
      const std::size_t size = alias->pages.back().end - alias->pages.back().begin;
      const cudaError_t error = call(driver().unmap, end - size, size);
      if (error != cudaSuccess) return error;
      end -= size;
      alias->pages.pop_back();
    }
    const cudaError_t error = call(driver().free, CUdeviceptr{alias->addresses.begin},
                                   alias->addresses.end - alias->addresses.begin);
    if (error != cudaSuccess) return error;
  }
  aliases_.erase(alias);
  return cudaSuccess;
}

// A capture in global mode, of any thread, forbids cudaEventQuery to threads in that mode.
cudaError_t query(cudaEvent_t event, int device, std::size_t& calls) noexcept {
  const CurrentDevice current{device, calls};
  if (current.error() != cudaSuccess) return current.error();
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  calls += 3;
  const cudaError_t exchanged = taken(cudaThreadExchangeStreamCaptureMode(&mode));
  if (exchanged != cudaSuccess) return exchanged;
  const cudaError_t result = taken(cudaEventQuery(event));
  static_cast<void>(taken(cudaThreadExchangeStreamCaptureMode(&mode)));
  return result;
}

namespace {

// Never destroyed: the driver may be gone before the process's static objects.
struct Retired {
  struct Entry {
    std::unique_ptr<MappedMemory> memory;
    cudaEvent_t event;
  };
  std::mutex mutex;
  std::vector<Entry> entries;
  std::atomic<bool> is_empty = true;
};

Retired& retired() {
  static Retired& list = *new Retired;
  return list;
}

void destroy(cudaEvent_t event, int device, std::size_t& calls) noexcept {
  const CurrentDevice current{device, calls};
  ++calls;
  static_cast<void>(taken(cudaEventDestroy(event)));
}

}  // namespace

void retire(std::unique_ptr<MappedMemory> memory, cudaEvent_t event) noexcept {
  try {
    Retired& list = retired();
    const std::lock_guard lock(list.mutex);
    list.entries.reserve(list.entries.size() + 1);
    list.entries.push_back({std::move(memory), event});
    list.is_empty = false;
  } catch (const std::exception&) {  // the host is out of memory
    memory->forget();
  }
}

// Unmaps outside of the lock, which protects nothing but the list.
bool release_retired(std::size_t& calls) noexcept {
  std::vector<Retired::Entry> passed;
  try {
    Retired& list = retired();
    if (list.is_empty) return false;
    const std::lock_guard lock(list.mutex);
    passed.reserve(list.entries.size());
    for (std::size_t i = list.entries.size(); i-- != 0;) {
      Retired::Entry& entry = list.entries[i];
      const cudaError_t error = query(entry.event, entry.memory->device(), calls);
      if (error != cudaSuccess && error != cudaErrorInvalidResourceHandle) continue;
      if (error != cudaSuccess) entry.memory->forget();  // the device was reset: everything is gone
      passed.push_back(std::move(entry));
      if (i + 1 != list.entries.size()) entry = std::move(list.entries.back());
      list.entries.pop_back();
    }
    list.is_empty = list.entries.empty();
  } catch (const std::exception&) {
    return false;
  }
  for (Retired::Entry& entry : passed) {
    if (entry.memory->base() != 0) destroy(entry.event, entry.memory->device(), calls);
    const std::size_t before = entry.memory->calls();
    entry.memory->release();
    calls += entry.memory->calls() - before;
  }
  return !passed.empty();
}

}  // namespace daa::v0_1::detail
