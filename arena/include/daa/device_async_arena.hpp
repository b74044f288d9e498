// Scratch memory for one CUDA stream.
//
// Terms: a *phase* is the work between two resets. A *chunk* is a block of memory allocated from a CUDA
// memory pool with cudaMallocAsync or cudaMallocFromPoolAsync; allocations are cut from it one after the
// other ("bump allocation"). The *high-water mark* is the largest amount of memory that any phase has used so
// far.
//
// Stream 0 means what it means to CUDA in the same translation unit: the legacy stream or, if
// CUDA_API_PER_THREAD_DEFAULT_STREAM is defined (nvcc --default-stream per-thread), the calling thread's
// stream, cudaStreamPerThread. This holds for every function of daa that takes a stream. A program may
// contain translation units of both kinds and pass arenas between them. Functions that only forward a stream,
// such as std::make_unique and type-erased memory resources, exist once for both kinds: pass cudaStreamLegacy
// or cudaStreamPerThread to them, not 0.
//
// The inline namespace names the version. Parts of an arena are inlined into the code that uses it, so that
// code must not be linked with a library of another version.
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

/// How an arena allocates memory from its pool.
enum class Backing {
  chunked,     ///< Bump allocation in chunks that are kept across reset(): no CUDA call in a steady state.
  individual,  ///< One cudaMallocAsync and one cudaFreeAsync for each allocation; keeps nothing.
  /// Bump allocation in one range of addresses, which is mapped as it grows, with the driver's virtual memory
  /// management, in pages of 2 to 32 MiB; no pool is involved. Holds hardly more than what is live, from the
  /// first phase on: where no hole fits an allocation of 8 MiB or more, free pages that lie apart are mapped
  /// a second time side by side. Reserves addresses for as much as the device has.
  mapped,
};

/// What an arena does while its stream is being captured into a graph. Captured allocations use memory that
/// the arena already holds, or with Backing::mapped memory that it maps meanwhile, and each launch of the
/// graph uses that memory again. Therefore launch the graph between two phases of the arena, on its stream or
/// ordered with it, and never run two graphs of one arena at once.
enum class CapturePolicy {
  /// Throws GrowthDuringCapture if a captured phase needs more memory than the arena holds. Graphs may use
  /// the arena's memory until it is freed, which any later call outside the capture may do. With
  /// Backing::mapped nothing is thrown, and only trim(), retain_bytes and destruction free memory. With
  /// Backing::individual the capture must begin between two phases: the arena checks for a capture once per
  /// phase.
  refuse_growth,
  /// As refuse_growth, and the arena keeps all memory until it is destroyed, whatever retain_bytes says:
  /// graphs may be launched until then. Run the phase once before the capture; the same phase then needs no
  /// more memory. With Backing::chunked, reserve() has the same effect. The arena holds at most about four
  /// times what the largest phase needs; with Backing::individual, at most that much for each size class
  /// (four per power of two), because its blocks cannot be split.
  presized,
};

