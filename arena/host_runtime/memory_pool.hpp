// A memory pool: segments mapped by the driver, divided into blocks.
//
// Blocks are allocated when the host calls, so the address is known at once. A free block has an owner: the
// stream that freed it until the free is executed there, and no one after that. A stream may take its own
// blocks and unowned ones, which stream order makes safe without waiting. The choice is best fit; adjacent
// blocks with the same owner are merged. Only if nothing fits, the frees of other streams are checked again
// and unowned blocks are merged with adjacent blocks of the stream. Of equal blocks the one in the oldest
// segment is preferred; the oldest segments are also released first. With a single stream, the result
// therefore depends only on the calls, and not on the progress of the worker or on the addresses of the
// mappings.
//
// All members are guarded by the runtime's lock.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "segment.hpp"
#include "stream.hpp"

namespace daa::host_runtime {

struct Watermark {
  std::size_t current = 0;
  std::size_t high = 0;

  void add(std::size_t bytes);
  void subtract(std::size_t bytes) { current -= bytes; }
};

class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  /// Sizes and addresses of blocks are multiples of this many bytes.
  static constexpr std::size_t unit = 512;

  MemoryPool(int device_ordinal, std::uint64_t unique_number)
      : device(device_ordinal), number(unique_number) {}

  const int device;
  const std::uint64_t number;
  std::size_t max_bytes = 0;  // no limit if 0
  std::uint64_t release_threshold = 0;
  bool reuse_follow_event_dependencies = true;    // stored, without effect
  bool reuse_allow_opportunistic = true;          // whether a stream may reuse another's executed frees
  bool reuse_allow_internal_dependencies = true;  // stored, without effect
  bool destroyed = false;
  Watermark reserved;  // bytes of all segments
  Watermark used;      // bytes of allocated blocks

  /// Allocates a block of `bytes`, a multiple of the unit, for use on `stream` (or, if null, at once), and
  /// returns its address; 0 if the pool has to grow first.
  [[nodiscard]] std::uintptr_t take(std::size_t bytes, const Stream* stream);
  /// Frees a block at the point `freed`; now, if that has no stream.
  void give(std::uintptr_t address, StreamPoint freed);

  /// The frees that a device would have reached by now, but that the worker of their stream has not executed.
  [[nodiscard]] std::vector<StreamPoint> due_frees() const;

  void add(std::shared_ptr<Segment> segment);
  /// Processes the frees that were executed, and removes idle segments as long as `keep` bytes stay.
  std::vector<std::shared_ptr<Segment>> release(std::size_t keep);

  /// The segment that holds `address`; null if none does.
  [[nodiscard]] std::shared_ptr<Segment> segment(std::uintptr_t address) const;

 private:
  struct Block {
    std::uint64_t segment;  // its number
    std::size_t bytes;
    bool is_used;
    StreamPoint freed;  // owner and time of the free; without a stream: unowned
  };
  using Blocks = std::map<std::uintptr_t, Block>;
  struct Mapping {
    std::uint64_t number;
    std::shared_ptr<Segment> segment;
  };
  struct Fit {
    std::size_t bytes;
    std::uint64_t segment;
    std::uintptr_t address;
    auto operator<=>(const Fit&) const = default;
  };

  [[nodiscard]] std::uintptr_t take_fitting(std::size_t bytes, const Stream* stream);
  /// Makes blocks whose frees were executed unowned, except those of `except`.
  void settle(const Stream* except);
  /// Merges unowned blocks with adjacent blocks of `stream`.
  void join(const Stream& stream);
  /// Merges a free block with its neighbours of the same owner, or also with unowned ones; returns the
  /// result.
  Blocks::iterator merge(Blocks::iterator block, bool with_unowned);
  void index(Blocks::iterator block);
  void unindex(Blocks::iterator block);

  std::uint64_t newest_segment_ = 0;
  std::map<std::uintptr_t, Mapping> segments_;
  Blocks blocks_;
  std::map<const Stream*, std::set<Fit>> free_;  // free blocks by owner
};

}  // namespace daa::host_runtime
