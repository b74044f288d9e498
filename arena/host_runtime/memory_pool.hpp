// A memory pool: segments taken from the driver, cut into blocks.
//
// All of it happens when the host calls, so that an address is known at once. A free block has an owner: the
// stream in which it was freed, until that free has been done there, and nobody thereafter. A stream may
// take blocks of its own and of nobody, which stream order makes safe without waiting. Best fit among them;
// neighbours of one owner are one block. Only when nothing fits, other streams' frees are looked at again
// and nobody's blocks joined to the stream's own beside them. Among equals the oldest segment is preferred,
// and released first. So with a single stream, what is taken from where depends on the calls alone: neither
// on how far the worker has come nor on where the system maps memory.
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
  bool reuse_follow_event_dependencies = true;    // kept, without effect
  bool reuse_allow_opportunistic = true;          // whether a stream may take what another's free has reached
  bool reuse_allow_internal_dependencies = true;  // kept, without effect
  bool destroyed = false;
  Watermark reserved;  // bytes of all segments
  Watermark used;      // bytes of blocks that are handed out

  /// The address of a block of `bytes`, a multiple of the unit, for use on `stream` (or, if null, at once);
  /// 0 if the pool has to grow first.
  [[nodiscard]] std::uintptr_t take(std::size_t bytes, const Stream* stream);
  /// Takes a block back that `freed` says when to be free of; without a stream, now.
  void give(std::uintptr_t address, StreamPoint freed);

  /// The frees that a device would have reached by now, and the worker of their stream has not.
  [[nodiscard]] std::vector<StreamPoint> due_frees() const;

  void add(std::shared_ptr<Segment> segment);
  /// Sees to the frees that have been done, and takes idle segments out as long as `keep` bytes stay.
  std::vector<std::shared_ptr<Segment>> release(std::size_t keep);

  /// The segment that holds `address`; null if none does.
  [[nodiscard]] std::shared_ptr<Segment> segment(std::uintptr_t address) const;

 private:
  struct Block {
    std::uint64_t segment;  // its number
    std::size_t bytes;
    bool is_used;
    StreamPoint freed;  // by whom; no stream: nobody's
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
  /// Gives the blocks whose frees have been reached to nobody, but for those of `except`.
  void settle(const Stream* except);
  /// Joins nobody's blocks to the neighbouring ones of `stream`.
  void join(const Stream& stream);
  /// Merges a free block with its neighbours of the same owner, or of nobody too; returns what it became.
  Blocks::iterator merge(Blocks::iterator block, bool with_nobody);
  void index(Blocks::iterator block);
  void unindex(Blocks::iterator block);

  std::uint64_t newest_segment_ = 0;
  std::map<std::uintptr_t, Mapping> segments_;
  Blocks blocks_;
  std::map<const Stream*, std::set<Fit>> free_;  // free blocks by owner
};

}  // namespace daa::host_runtime
