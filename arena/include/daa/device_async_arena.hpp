// Scratch memory on one CUDA stream.
//
// Vocabulary: a *phase* is what lies between two resets. A *chunk* is a piece of memory taken from a CUDA
// memory pool with cudaMallocAsync or cudaMallocFromPoolAsync; allocations are cut from it in sequence
// ("bump"). The *high-water mark* is the most that any phase has used so far.
//
// Stream 0 is the stream that it is for CUDA in the same translation unit: the legacy stream or, where
// CUDA_API_PER_THREAD_DEFAULT_STREAM is defined (nvcc --default-stream per-thread), the calling thread's own,
// cudaStreamPerThread. This holds of every function of daa that takes a stream. One program may have
// translation units of both kinds, and hand arenas from one to the other. Functions that pass a stream on,
// such as std::make_unique and memory resources of erased type, exist once for both kinds: name
// cudaStreamLegacy or cudaStreamPerThread to them there, not 0.
//
// The inline namespace is that of the version: parts of an arena are inlined into its users, which must not
// be linked with a library of another version.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "daa/arena_stats.hpp"
#include "daa/device_buffer_view.hpp"
#include "daa/error.hpp"

namespace daa {
inline namespace v0_1 {

class ArenaResource;
class DeviceAsyncArena;

/// How an arena takes memory from its pool.
enum class Backing {
  chunked,     ///< Bump allocation in chunks that are kept across reset(): no CUDA call in a steady state.
  individual,  ///< One cudaMallocAsync and one cudaFreeAsync for each allocation; keeps nothing.
};

/// What an arena does while its stream is being captured into a graph. Memory that it has serves there as it
/// does everywhere, and the graph goes on using it each time that it is launched: so launch it between two
/// phases of the arena, on its stream or in order with it, and no two graphs of one arena at once.
enum class CapturePolicy {
  /// Throws GrowthDuringCapture where a captured phase needs more memory. What the arena has may be used by
  /// graphs until it gives that memory back, which any later call outside the capture may do.
  /// With Backing::individual the capture must begin between two phases: there it is asked for once a phase.
  refuse_growth,
  /// The same, and the arena gives no memory back before it dies, whatever retain_bytes says: graphs may be
  /// launched until then. It reuses what it has taken. Run the phase once before the capture: the same phase
  /// needs nothing more then, with either backing. With Backing::chunked, reserve() does as well. It holds at
  /// most about four times what the largest phase needs; with Backing::individual, that for each of four
  /// classes of sizes to a power of two, since its blocks cannot be cut.
  presized,
};

struct ArenaOptions {
  Backing backing = Backing::chunked;
  /// Least size of the first chunk, at most 2^47. The default is the granularity of device memory on current
  /// GPUs.
  std::size_t initial_bytes = std::size_t{2} << 20;
  /// Most bytes kept across reset(), in whole chunks; 0 gives everything back at the end of each phase.
  std::size_t retain_bytes = std::numeric_limits<std::size_t>::max();
  /// What happens while the stream is captured.
  CapturePolicy capture = CapturePolicy::refuse_growth;
  /// Looks for misuse, with the library alone: allocations stand between guards, which are compared where
  /// they are given back; fresh memory is filled with 0xFF, returned memory with 0xDD; recycle() knows its
  /// allocations; two threads at once and a stream that was destroyed are noticed. reset() and recycle()
  /// throw MemoryOverrun, having done their work. The end of a scope writes it to stderr and leaves the
  /// exception to reset(); the destructor writes it to stderr. For debugging: giving back waits for the
  /// stream, and an allocation takes 512 bytes more, or twice its alignment, which reserve() does not count.
  /// Nothing is guarded or compared while the stream is captured. DAA_CHECKED=1 in the environment does the
  /// same for every arena.
  bool checked = false;
  /// Lets compute-sanitizer see each allocation: Backing::individual stands in for chunked. (The tool sees
  /// what comes from cudaMallocAsync, with its exact size, and nothing of what is cut from it.)
  /// DAA_SANITIZER=1 in the environment does the same for every arena. Memory that is kept for graphs
  /// (CapturePolicy) stays valid for the tool.
  bool for_sanitizer = false;
  /// How many of the last phases history() tells of.
  std::size_t history_phases = 0;
  /// Of the arena, for messages.
  std::string name = {};
};

namespace detail {

inline constexpr std::size_t min_alignment = 256;

constexpr std::size_t round_up(std::size_t bytes, std::size_t power_of_two) noexcept {
  return (bytes + power_of_two - 1) & ~(power_of_two - 1);
}

constexpr bool is_power_of_two(std::size_t number) noexcept {
  return number != 0 && (number & (number - 1)) == 0;
}

/// The part of an arena that every allocation touches. The counters stand apart on purpose: next to each
/// other, GCC updates them as one vector, whose load must wait for the store before it (2.7 instead of 0.7 ns
/// an allocation).
struct Bump {
  std::uintptr_t cursor = 0;        // the next free byte of the current chunk
  std::uintptr_t limit = 0;         // the end of it; both are multiples of min_alignment
  std::size_t allocations = 0;      // of this phase
  std::uintptr_t origin = 0;        // cursor - origin is what this phase uses, earlier chunks included
  std::size_t bytes_requested = 0;  // by this phase
};

class PoolState;
class Store;

// Not inline: each translation unit has its own. To be used only as a default template argument, which is a
// part of a function's name, so that the linker takes none for another.
#ifdef CUDA_API_PER_THREAD_DEFAULT_STREAM
constexpr bool zero_is_per_thread = true;
#else
constexpr bool zero_is_per_thread = false;
#endif

/// The handle, or for 0 the name of the stream that it is.
template <bool ZeroIsPerThread>
[[nodiscard]] cudaStream_t named_stream(cudaStream_t stream) noexcept {
  if (stream != nullptr) return stream;
  return ZeroIsPerThread ? cudaStreamPerThread : cudaStreamLegacy;
}

struct NamedStream {};  // tells the functions that take such a handle apart

/// What deallocate() of every handle is: recycle(), if `stream`, a named_stream(), is the arena's. It never
/// throws: memory that cannot be recycled is left to reset(), and a checked arena tells why on stderr.
void recycle_or_leave(DeviceAsyncArena& arena, cudaStream_t stream, void* pointer,
                      std::size_t bytes) noexcept;

/// std::invalid_argument that names both streams, each a named_stream().
[[noreturn]] void throw_foreign_stream(const char* call, cudaStream_t asked, cudaStream_t own);

}  // namespace detail

/// Scratch memory for one CUDA stream: allocations of a phase, given back together by reset().
///
/// A pointer may be used by work enqueued on stream() before the next reset(), and by nothing else.
/// No member ever waits for the stream or the device; growth costs what cudaMallocAsync costs. One thread at
/// a time; different arenas share no host state.
///
/// While stream() is being captured into a graph, CapturePolicy applies. reset() and trim() then free
/// nothing: that waits for the next reset() after the capture. An arena that dies during a capture leaks its
/// memory, since there is no moment at which it could be freed in stream order, but for the graph's.
///
/// Movable: all pointers stay valid. A moved-from arena may be destroyed and assigned to; all functions that
/// would change it throw std::logic_error. Not to be moved or destroyed inside an ArenaScope.
class DeviceAsyncArena {
 public:
  /// Takes memory from `pool`, or from the current pool of the stream's device. Allocates nothing yet.
  /// `stream` and `pool` are borrowed and must outlive the arena. 0 is the legacy stream, or the thread's own
  /// (see above). A default stream (0, cudaStreamLegacy, cudaStreamPerThread) is that of the device current
  /// now, whichever is current later; to use the arena then creates no context on that device.
  /// cudaStreamPerThread ties the arena to this thread. Synchronise the stream before you destroy a pool that
  /// is your own: driver 580 crashes where frees of its memory are pending and memory is short. Throws
  /// CudaError if the stream is not valid, std::invalid_argument for options that are not, and for a null
  /// `pool`.
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  explicit DeviceAsyncArena(cudaStream_t stream, std::optional<cudaMemPool_t> pool = {},
                            ArenaOptions options = {})
      : DeviceAsyncArena(detail::NamedStream{}, detail::named_stream<ZeroIsPerThread>(stream), pool,
                         std::move(options)) {}

  /// Behaves like reset() and gives everything back, in stream order. Ignores every error.
  ~DeviceAsyncArena();

  DeviceAsyncArena(DeviceAsyncArena&& other) noexcept;
  DeviceAsyncArena& operator=(DeviceAsyncArena&& other) noexcept;

  /// `bytes` of uninitialised device memory, aligned to max(256, alignment). Null for 0 bytes.
  /// Throws std::invalid_argument unless alignment is a power of two, and OutOfDeviceMemory, CudaError or
  /// GrowthDuringCapture when the arena cannot grow; it is then as it was, but for idle memory, which it
  /// gives back first.
  ///
  /// Growth with Backing::chunked takes
  /// - first, max(initial_bytes, what the last phase needed, bytes);
  /// - `bytes`, where they are more than an eighth of what the arena holds;
  /// - otherwise as much again as it holds; beyond 1 GiB a quarter of it; once it has been asked to recycle,
  ///   an eighth;
  /// - with CapturePolicy::presized, always as much again as it holds, or `bytes` if that is more.
  /// Where the pool has less, half of that is tried and so on, down to `bytes`, and in the end what was left
  /// at the end of chunks. Sizes that failed are not tried again until this arena has freed memory. So an
  /// arena on a full device makes a few dozen calls; those that fail wait for nothing.
  [[nodiscard]] void* alloc_bytes(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t));

  /// Gives `bytes` at `pointer`, one whole allocation of this phase, back before the phase ends: memory that
  /// allocations of this phase may reuse from here on in stream order, so that the work enqueued on stream()
  /// so far may still use it. It stays the arena's. Optional: reset() gives back all that is left. The last
  /// allocation simply unwinds; others leave holes, which the following allocations, no longer inline, fill
  /// best fit, and which are forgotten at reset(). A phase without scopes, and of at most 2^14 recycles and
  /// allocations in holes, that comes again is laid out as before, without a search; where it differs midway,
  /// that one call makes up for it: of long phases, about a millisecond. `bytes` are those asked for.
  /// Nothing happens for null or 0 bytes. Throws std::invalid_argument, with nothing changed, if these bytes
  /// lie in no memory that this phase uses. That the pointer and the bytes are those of one allocation, and
  /// the first time it is given back, is left to the caller. With Backing::individual this is a
  /// cudaFreeAsync; if it fails, reset() tries again.
  void recycle(void* pointer, std::size_t bytes);

  template <class T>
  void recycle(DeviceBufferView<T> view) {
    recycle(const_cast<std::remove_cv_t<T>*>(view.data()), view.size_bytes());
  }

  /// Ends the phase: all its allocations are given back behind the work enqueued on stream() so far.
  ///
  /// A phase that grew to several chunks is merged: the next one of its size fits one chunk, which is exactly
  /// as large as that needs, or an eighth more if the arena held memory before. For a phase that recycled,
  /// that size is found by laying it out once more, in host time for each call. The chunks are kept as
  /// they are where that took more than 2^20 calls, or where the pool could not supply the merged chunk: in
  /// that case the next phase grows once more. From then on a phase that comes again makes no CUDA call. No
  /// CUDA call where nothing is freed or merged.
  ///
  /// Throws std::logic_error inside an ArenaScope, with nothing changed, and once after scopes that were
  /// ended out of order. Throws CudaError if memory could not be freed: the phase has ended all the same, and
  /// that memory, which stays in bytes_reserved and serves no more, is tried again by the next reset(), by
  /// trim() and by the destructor.
  void reset();

  /// Makes sure that allocations of `bytes` in all (each counted as rounded up to 256) need no growth in what
  /// is left of this phase nor, as far as retain_bytes allows, in the next. Nothing to do for
  /// Backing::individual. If the pool has no more, a recycled range of that size counts as reserved;
  /// allocations inside an ArenaScope cannot use it. Throws as alloc_bytes().
  void reserve(std::size_t bytes);

  /// Gives back, in stream order, the chunks behind the last allocation of this phase: between phases, all of
  /// them. With CapturePolicy::presized, none. What was reserved for the next phase no longer is. Throws
  /// CudaError as reset().
  void trim();

  /// Without a CUDA call.
  [[nodiscard]] ArenaStats stats() const noexcept;

  /// The last ArenaOptions::history_phases phases that have ended, the oldest first.
  [[nodiscard]] std::vector<PhaseRecord> history() const;

  /// Names the current phase, in its history and in messages. `name` is kept, not copied: a string literal.
  void name_phase(const char* name);

  /// As given to the constructor, but 0 by its name: cudaStreamLegacy or cudaStreamPerThread.
  [[nodiscard]] cudaStream_t stream() const noexcept { return stream_; }

  /// This arena for CUB, cuda::mr and RMM. To call it, include <daa/memory_resource.hpp>, which needs CCCL.
  [[nodiscard]] ArenaResource resource() noexcept;

 private:
  friend class ArenaScope;
  friend class detail::PoolState;
  friend void detail::recycle_or_leave(DeviceAsyncArena& arena, cudaStream_t stream, void* pointer,
                                       std::size_t bytes) noexcept;

  DeviceAsyncArena(detail::NamedStream, cudaStream_t stream, std::optional<cudaMemPool_t> pool,
                   ArenaOptions options);
  [[nodiscard]] void* alloc_slow(std::size_t bytes, std::size_t alignment);
  detail::Store& store() const;
  void abandon() noexcept;  // all memory, which is leaked

  detail::Bump bump_;
  cudaStream_t stream_;  // a named_stream()
  std::unique_ptr<detail::Store> store_;
};

/// A phase within the phase: what was allocated since is given back, in stream order, when it ends.
///
/// Scopes nest, and end in the reverse order of their beginning, as the language makes variables do. An arena
/// must not be reset inside a scope: reset() throws. A scope ended out of order (which takes a std::optional
/// or the like) gives its memory back only when all scopes inside it have ended, and the next reset() throws.
/// recycle() works inside a scope; memory from before the scope is then reused only after it.
/// No CUDA call with Backing::chunked.
class ArenaScope {
 public:
  /// Throws std::bad_alloc where the host has no memory, with nothing changed.
  explicit ArenaScope(DeviceAsyncArena& arena);
  ~ArenaScope();
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

