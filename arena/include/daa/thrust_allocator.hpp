// An allocator that gives Thrust's algorithms temporaries from an arena. Includes no Thrust header.
#pragma once

#include <cstddef>
#include <limits>

#include "daa/device_async_arena.hpp"

namespace daa {
inline namespace v0_1 {

/// An allocator for a Thrust execution policy. Algorithms with that policy take their temporaries from
/// `arena`:
///
///   const auto policy = thrust::cuda::par_nosync(daa::thrust_allocator<char>{arena}).on(arena.stream());
///   thrust::sort(policy, first, last);
///
/// The policy must use the arena's stream: the memory is for work on that stream until the next reset(). Not
/// an allocator for containers such as thrust::device_vector, which would treat T* as host memory. Holds a
/// pointer to the arena, which must outlive it and must not be moved meanwhile. One thread at a time, as the
/// arena.
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

  /// Returns uninitialised memory for `count` elements, aligned to max(256, alignof(T)); null for 0. Throws
  /// CountOverflow if the size overflows (as a negative count does), and otherwise as
  /// DeviceAsyncArena::alloc_bytes().
  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T))
      detail::throw_count_overflow("daa::thrust_allocator", count, sizeof(T));
    return static_cast<T*>(arena_->alloc_bytes(count * sizeof(T), alignof(T)));
  }

  /// As DeviceAsyncArena::recycle(): work enqueued on the stream so far may still use the memory. Never
  /// throws: memory that cannot be recycled stays in use until reset(); a checked arena prints the reason to
  /// stderr.
  void deallocate(T* pointer, std::size_t count) noexcept {
    detail::recycle_or_leave(*arena_, arena_->stream(), pointer, count * sizeof(T));
  }

  [[nodiscard]] DeviceAsyncArena& arena() const noexcept { return *arena_; }

 private:
  DeviceAsyncArena* arena_;
};

/// Allocators are equal if they refer to the same arena.
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
