// Memory of a device at consecutive addresses, which grows at its end: the driver's virtual memory management
// (CUDA C++ Programming Guide, "Virtual Memory Management").
//
// A *page* is memory that one call takes from the device, and has a place in the range. It may be mapped a
// second time, at an *alias*: pages that are apart in the range are side by side there.
//
// No call waits for the device, and all are legal while streams are captured. Memory must not be unmapped
// while work on the device may use it.
#pragma once

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "free_ranges.hpp"

namespace daa::v0_1::detail {

class MappedMemory {
 public:
  /// All sizes are multiples of it: the granularity of device memory on current GPUs.
  static constexpr std::size_t granule = std::size_t{2} << 20;

  struct Options {
    bool exportable;         // as POSIX file descriptors
    std::vector<int> peers;  // other devices that have access
  };

  /// Whether the device has virtual memory management, or the error of asking.
  [[nodiscard]] static cudaError_t find_support(int device, bool& is_supported, std::size_t& calls) noexcept;

  /// Makes no call. Throws std::bad_alloc.
  MappedMemory(int device, const Options& options);
  ~MappedMemory() { release(); }
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;

  /// Unmaps and releases everything, aliases too; what the driver fails to release is lost.
  void release() noexcept;
  /// Leaves everything to the end of the process: nothing is mapped then, as far as this object knows.
  void forget() noexcept;

  [[nodiscard]] int device() const noexcept { return device_; }
  /// Where the range begins; 0 before anything was mapped.
  [[nodiscard]] std::uintptr_t base() const noexcept { return range_.begin; }
  /// How far it is mapped.
  [[nodiscard]] std::size_t bytes() const noexcept { return pages_.empty() ? 0 : pages_.back().place.end; }
  /// What is taken from the device: the same, and a page that could not be released.
  [[nodiscard]] std::size_t held() const noexcept {
    return bytes() + (unfinished_ ? unfinished_->place.end - unfinished_->place.begin : 0);
  }
  /// Releases such a page, which no work uses.
  [[nodiscard]] cudaError_t drop_unfinished() noexcept;
  /// The end of the last page that ends at `bytes` or before; 0 if there is none.
  [[nodiscard]] std::size_t pages_up_to(std::size_t bytes) const noexcept;
  /// The end of the first page that ends at `bytes` or behind; 0 for 0.
  [[nodiscard]] std::size_t pages_for(std::size_t bytes) const noexcept;
  /// How many pages end at `bytes` or before.
  [[nodiscard]] std::size_t count_up_to(std::size_t bytes) const noexcept;

  /// Maps `bytes` more, in pages of `page` bytes and one of the rest. On failure nothing is mapped more.
  [[nodiscard]] cudaError_t grow(std::size_t bytes, std::size_t page);
  /// Unmaps all pages from `bytes` on. On failure some of them are left.
  cudaError_t shrink(std::size_t bytes) noexcept;

  /// The places of the pages that lie wholly in one of `ranges`, both in ascending order. Throws
  /// std::bad_alloc.
  [[nodiscard]] std::vector<Range> pages_in(const std::vector<Range>& ranges) const;

  /// Pages that are mapped a second time, side by side.
  struct Alias {
    enum class Use { now, until_marked, until_passed };

    Range addresses{0, 0};
    std::vector<Range> pages = {};  // their places
    Use use = Use::until_marked;    // the user's: until when work may use it
  };
  [[nodiscard]] std::list<Alias>& aliases() noexcept { return aliases_; }
  /// Adds an alias of pages, which pages_in() has found. On failure it is not usable, and what has become of
  /// it is among aliases(). Throws std::bad_alloc.
  [[nodiscard]] cudaError_t add_alias(const std::vector<Range>& places);
  /// Unmaps an alias. On failure a part of it is left.
  cudaError_t remove_alias(std::list<Alias>::iterator alias) noexcept;

  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
  /// The function that failed last.
  [[nodiscard]] const char* failed_call() const noexcept { return failed_call_; }

 private:
  struct Page {
    Range place;
    CUmemGenericAllocationHandle handle;
    bool is_mapped = false;
  };

  template <class Function, class... Arguments>
  cudaError_t call(Function& function, Arguments... arguments) noexcept;
  [[nodiscard]] cudaError_t reserve(std::size_t bytes, Range& addresses) noexcept;
  [[nodiscard]] cudaError_t add_page(std::size_t bytes) noexcept;
  [[nodiscard]] cudaError_t allow_access(CUdeviceptr address, std::size_t bytes) noexcept;

  int device_;
  bool is_exportable_;
  int has_rdma_ = 0;  // of the device, if exportable: network devices can access such memory
  std::vector<CUmemAccessDesc> access_;
  Range range_{0, 0};  // addresses
  std::list<Alias> aliases_;
  std::vector<Page> pages_;         // usable ones, in the order of their places
  std::optional<Page> unfinished_;  // on its way to or from pages_, if a call has failed
  std::size_t calls_ = 0;
  const char* failed_call_ = "";
};

/// cudaSuccess once `device` has passed the event, which is of that device; cudaErrorNotReady before. Legal
/// during any capture. Adds the calls made to `calls`.
[[nodiscard]] cudaError_t query(cudaEvent_t event, int device, std::size_t& calls) noexcept;

/// Keeps memory, which work before `event` may still use, until a later release_retired() finds the event
/// passed. Both become the list's, which is the process's; what is there at its end is left to the driver.
void retire(std::unique_ptr<MappedMemory> memory, cudaEvent_t event) noexcept;
/// Releases what of it has passed. Returns whether there was any. Adds the calls made to `calls`.
bool release_retired(std::size_t& calls) noexcept;

}  // namespace daa::v0_1::detail
