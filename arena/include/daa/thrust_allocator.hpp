// The arena for Thrust's temporaries. Needs no header of Thrust.
#pragma once

#include <cstddef>
#include <limits>

#include "daa/device_async_arena.hpp"

namespace daa {
inline namespace v0_1 {

/// An allocator of a Thrust execution policy, whose algorithms then take their temporaries from `arena`:
///
///   thrust::sort(thrust::cuda::par_nosync(daa::thrust_allocator<char>{arena}).on(arena.stream()), first,
///   last);
///
/// The policy must name the arena's stream: the memory is for work on it, until the next reset(). Not an
/// allocator for containers such as thrust::device_vector, which would take T* for memory of the host.
/// A pointer to the arena, which must not be moved or die before it. One thread at a time, as the arena.
template <class T>
class thrust_allocator {
 public:
  using value_type = T;

  explicit thrust_allocator(DeviceAsyncArena& arena) noexcept : arena_(&arena) {}
  template <class U>
  thrust_allocator(const thrust_allocator<U>& other) noexcept : arena_(&other.arena()) {}

  template <class U>
  struct rebind {
    using other = thrust_allocator<U>;
  };

  /// Room for `count` uninitialised elements, aligned to max(256, alignof(T)). Null for 0.
  /// Throws CountOverflow if their size overflows (a negative count does), and otherwise as
  /// DeviceAsyncArena::alloc_bytes().
  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T))
      detail::throw_count_overflow("daa::thrust_allocator", count, sizeof(T));
    return static_cast<T*>(arena_->alloc_bytes(count * sizeof(T), alignof(T)));
  }

  /// DeviceAsyncArena::recycle(): work enqueued on the stream so far may still use the memory. Never throws:
  /// what cannot be recycled stays in use until reset(); a checked arena tells of it on stderr.
  void deallocate(T* pointer, std::size_t count) noexcept {
    detail::recycle_or_leave(*arena_, arena_->stream(), pointer, count * sizeof(T));
  }

  [[nodiscard]] DeviceAsyncArena& arena() const noexcept { return *arena_; }

 private:
  DeviceAsyncArena* arena_;
};

/// Allocators are equal if they are of one arena.
template <class T, class U>
[[nodiscard]] bool operator==(const thrust_allocator<T>& a, const thrust_allocator<U>& b) noexcept {
  return &a.arena() == &b.arena();
}
template <class T, class U>
[[nodiscard]] bool operator!=(const thrust_allocator<T>& a, const thrust_allocator<U>& b) noexcept {
  return !(a == b);
}

}  // namespace v0_1
}  // namespace daa
