// What an ArenaPool and its leases share.
//
// Streams are spread over *shards*, each with its lock, by their identity: threads of different streams meet
// in one only by chance, and there for a few dozen nanoseconds. Whatever all threads would write to at each
// lease, a reference count or a total, would cost more than all the rest. So each shard counts for itself,
// and PoolBounds counts what changes with the arenas' sizes only.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "daa/arena_pool.hpp"
#include "pool_bounds.hpp"
#include "stream_key.hpp"

namespace daa::v0_1::detail {

inline constexpr std::size_t cache_line = 64;

/// An arena in the pool; all else is of the thread that has the lease, while there is one.
struct alignas(cache_line) PooledArena {
  DeviceAsyncArena arena;
  PoolState& pool;
  StreamKey key;
  cudaStream_t stream;
  PoolBounds::Share share = {};
  ArenaStats last = {};                    // at the end of the last lease; guarded by the shard's mutex
  std::unique_ptr<PooledArena> next = {};  // of the unusable ones
};

class PoolState {
 public:
  explicit PoolState(ArenaPoolOptions options) : options_(std::move(options)) {}

  [[nodiscard]] PooledArena& lease(cudaStream_t stream);
  void give_back(PooledArena& leased) noexcept;
  void release(cudaStream_t stream);
  [[nodiscard]] ArenaPoolStats stats() const;
  /// The pool is gone. This object dies with the last lease.
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
    ArenaPoolStats counts;                  // of leases, and of what the arenas that are gone had counted
    std::unique_ptr<PooledArena> unusable;  // a list: their leases have ended inside an ArenaScope
    bool closed = false;
  };

  /// A warm arena of a stream whose identity may not be asked for: known by its handle.
  [[nodiscard]] PooledArena& lease_in_capture(cudaStream_t stream);
  /// Leases an idle arena for which `wanted` holds; null if there is none.
  template <class Predicate>
  PooledArena* lease_warm(Shard& shard, Predicate wanted) noexcept;

  [[nodiscard]] Shard& shard_of(const StreamKey& key) noexcept;
  /// Takes out an idle arena for which `wanted` holds; null if there is none.
  template <class Predicate>
  std::unique_ptr<PooledArena> take_idle(Shard& shard, Predicate wanted) noexcept;
  /// Takes an arena out of its shard, whose lock is held.
  std::unique_ptr<PooledArena> take_out(Shard& shard, std::vector<Entry>::iterator entry) noexcept;
  /// For what cannot be given back in the order of its stream: the memory is leaked.
  void abandon(std::unique_ptr<PooledArena> arena) noexcept;
  /// Abandons what is idle for earlier streams that had the handle of this one: they are destroyed.
  void abandon_predecessors(cudaStream_t stream, const StreamKey& key) noexcept;

  /// Whether the arena may be kept. Gives its memory back where the bounds demand it: `evicted` says so, and
  /// `stats`, those of the arena, are then renewed.
  [[nodiscard]] bool keep(PooledArena& arena, ArenaStats& stats, bool& evicted) noexcept;
  /// One of those that keep this object alive, the pool or a lease that has outlived it, is gone.
  void leave() noexcept;

  const ArenaPoolOptions options_;
  PoolBounds bounds_{options_.max_arenas, options_.max_bytes};
  std::atomic<std::size_t> owners_{1};  // the pool, and from its end on the leases that are out
  std::array<Shard, 64> shards_;
};

}  // namespace daa::v0_1::detail
