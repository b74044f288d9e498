// The driver's virtual memory management: addresses without memory, memory without addresses, and mappings of
// one to the other.
//
// A reservation is a range of addresses where the host cannot access anything. Memory of a device is an
// anonymous file, so that all its mappings share its bytes. A mapping has whole granules; it is accessible
// once access is set. The checks of copies, sets and launches treat accessible mappings as live memory. A
// program that unmaps memory while a task that has begun uses it crashes, as it faults on a device. Guarded
// by the runtime's lock.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <memory>
#include <set>

#include "daa/host_runtime.hpp"
#include "runtime.hpp"
#include "segment.hpp"

namespace daa::host_runtime {

/// A range of addresses of the program.
class Reservation {
 public:
  /// `bytes` in whole granules. `alignment` is a power of two. Throws std::bad_alloc.
  Reservation(std::size_t bytes, std::size_t alignment);
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  /// Unmaps everything in it.
  ~Reservation();

  [[nodiscard]] Range range() const { return range_; }

 private:
  Range range_;
};

/// Memory of a device, for as long as its handle or a mapping refers to it.
class DeviceMemory {
 public:
  /// Throws std::bad_alloc.
  DeviceMemory(int its_device, std::size_t its_bytes);
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory();

  const int device;
  const std::size_t bytes;

  /// Paints it as memory that nobody has written yet. Throws std::bad_alloc. Call it without the lock.
  void paint_fresh() const;
  /// Replaces what is mapped at `range` by the first bytes, inaccessible. Throws std::bad_alloc.
  void map_at(Range range) const;

 private:
  int file_;
};

struct Mapping {
  Range range;
  std::shared_ptr<DeviceMemory> memory;
  std::set<int> devices;  // that may access it
};

/// Whether `device` may access all of `access`, which may extend over several mappings.
[[nodiscard]] bool is_accessible(const Access& access, int device);
/// Whether `pointer` is in a reservation, mapped or not.
[[nodiscard]] bool is_reserved(const void* pointer);

/// Unmaps and frees all memory of `device`, and reports each piece as a violation.
void discard_memory(Device& device);

// --- functions of the driver API: cuMemGetAllocationGranularity, cuMemAddressReserve, ... ---
//
// None of them waits for a stream, needs a context, or is forbidden during a capture.

decltype(cuMemGetAllocationGranularity) allocation_granularity;
decltype(cuMemAddressReserve) reserve_addresses;
decltype(cuMemAddressFree) free_addresses;
decltype(cuMemCreate) create_memory;
decltype(cuMemRelease) release_memory;
decltype(cuMemMap) map_memory;
decltype(cuMemUnmap) unmap_memory;
decltype(cuMemSetAccess) set_access;

}  // namespace daa::host_runtime