struct ArenaOptions {
  Backing backing = Backing::chunked;
  /// Minimum size of the first chunk in bytes, at most 2^47. The default is the granularity of device memory
  /// on current GPUs.
  std::size_t initial_bytes = std::size_t{2} << 20;
  /// Maximum number of bytes kept across reset(), in whole chunks; 0 frees everything at the end of each
  /// phase.
  std::size_t retain_bytes = std::numeric_limits<std::size_t>::max();
  /// What the arena does while its stream is captured.
  CapturePolicy capture = CapturePolicy::refuse_growth;
  /// Detects misuse, for debugging. Each allocation is placed between guards, which are compared when it is
  /// freed. New memory is filled with 0xFF, freed memory with 0xDD. recycle() verifies its arguments. Use by
  /// two threads at once and use after the stream was destroyed are detected. reset() and recycle() throw
  /// MemoryOverrun after they have done their work. The end of a scope reports to stderr, and the next
  /// reset() throws; the destructor reports to stderr. Freeing waits for the stream. Each allocation takes
  /// 512 bytes more, or twice its alignment, which reserve() does not include. Nothing is guarded or compared
  /// while the stream is captured. DAA_CHECKED=1 in the environment enables this for every arena.
  bool checked = false;
  /// Makes each allocation visible to compute-sanitizer by using Backing::individual instead of others: the
  /// tool tracks what cudaMallocAsync returns, but not parts of it. DAA_SANITIZER=1 in the environment
  /// enables this for every arena. Memory kept for graphs (CapturePolicy::presized) stays valid for the tool.
  bool for_sanitizer = false;
  /// For Backing::mapped: memory can be exported as POSIX file descriptors, with cuMemRetainAllocationHandle
  /// and cuMemExportToShareableHandle, as communication libraries do that register it.
  bool exportable = false;
  /// For Backing::mapped: other devices that have access to the memory; each must be a peer of the stream's
  /// device (cudaDeviceCanAccessPeer). Each makes growth slower.
  std::vector<int> peers = {};
  /// The arena's name in messages.
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

/// The part of an arena that every allocation touches. The counters are separated on purpose: if they are
/// adjacent, GCC updates them as one vector, whose load must wait for the store before it (2.7 instead of 0.7
/// ns per allocation).
struct Bump {
  std::uintptr_t cursor = 0;        // the next free byte of the current chunk
  std::uintptr_t limit = 0;         // the end of that chunk; both are multiples of min_alignment
  std::size_t allocations = 0;      // of this phase
  std::uintptr_t origin = 0;        // cursor - origin: bytes that this phase uses, in all its chunks
  std::size_t bytes_requested = 0;  // by this phase
};

class PoolState;
class Store;

// Not inline: each translation unit has its own. Use it only as a default template argument: it is then part
// of the function's mangled name, so the linker does not merge functions of both kinds.
#ifdef CUDA_API_PER_THREAD_DEFAULT_STREAM
constexpr bool zero_is_per_thread = true;
#else
constexpr bool zero_is_per_thread = false;
#endif

/// `stream`, or for 0 the handle that names the stream it stands for.
template <bool ZeroIsPerThread>
[[nodiscard]] cudaStream_t named_stream(cudaStream_t stream) noexcept {
  if (stream != nullptr) return stream;
  return ZeroIsPerThread ? cudaStreamPerThread : cudaStreamLegacy;
}

struct NamedStream {};  // tag: the function takes a named_stream()

/// Implements deallocate() of every handle: calls recycle() if `stream`, a named_stream(), is the arena's.
/// Never throws: memory that cannot be recycled stays in use until reset(), and a checked arena prints the
/// reason to stderr.
void recycle_or_leave(DeviceAsyncArena& arena, cudaStream_t stream, void* pointer,
                      std::size_t bytes) noexcept;

/// Throws std::invalid_argument, whose message names both streams; each is a named_stream().
[[noreturn]] void throw_foreign_stream(const char* call, cudaStream_t asked, cudaStream_t own);

}  // namespace detail

/// Scratch memory for one CUDA stream: reset() frees all allocations of a phase together.
///
/// A pointer may be used by work enqueued on stream() before the next reset(), and by nothing else. No member
/// function waits for the stream or the device, unless the arena is checked; growth costs what
/// cudaMallocAsync costs or, with Backing::mapped, some 50 us a page (H200, driver 580). One thread at a
/// time; different arenas share no host state but, with Backing::mapped, a list of memory to unmap.
///
/// While stream() is being captured into a graph, CapturePolicy applies. reset() and trim() then free
/// nothing; the next reset() after the capture does. An arena that is destroyed during a capture leaks its
/// memory, because a free would become part of the graph.
///
/// The owner of a memory pool that was passed to an arena must synchronise the stream, or the device, before
/// cudaMemPoolDestroy: frees by the arena may still be pending. (Driver 580 crashes at the next
/// synchronisation if a pool is destroyed while frees are pending and memory is short.)
///
/// Movable: all pointers stay valid. A moved-from arena may be destroyed and assigned to; every function that
/// would change it throws std::logic_error. An arena must not be moved or destroyed while an ArenaScope of it
/// is open.
class DeviceAsyncArena {
 public:
  /// Allocates from `pool`, or from the current pool of the stream's device. The constructor itself allocates
  /// nothing. `stream` and `pool` are borrowed and must outlive the arena. 0 is the legacy stream or the
  /// thread's own (see above). A default stream (0, cudaStreamLegacy, cudaStreamPerThread) belongs to the
  /// device that is current now, whichever device is current later; using the arena then creates no context
  /// on the device that is current later. With cudaStreamPerThread, only this thread may use the arena.
  /// Throws CudaError if the stream is not valid, and std::invalid_argument for invalid options and for a
  /// null `pool`.
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  explicit DeviceAsyncArena(cudaStream_t stream, std::optional<cudaMemPool_t> pool = {},
                            ArenaOptions options = {})
      : DeviceAsyncArena(detail::NamedStream{}, detail::named_stream<ZeroIsPerThread>(stream), pool,
                         std::move(options)) {}

