// A pool of arenas for many streams and threads.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>

#include "daa/device_async_arena.hpp"

namespace daa {
inline namespace v0_1 {

struct ArenaPoolOptions {
  /// Options of every arena.
  ArenaOptions arena = {};
  /// Maximum number of bytes that idle arenas keep, in total.
  std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
  /// The CUDA memory pool that the arenas allocate from, as for DeviceAsyncArena. Borrowed.
  std::optional<cudaMemPool_t> memory_pool = {};
};

/// A snapshot. Sizes in bytes. growths, runtime_calls and life are as of the last end of each lease.
struct ArenaPoolStats {
  std::size_t warm_leases = 0;      ///< served by an arena that the stream had before
  std::size_t cold_leases = 0;      ///< served by a new arena
  std::size_t arenas_leased = 0;    ///< now
  std::size_t arenas_idle = 0;      ///< now
  std::size_t idle_bytes = 0;       ///< held by idle arenas now
  std::size_t evictions = 0;        ///< leases at whose end max_bytes made the arena free its memory
  std::size_t failed_ends = 0;      ///< leases at whose end DeviceAsyncArena::reset() threw
  std::size_t abandoned = 0;        ///< arenas whose memory was leaked: it could not be freed in stream order
  std::size_t abandoned_bytes = 0;  ///< leaked with them
  std::size_t growths = 0;          ///< sum over all arenas, as in ArenaStats
  std::size_t runtime_calls = 0;    ///< sum over all arenas, as in ArenaStats
  PhaseStats life;                  ///< sums over all arenas, and the largest peak of one arena
};

namespace detail {
class PoolState;
struct PooledArena;
struct ClosePool {
  void operator()(PoolState* pool) const noexcept;
};
}  // namespace detail

/// An arena leased from an ArenaPool for one stream, until the lease is destroyed or assigned to.
///
/// The end of a lease ends the phase, as reset() does, and returns the arena to the pool. The stream must
/// still exist. It never throws: an arena whose reset() fails to free memory is kept and tries again at its
/// next end; what a checked arena has found is written to stderr. If the phase cannot end, as inside an
/// ArenaScope, the arena's memory is leaked, the arena counts as abandoned, and the reason is printed to
/// stderr.
///
/// One thread at a time, as the arena. A lease may be moved to another thread, but a lease for
/// cudaStreamPerThread must end on the thread where it began. A lease may outlive the pool: its end then
/// destroys the arena.
class ArenaLease {
 public:
  /// Holds no arena.
  ArenaLease() = default;
  ~ArenaLease() { end(); }
  ArenaLease(ArenaLease&& other) noexcept;
  ArenaLease& operator=(ArenaLease&& other) noexcept;

  /// Null if the lease holds no arena: default-constructed or moved from.
  [[nodiscard]] DeviceAsyncArena* get() const noexcept { return arena_; }
  [[nodiscard]] DeviceAsyncArena& operator*() const noexcept { return *arena_; }
  [[nodiscard]] DeviceAsyncArena* operator->() const noexcept { return arena_; }
  [[nodiscard]] explicit operator bool() const noexcept { return arena_ != nullptr; }

 private:
  friend class ArenaPool;

  explicit ArenaLease(detail::PooledArena& leased) noexcept;
  void end() noexcept;

  detail::PooledArena* leased_ = nullptr;
  DeviceAsyncArena* arena_ = nullptr;
};

/// Leases arenas for streams to any number of threads, and keeps their memory between leases.
///
/// A stream is identified by its id (cudaStreamGetId), not by its handle: outside captures, a new stream
/// never gets the arena of a destroyed one, even if it has the same handle. A default stream is that of the
/// device current at lease(). cudaStreamPerThread is a different stream in each thread. 0 is
/// cudaStreamPerThread or cudaStreamLegacy, as for an arena (device_async_arena.hpp). Concurrent leases of
/// one stream have different arenas.
///
/// The pool makes CUDA calls for a stream only in calls that take this stream and at the end of its leases.
/// The caller guarantees that the stream exists then and is not captured elsewhere. Therefore:
/// - Call release(stream) before cudaStreamDestroy(stream), and release(cudaStreamPerThread) before its
///   thread ends. Otherwise the idle arenas of the stream keep their memory unused, and leak it when an arena
///   is leased for a new stream with the same handle; stats() counts them as `abandoned`.
/// - When the pool is destroyed, every stream for which it still keeps arenas must exist and must not be
///   captured. Otherwise the memory of these arenas is leaked, as is that of arenas for other threads'
///   cudaStreamPerThread.
/// - If the end of a lease would exceed max_bytes, the arena of that lease frees its memory in stream order,
///   so the streams that came first stay warm. Memory that cannot be freed then, in a capture or with
///   CapturePolicy::presized, is kept beyond the limit. Graphs that use the memory of a lease after its end
///   need CapturePolicy::presized.
///
/// CUDA does not allow cudaStreamGetId while a stream is captured. lease() then searches all 64 shards for an
/// idle arena that was leased for this handle before. If release() was forgotten, that may be the arena of a
/// destroyed stream, whose work may still use the memory. Launch a graph that uses an arena's memory only
/// while no lease of the stream exists.
///
/// Every member function may be called from any thread at any time. None waits for a stream or the device,
/// unless the arenas are checked, and no lock is held while memory is allocated or freed. In a steady state a
/// lease costs cudaStreamIsCapturing, cudaStreamGetId and two locks of the mutex of one of 64 shards; it
/// writes nothing that streams of other shards touch.
class ArenaPool {
 public:
  explicit ArenaPool(ArenaPoolOptions options = {});

  /// Frees, in stream order, the memory of idle arenas. Existing leases stay valid.
  ~ArenaPool();

  ArenaPool(const ArenaPool&) = delete;
  ArenaPool& operator=(const ArenaPool&) = delete;

  /// Returns an arena for `stream` in a new phase: one that the stream had before, if any is idle. max_bytes
  /// never refuses a lease. Throws as DeviceAsyncArena's constructor, std::bad_alloc, and std::logic_error if
  /// the stream is captured and has no idle arena; nothing has changed then.
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  [[nodiscard]] ArenaLease lease(cudaStream_t stream) {
    return lease(detail::NamedStream{}, detail::named_stream<ZeroIsPerThread>(stream));
  }

  /// Frees the memory of all arenas of `stream` in stream order; call it before the stream is destroyed. Does
  /// nothing if there are none. Throws std::logic_error, with nothing changed, while a lease of the stream
  /// exists and while the stream is captured, and CudaError if the stream is not valid.
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  void release(cudaStream_t stream) {
    release(detail::NamedStream{}, detail::named_stream<ZeroIsPerThread>(stream));
  }

  /// Visits every arena.
  [[nodiscard]] ArenaPoolStats stats() const;

 private:
  [[nodiscard]] ArenaLease lease(detail::NamedStream, cudaStream_t stream);
  void release(detail::NamedStream, cudaStream_t stream);

  std::unique_ptr<detail::PoolState, detail::ClosePool> state_;  // outlives the pool while leases exist
};

}  // namespace v0_1
}  // namespace daa
