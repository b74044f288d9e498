// Where an arena's memory comes from: the slow path behind alloc_bytes(), one class a Backing.
//
// The arena keeps the bump pointer; a store keeps the blocks behind it and moves the pointer when it adds or
// drops one. A *block* is one allocation from the pool. Its `used` bytes belong to allocations of the phase;
// a block with nothing used is nobody's and may be freed at any time, also when an earlier attempt to free it
// failed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "daa/device_async_arena.hpp"
#include "stream_ordered_memory.hpp"

namespace daa::detail {

struct Block {
  void* pointer;
  std::size_t bytes;
  std::size_t used;
};

/// Each public function gives the guarantee that device_async_arena.hpp states of the member of the same
/// name.
class BackingStore {
 public:
  explicit BackingStore(StreamOrderedMemory memory) : memory_(memory) {}
  virtual ~BackingStore();
  BackingStore(const BackingStore&) = delete;
  BackingStore& operator=(const BackingStore&) = delete;

  /// What the inline path could not serve: `bytes` is not 0 and `alignment` a power of two.
  [[nodiscard]] virtual void* allocate(Bump& bump, std::size_t bytes, std::size_t alignment) = 0;
  virtual void reset(Bump& bump) = 0;
  virtual void reserve(Bump& bump, std::size_t bytes) = 0;
  virtual void trim(Bump& bump) = 0;

  [[nodiscard]] ArenaStats stats(const Bump& bump) const noexcept;

 protected:
  [[nodiscard]] virtual std::size_t bytes_in_use(const Bump& bump) const noexcept = 0;

  /// Adds a block of `preferred` bytes or, where the pool has not that much, of `least`, for which blocks
  /// with nothing used are freed first if need be. Throws for an allocation of `asked` bytes; then nothing
  /// but those is gone. 0 for `least` stands for a size that has overflowed.
  Block& take_block(const Bump& bump, std::size_t asked, std::size_t preferred, std::size_t least);

  /// Frees the blocks that `unwanted` holds for. One whose free fails stays, with nothing used.
  /// Returns the first error. The order of the others is kept.
  template <class Predicate>
  cudaError_t free_blocks(Predicate unwanted) noexcept;
  cudaError_t free_unused_blocks() noexcept;
  static void throw_failed_free(cudaError_t error);

  StreamOrderedMemory memory_;
  std::vector<Block> blocks_;
  std::size_t reserved_bytes_ = 0;    // of all blocks
  std::size_t high_water_bytes_ = 0;  // of the phases before this one
};

/// Bytes lost at most to an alignment that the pool does not give by itself: it aligns to min_alignment.
/// (CUDA C++ Programming Guide, "Device Memory Accesses".)
[[nodiscard]] constexpr std::size_t alignment_slack(std::size_t alignment) noexcept {
  return alignment > min_alignment ? alignment - min_alignment : 0;
}

/// `bytes` rounded up to min_alignment plus `slack`, or 0 if that overflows.
[[nodiscard]] constexpr std::size_t footprint(std::size_t bytes, std::size_t slack = 0) noexcept {
  const std::size_t rounded = round_up(bytes, min_alignment);
  return rounded < bytes || rounded + slack < rounded ? 0 : rounded + slack;
}

[[nodiscard]] std::unique_ptr<BackingStore> make_chunked_store(StreamOrderedMemory memory,
                                                               const ArenaOptions& options);
[[nodiscard]] std::unique_ptr<BackingStore> make_individual_store(StreamOrderedMemory memory);

template <class Predicate>
cudaError_t BackingStore::free_blocks(Predicate unwanted) noexcept {
  cudaError_t first_error = cudaSuccess;
  const auto freed = [&](Block& block) {
    if (!unwanted(block)) return false;
    block.used = 0;
    const cudaError_t error = memory_.free(block.pointer);
    if (first_error == cudaSuccess) first_error = error;
    if (error == cudaSuccess) reserved_bytes_ -= block.bytes;
    return error == cudaSuccess;
  };
  blocks_.erase(std::remove_if(blocks_.begin(), blocks_.end(), freed), blocks_.end());
  return first_error;
}

}  // namespace daa::detail