  /// Ends the phase as reset() does and frees all memory in stream order. Ignores every error.
  ~DeviceAsyncArena();

  DeviceAsyncArena(DeviceAsyncArena&& other) noexcept;
  DeviceAsyncArena& operator=(DeviceAsyncArena&& other) noexcept;

  /// Returns `bytes` of uninitialised device memory, aligned to max(256, alignment); null for 0 bytes. Throws
  /// std::invalid_argument unless alignment is a power of two, and OutOfDeviceMemory, CudaError or
  /// GrowthDuringCapture if the arena cannot grow. The arena is then unchanged, except that it may have freed
  /// idle memory in order to grow.
  ///
  /// With Backing::mapped an arena grows by at least 1/128 of what it has. With Backing::chunked the size of
  /// a new chunk is
  /// - for the first chunk, max(initial_bytes, what the last phase needed, bytes);
  /// - `bytes`, if that is more than an eighth of what the arena holds, or a sixteenth once it has recycled;
  /// - otherwise as much as the arena holds, or a quarter of that beyond 1 GiB, or an eighth of it once the
  ///   arena has recycled memory;
  /// - with CapturePolicy::presized always max(what the arena holds, bytes).
  ///
  /// If the pool cannot supply that, the arena tries half of it, and so on down to `bytes`. It does not retry
  /// a size that failed until it has freed memory. An arena on a full device therefore makes a few dozen
  /// calls; the failing calls do not wait for anything.
  [[nodiscard]] void* alloc_bytes(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t));

  /// Frees one allocation of this phase before the phase ends. `pointer` and `bytes` are those of one
  /// alloc_bytes() call. Later allocations of this phase may reuse the memory in stream order: work enqueued
  /// on stream() so far may still use it. The memory stays with the arena. Optional: reset() frees whatever
  /// is left.
  ///
  /// Recycling the last allocation lowers the bump cursor. Recycling any other one leaves a hole, and
  /// following allocations fill holes best fit; reset() discards all holes.
  ///
  /// In the first phase, and from the phase after the first recycle() on until 16 phases in a row have
  /// recycled nothing, allocations do not take the inline path, and reset() plans phases that recycle: each
  /// new one or, if phase after phase differs from all plans, one in sixteen. A phase whose first allocation
  /// is no larger than that of a plan follows the plan, without a search, as long as it makes the same calls
  /// with no more bytes for any. It takes what is live at once, or little more. The call that differs makes
  /// holes of what is not live; the phase may then take more than without the plan, by up to the bytes of the
  /// plan. At most four plans are kept. Not planned are phases with scopes, with reserve() or after one, of
  /// more than 2^13 calls, and of arenas with CapturePolicy::presized.
  ///
  /// Does nothing for null or for 0 bytes. Throws std::invalid_argument, with nothing changed, if the bytes
  /// do not lie in memory that this phase uses. Otherwise the arena does not verify that pointer and size
  /// belong to one allocation, or that it was not recycled before, unless it is checked. With
  /// Backing::individual this is a cudaFreeAsync; if that fails, reset() tries again.
  void recycle(void* pointer, std::size_t bytes);

  template <class T>
  void recycle(DeviceBufferView<T> view) {
    recycle(const_cast<std::remove_cv_t<T>*>(view.data()), view.size_bytes());
  }

  /// Ends the phase: frees all its allocations in stream order, behind the work enqueued on stream() so far.
  ///
  /// Merges the chunks of a phase that used several: the next phase of that size fits into one chunk, and
  /// makes no CUDA call. If the phase recycled nothing, the chunk has exactly the size needed, plus an eighth
  /// unless it was the first phase; if the phase is planned, the size of its plan. If it recycled and is not
  /// planned, the size is what the phase took of its chunks; repeated, it may then grow again, which is
  /// rare. If the pool cannot supply the merged chunk, the next phase grows once more, and its chunks are
  /// kept. When phases in a row have followed plans, a chunk that is larger than any plan needs is replaced;
  /// it takes twice as many in a row the next time. reset() makes no CUDA call unless it frees or merges
  /// memory. Planning a phase takes host time quadratic in its calls: 3 ms for 3,000, some 30 ms for 2^13.
  ///
  /// Throws std::logic_error inside an ArenaScope, with nothing changed, and once after scopes were ended out
  /// of order. Throws CudaError if memory could not be freed. The phase has then ended all the same. The
  /// memory stays in bytes_reserved and is not used again; the next reset(), trim() and the destructor try
  /// again to free it.
  void reset();

  /// Ensures that further allocations of `bytes` in total (each counted rounded up to 256) need no growth in
  /// the rest of this phase nor, as far as retain_bytes allows, in the next phase. Does nothing with
  /// Backing::individual. If the pool cannot supply the memory, a recycled range of that size counts as
  /// reserved; allocations inside an ArenaScope cannot use such a range. Throws as alloc_bytes().
  void reserve(std::size_t bytes);

  /// Frees, in stream order, the chunks or pages behind the last allocation of this phase; between two
  /// phases, all of them. Frees none with CapturePolicy::presized. Pages are unmapped by this or a later call
  /// that finds that the stream has passed this point. Cancels reserve() for the next phase. Throws CudaError
  /// as reset().
  void trim();

  /// Makes no CUDA call.
  [[nodiscard]] ArenaStats stats() const noexcept;

  /// The stream given to the constructor; for 0, cudaStreamLegacy or cudaStreamPerThread.
  [[nodiscard]] cudaStream_t stream() const noexcept { return stream_; }

  /// A handle of this arena for CUB, cuda::mr and RMM. Include <daa/memory_resource.hpp>, which needs CCCL,
  /// to use it.
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
  void abandon() noexcept;  // leaks all memory

  detail::Bump bump_;
  cudaStream_t stream_;  // a named_stream()
  std::unique_ptr<detail::Store> store_;
};

