// Arenas for many streams and threads, kept warm between their uses.
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
  /// Of every arena.
  ArenaOptions arena = {};
  /// Most arenas that are kept.
  std::size_t max_arenas = std::numeric_limits<std::size_t>::max();
  /// Most bytes that the kept arenas hold between their leases, over all.
  std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
  /// Where the arenas take their memory from, as for an arena. Borrowed.
  std::optional<cudaMemPool_t> memory_pool = {};
};

/// A snapshot. Sizes in bytes.
struct ArenaPoolStats {
  std::size_t warm_leases = 0;      ///< given with an arena that the stream had before
  std::size_t cold_leases = 0;      ///< given with a new one
  std::size_t arenas_leased = 0;    ///< now
  std::size_t arenas_idle = 0;      ///< now
  std::size_t idle_bytes = 0;       ///< held by the idle arenas now
  std::size_t evictions = 0;        ///< ends of leases at which a bound made an arena give its memory back
  std::size_t failed_ends = 0;      ///< of leases: DeviceAsyncArena::reset() threw
  std::size_t abandoned = 0;        ///< arenas whose stream was out of reach: their memory is leaked
  std::size_t abandoned_bytes = 0;  ///< that these held
  std::size_t growths = 0;          ///< as in ArenaStats, of all arenas, as of the last end of a lease
  std::size_t runtime_calls = 0;    ///< the same
  PhaseStats life;                  ///< the same: sums, and the largest peak of an arena
};

namespace detail {
class PoolState;
struct PooledArena;
struct ClosePool {
  void operator()(PoolState* pool) const noexcept;
};
}  // namespace detail

/// An arena, leased for a stream from an ArenaPool until the lease is destroyed or assigned to.
///
/// The end of a lease ends the phase, as reset() does, and gives the arena back to the pool. It must come
/// while the stream exists. It never throws: an arena whose reset() fails to free memory is kept, and tries
/// again at its next end; what a checked arena has found is written to stderr. Where the phase cannot end, as
/// inside an ArenaScope, the arena leaks its memory, counts as abandoned, and stderr tells why. Used by one
/// thread at a time, as the arena is; may be moved to another thread, but one for cudaStreamPerThread must
/// end on the thread where it began. May outlive the pool: its arena then dies with it.
class ArenaLease {
 public:
  /// No arena.
  ArenaLease() = default;
  ~ArenaLease() { end(); }
  ArenaLease(ArenaLease&& other) noexcept;
  ArenaLease& operator=(ArenaLease&& other) noexcept;

  /// Null where there is no arena: by default, and once moved from.
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

/// Leases arenas for streams, to any number of threads, and keeps them warm between the leases.
///
/// A stream is known by its identity (cudaStreamGetId), not by its handle: outside captures, a new stream
/// never gets the arena of a destroyed one whose handle it has. A default stream is that of the device
/// current at lease(); cudaStreamPerThread is another one in each thread; 0 is either that or
/// cudaStreamLegacy, as for an arena (device_async_arena.hpp). Leases of one stream that are out at the same
/// time have different arenas.
///
/// The pool makes CUDA calls for a stream only in calls that are given this stream and at the end of its
/// leases: where somebody answers for it that it exists and is not captured elsewhere. So:
/// - Call release(stream) before cudaStreamDestroy(stream), and release(cudaStreamPerThread) before its
///   thread ends. Otherwise the idle arenas of the stream keep their memory for nothing, and leak it where a
///   new stream of the same handle is leased, which stats() tells (`abandoned`).
/// - All streams that the pool still keeps arenas for must exist when it is destroyed, and not be captured:
///   their arenas leak then, as do those of other threads' cudaStreamPerThread.
/// - Where a bound is reached, what gives way is the arena whose lease ends: it gives its memory back in
///   stream order, and dies if there is no place for it. So streams that came first stay warm. Memory that
///   cannot be given back then, in a capture or with a CapturePolicy that keeps it, is kept beyond the bound.
///   Graphs that go on using the memory of a lease want such a policy.
///
/// While a stream is captured its identity may not be asked for. A lease is then an idle arena that was
/// leased for this handle before, found by looking behind all 64 mutexes: where release() was forgotten, it
/// may be a destroyed stream's, whose work may still use the memory. A graph that uses an arena's memory is
/// to be launched while no lease of the stream is out.
///
/// Every member function may be called from any thread at any time. Nothing waits for a stream or the device,
/// and no lock is held while memory is taken or given back. In a steady state a lease costs
/// cudaStreamIsCapturing and cudaStreamGetId, and locks twice one of 64 mutexes, over which the streams are
/// spread; what it writes to, only leases of streams of the same mutex touch.
class ArenaPool {
 public:
  explicit ArenaPool(ArenaPoolOptions options = {});

  /// Gives back, in the order of their streams, what idle arenas hold. Leases that are out go on.
  ~ArenaPool();

  ArenaPool(const ArenaPool&) = delete;
  ArenaPool& operator=(const ArenaPool&) = delete;

  /// An arena in a new phase, for the use of `stream`: one that the stream had before if there is one.
  /// No bound refuses a lease. Throws as DeviceAsyncArena's constructor, std::bad_alloc, and std::logic_error
  /// while the stream is captured and has no idle arena; nothing has changed then.
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  [[nodiscard]] ArenaLease lease(cudaStream_t stream) {
    return lease(detail::NamedStream{}, detail::named_stream<ZeroIsPerThread>(stream));
  }

  /// Gives the memory of all arenas of `stream` back, in its order, because it is going to be destroyed.
  /// Nothing to do if there are none. Throws std::logic_error, with nothing changed, while a lease of the
  /// stream is out and while it is captured, and CudaError if the stream is not valid.
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  void release(cudaStream_t stream) {
    release(detail::NamedStream{}, detail::named_stream<ZeroIsPerThread>(stream));
  }

  /// Looks at every arena.
  [[nodiscard]] ArenaPoolStats stats() const;

 private:
  [[nodiscard]] ArenaLease lease(detail::NamedStream, cudaStream_t stream);
  void release(detail::NamedStream, cudaStream_t stream);

  std::unique_ptr<detail::PoolState, detail::ClosePool> state_;  // outlives the pool while leases are out
};

}  // namespace v0_1
}  // namespace daa
