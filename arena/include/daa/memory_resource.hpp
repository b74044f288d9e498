// The arena as a CCCL memory resource: for CUB's environments, for cuda::mr and for RMM.
//
// CCCL must be on the include path. CUDA toolkits ship it in include/cccl (before 13.0: in include), where
// nvcc finds it without an option; CMake provides the target CCCL::CCCL.
#pragma once

#if !__has_include(<cuda/memory_resource>)
#error \
    "daa/memory_resource.hpp needs CCCL, which is not on the include path: add the CUDA toolkit's include/cccl"
#endif
#include <cuda/std/version>

#if CCCL_VERSION < 2007000
#error "daa/memory_resource.hpp needs CCCL 2.7 (CUDA 12.8) or newer: put it first on the include path"
#endif

// CCCL up to 3.0 declares memory resources, and CCCL 3.1 declares resource_ref, only if this macro is
// defined before its first header.
#if CCCL_VERSION < 3002000 && !defined(LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE)
#if CCCL_VERSION < 3001000 && defined(_CUDA_MEMORY_RESOURCE)
#error "include daa/memory_resource.hpp first, or define LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE"
#endif
#define LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE
#endif

#include <cuda/memory_resource>
#include <cuda/stream_ref>

#include <cstddef>

#include "daa/device_async_arena.hpp"

namespace daa {
inline namespace v0_1 {

/// A copyable handle of an arena, from DeviceAsyncArena::resource(). It is a device-accessible memory
/// resource in the terms of CCCL 2.7 to 3.0 (`resource`, `async_resource`) and of CCCL 3.1 and later
/// (`synchronous_resource`, `resource`). From 3.1 on it is also an execution environment that provides the
/// arena's stream and its memory: pass it as CUB's last argument, or as a part of that.
///
/// All memory is scratch memory of the arena: it may be used by work on the arena's stream until the next
/// reset(), whether it is deallocated before or not. This also holds for the overloads without a stream: they
/// use the arena's stream and wait for nothing.
///
/// A container that holds such memory and deallocates it in its destructor must be destroyed before reset().
///
/// A handle is a pointer to the arena. It must not be used after the arena was moved or destroyed. It may be
/// copied anywhere, but all copies are used by one thread at a time, as the arena is.
class ArenaResource {
 public:
  explicit ArenaResource(DeviceAsyncArena& arena) noexcept : arena_(&arena) {}

  [[nodiscard]] DeviceAsyncArena& arena() const noexcept { return *arena_; }
  [[nodiscard]] cudaStream_t stream() const noexcept { return arena_->stream(); }

  /// As DeviceAsyncArena::alloc_bytes(). Throws std::invalid_argument, with nothing changed, if `stream` is
  /// not the arena's stream (0 and cudaStreamLegacy are the same stream, unless 0 is the thread's own: see
  /// device_async_arena.hpp). CUB reports every exception from here as cudaErrorMemoryAllocation.
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  [[nodiscard]] void* allocate(cuda::stream_ref stream, std::size_t bytes,
                               std::size_t alignment = detail::min_alignment) const {
    const cudaStream_t asked = detail::named_stream<ZeroIsPerThread>(stream.get());
    if (asked != this->stream()) detail::throw_foreign_stream("allocate", asked, this->stream());
    return arena_->alloc_bytes(bytes, alignment);
  }

  /// As DeviceAsyncArena::recycle(). Never throws: memory that cannot be recycled, or that is deallocated on
  /// a stream that is not the arena's, stays in use until reset(); a checked arena prints the reason to
  /// stderr.
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  void deallocate(cuda::stream_ref stream, void* pointer, std::size_t bytes,
                  std::size_t /*alignment*/ = detail::min_alignment) const noexcept {
    detail::recycle_or_leave(*arena_, detail::named_stream<ZeroIsPerThread>(stream.get()), pointer, bytes);
  }

  // On the arena's stream, as CCCL 3.1 and later call it.
  [[nodiscard]] void* allocate_sync(std::size_t bytes, std::size_t alignment = detail::min_alignment) const {
    return arena_->alloc_bytes(bytes, alignment);
  }
  void deallocate_sync(void* pointer, std::size_t bytes,
                       std::size_t /*alignment*/ = detail::min_alignment) const noexcept {
    detail::recycle_or_leave(*arena_, stream(), pointer, bytes);
  }

  // The interface of CCCL 2.7 to 3.0.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment = detail::min_alignment) const {
    return allocate_sync(bytes, alignment);
  }
  void deallocate(void* pointer, std::size_t bytes,
                  std::size_t alignment = detail::min_alignment) const noexcept {
    deallocate_sync(pointer, bytes, alignment);
  }
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  [[nodiscard]] void* allocate_async(std::size_t bytes, std::size_t alignment,
                                     cuda::stream_ref stream) const {
    return allocate<ZeroIsPerThread>(stream, bytes, alignment);
  }
  template <bool ZeroIsPerThread = detail::zero_is_per_thread>
  void deallocate_async(void* pointer, std::size_t bytes, std::size_t alignment,
                        cuda::stream_ref stream) const noexcept {
    deallocate<ZeroIsPerThread>(stream, pointer, bytes, alignment);
  }

  /// Handles are equal if they refer to the same arena.
  friend bool operator==(const ArenaResource& a, const ArenaResource& b) noexcept {
    return a.arena_ == b.arena_;
  }
  friend bool operator!=(const ArenaResource& a, const ArenaResource& b) noexcept { return !(a == b); }

  friend constexpr void get_property(const ArenaResource&, cuda::mr::device_accessible) noexcept {}

#if CCCL_VERSION >= 3002000
  using default_queries = cuda::mr::properties_list<cuda::mr::device_accessible>;  // for cuda::make_buffer()
#endif

#if CCCL_VERSION >= 3001000
  /// The queries that CUB makes to an environment. Without the first one it would use cudaMallocAsync.
  [[nodiscard]] ArenaResource query(const cuda::mr::get_memory_resource_t&) const noexcept {
    return *this;
  }
  [[nodiscard]] cuda::stream_ref query(const cuda::get_stream_t&) const noexcept {
    return stream();
  }
#endif

 private:
  DeviceAsyncArena* arena_;
};

inline ArenaResource DeviceAsyncArena::resource() noexcept {
  return ArenaResource{*this};
}

}  // namespace v0_1
}  // namespace daa
