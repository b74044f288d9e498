// The state that an ArenaPool shares with its leases.
//
// Streams are distributed over *shards*, each with its own mutex, by their identity: threads that use
// different streams rarely contend, and then for a few dozen nanoseconds. Anything written by all threads at
// each lease, such as a reference count or a total, would cost more than the rest of the lease. Therefore
// each shard has its own counters, and the total of bytes changes only when an arena's size changes.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "daa/arena_pool.hpp"

namespace daa::v0_1::detail {

inline constexpr std::size_t cache_line = 64;

/// The identity of a stream: CUDA reuses handles, but never ids. It is not documented whether default streams
/// have different ids on each device and in each thread, so device and thread are part of the key.
struct StreamKey {
  unsigned long long id;
  int device;            ///< of a default stream; -1 for a created one, whose id implies it
  std::uint64_t thread;  ///< of cudaStreamPerThread; 0 for all others

  friend bool operator==(const StreamKey& a, const StreamKey& b) noexcept {
    return a.id == b.id && a.device == b.device && a.thread == b.thread;
  }
};

/// Hashes a key; the highest bits are well distributed. Ids tend to be consecutive or equally spaced, and the
/// golden ratio distributes those most evenly.
[[nodiscard]] inline std::uint64_t hash(const StreamKey& key) noexcept {
  return (key.id + 31ull * key.thread + static_cast<unsigned long long>(key.device + 1)) *
         0x9E3779B97F4A7C15u;
}

/// An arena of the pool. While it is leased, everything except `last` belongs to the thread with the lease.
struct alignas(cache_line) PooledArena {
  DeviceAsyncArena arena;
  PoolState& pool;
  StreamKey key;
  cudaStream_t stream;
  std::size_t counted_bytes = 0;           // its share of the pool's total
  bool is_beyond_bound = false;            // holds memory beyond max_bytes that it could not free
  ArenaStats last = {};                    // at the end of the last lease; guarded by the shard's mutex
  std::unique_ptr<PooledArena> next = {};  // in Shard::unusable
};

class PoolState {
 public:
  explicit PoolState(ArenaPoolOptions options) : options_(std::move(options)) {}

  [[nodiscard]] PooledArena& lease(cudaStream_t stream);
  void give_back(PooledArena& leased) noexcept;
  void release(cudaStream_t stream);
  [[nodiscard]] ArenaPoolStats stats() const;
  /// Called when the pool is destroyed. The object deletes itself with the last lease.
  void close() noexcept;

 private:
  struct Entry {
    StreamKey key;
    cudaStream_t stream;
    bool idle;
    std::unique_ptr<PooledArena> arena;
  };
  struct alignas(cache_line) Shard {
    mutable std::mutex mutex;  // guards all of this
    std::vector<Entry> entries;
    ArenaPoolStats counts;                  // of leases, and of arenas that no longer exist
    std::unique_ptr<PooledArena> unusable;  // list of arenas whose lease ended inside an ArenaScope
    bool closed = false;
  };

  [[nodiscard]] Shard& shard_of(const StreamKey& key) noexcept { return shards_[hash(key) >> 58]; }
  /// Leases an idle arena of a captured stream, whose id must not be queried: found by its handle.
  [[nodiscard]] PooledArena& lease_in_capture(cudaStream_t stream);
  /// Leases an idle arena that satisfies `wanted`; null if there is none.
  template <class Predicate>
  PooledArena* lease_warm(Shard& shard, Predicate wanted) noexcept;
  /// Removes an idle arena that satisfies `wanted`; null if there is none.
  template <class Predicate>
  std::unique_ptr<PooledArena> take_idle(Shard& shard, Predicate wanted) noexcept;
  /// Removes an arena from its shard, whose mutex is held.
  std::unique_ptr<PooledArena> take_out(Shard& shard, std::vector<Entry>::iterator entry) noexcept;
  /// Leaks an arena's memory, which cannot be freed in stream order.
  void abandon(std::unique_ptr<PooledArena> arena) noexcept;
  /// Abandons the idle arenas of destroyed streams that had this handle.
  void abandon_predecessors(cudaStream_t stream, const StreamKey& key) noexcept;

  /// Sets an arena's share of the total to `bytes`. Returns false, with nothing changed, if max_bytes would
  /// be exceeded.
  [[nodiscard]] bool count(PooledArena& arena, std::size_t bytes) noexcept;
  void uncount(PooledArena& arena) noexcept;
  /// Counts an arena whose lease ends, or makes it free its memory if max_bytes requires that. Updates
  /// `stats`, those of the arena. Returns whether memory was freed.
  [[nodiscard]] bool trim_to_bound(PooledArena& arena, ArenaStats& stats) noexcept;
  /// Drops one of the owners of this object.
  void leave() noexcept;

  const ArenaPoolOptions options_;
  std::atomic<std::size_t> bytes_{0};   // of all arenas, as of the last end of each lease
  std::atomic<std::size_t> owners_{1};  // the pool; after close(), the leases that still exist
  std::array<Shard, 64> shards_;
};

}  // namespace daa::v0_1::detail