/// Unmaps what arenas with Backing::mapped have left that were destroyed, or trimmed between two phases,
/// while their streams had not passed that point; growth for want of memory, trim() and destruction do so
/// as well. Never waits: synchronise the streams before. Thread-safe.
void trim_all() noexcept;

/// A nested phase: its end frees, in stream order, what was allocated since it began.
///
/// Scopes nest and end in reverse order of their beginning, as variables do. An arena must not be reset
/// inside a scope: reset() throws. A scope that is ended out of order (which takes a std::optional or the
/// like) frees its memory only when all scopes inside it have ended, and the next reset() throws. recycle()
/// works inside a scope; memory that was allocated before the scope is reused only after the scope. Makes no
/// CUDA call with Backing::chunked.
class ArenaScope {
 public:
  /// Throws std::bad_alloc, with nothing changed, if the host is out of memory.
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

// The fast path: one test with the default alignment. The test also fails for 0 bytes, which wrap around.
// Cursor and limit are multiples of 256, so a size that fits before rounding up fits after it.
inline void* DeviceAsyncArena::alloc_bytes(std::size_t bytes, std::size_t alignment) {
  const bool ordinary = detail::is_power_of_two(alignment) && alignment <= detail::min_alignment;
  if (!ordinary || bytes - 1 >= bump_.limit - bump_.cursor) return alloc_slow(bytes, alignment);
  void* const result = reinterpret_cast<void*>(bump_.cursor);
  bump_.cursor += detail::round_up(bytes, detail::min_alignment);
  ++bump_.allocations;
  bump_.bytes_requested += bytes;
  return result;
}

/// Returns a view of `count` uninitialised elements of T, aligned to max(256, alignof(T), alignment); empty
/// for 0. No constructor or destructor of T ever runs. Throws CountOverflow if count * sizeof(T) overflows,
/// and otherwise as alloc_bytes().
template <class T>
[[nodiscard]] DeviceBufferView<T> alloc(DeviceAsyncArena& arena, std::size_t count,
                                        std::size_t alignment = alignof(T)) {
  static_assert(
      std::is_trivially_destructible_v<T>,
      "daa::alloc: T must be trivially destructible; scratch memory is freed without running destructors");
  if (count > std::numeric_limits<std::size_t>::max() / sizeof(T))
    detail::throw_count_overflow("daa::alloc", count, sizeof(T));
  const bool is_too_weak = detail::is_power_of_two(alignment) && alignment < alignof(T);
  void* const data = arena.alloc_bytes(count * sizeof(T), is_too_weak ? alignof(T) : alignment);
  return {static_cast<T*>(data), count};
}

}  // namespace v0_1
}  // namespace daa