 private:
  DeviceAsyncArena& arena_;
  std::size_t depth_;
};

// The fast path: with the default alignment, one test. It serves two ends, for 0 bytes wrap around and fail
// it too. Cursor and limit are multiples of 256, so what fits before rounding up fits after it.
inline void* DeviceAsyncArena::alloc_bytes(std::size_t bytes, std::size_t alignment) {
  const bool ordinary = detail::is_power_of_two(alignment) && alignment <= detail::min_alignment;
  if (!ordinary || bytes - 1 >= bump_.limit - bump_.cursor) return alloc_slow(bytes, alignment);
  void* const result = reinterpret_cast<void*>(bump_.cursor);
  bump_.cursor += detail::round_up(bytes, detail::min_alignment);
  ++bump_.allocations;
  bump_.bytes_requested += bytes;
  return result;
}

/// A view of `count` uninitialised elements of T; no constructor or destructor of T ever runs. Empty for 0.
/// Aligned to max(256, alignof(T), alignment). Throws CountOverflow if count * sizeof(T) overflows, and
/// otherwise as alloc_bytes().
template <class T>
[[nodiscard]] DeviceBufferView<T> alloc(DeviceAsyncArena& arena, std::size_t count,
                                        std::size_t alignment = alignof(T)) {
  static_assert(std::is_trivially_destructible_v<T>, "scratch memory ends without running destructors");
  if (count > std::numeric_limits<std::size_t>::max() / sizeof(T))
    detail::throw_count_overflow("daa::alloc", count, sizeof(T));
  const bool is_too_weak = detail::is_power_of_two(alignment) && alignment < alignof(T);
  void* const data = arena.alloc_bytes(count * sizeof(T), is_too_weak ? alignof(T) : alignment);
  return {static_cast<T*>(data), count};
}

}  // namespace v0_1
}  // namespace daa
