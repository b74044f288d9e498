// A typed view of device memory: a pointer and a count.
#pragma once

#include <cstddef>
#include <type_traits>

#if defined(__CUDACC__)
#define DAA_HOST_DEVICE __host__ __device__
#else
#define DAA_HOST_DEVICE
#endif

namespace daa {
inline namespace v0_1 {

/// A non-owning view of `size()` elements of T in device memory.
///
/// Trivially copyable, so a kernel may take it by value. Converts to T*, to a view of const T and, as a
/// contiguous range, to std::span and cuda::std::span. Elements may be read and written where the memory is
/// accessible: in device code, in the stream order of the arena that the memory came from.
template <class T>
class DeviceBufferView {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using size_type = std::size_t;
  using iterator = T*;

  DeviceBufferView() = default;

  DAA_HOST_DEVICE constexpr DeviceBufferView(T* data, std::size_t size) noexcept : data_(data), size_(size) {}

  /// From a view of U, if U* converts to T* by adding only const or volatile.
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
  DAA_HOST_DEVICE constexpr DeviceBufferView(const DeviceBufferView<U>& other) noexcept
      : data_(other.data()), size_(other.size()) {}

  [[nodiscard]] DAA_HOST_DEVICE constexpr T* data() const noexcept { return data_; }
  [[nodiscard]] DAA_HOST_DEVICE constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] DAA_HOST_DEVICE constexpr std::size_t size_bytes() const noexcept {
    return size_ * sizeof(T);
  }
  [[nodiscard]] DAA_HOST_DEVICE constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] DAA_HOST_DEVICE constexpr T* begin() const noexcept { return data_; }
  [[nodiscard]] DAA_HOST_DEVICE constexpr T* end() const noexcept { return data_ + size_; }

  /// Unchecked: `i` must be less than size(). Accepts any integral type, so that the built-in subscript of
  /// the pointer is never a better match.
  template <class Index, class = std::enable_if_t<std::is_integral_v<Index>>>
  [[nodiscard]] DAA_HOST_DEVICE constexpr T& operator[](Index i) const noexcept {
    return data_[i];
  }

  [[nodiscard]] DAA_HOST_DEVICE constexpr operator T*() const noexcept { return data_; }

  /// Deleted: std::unique_ptr<T>(view) would take ownership of memory that the view does not own. (Owners are
  /// recognised by their deleter_type. With a separate deleter, or through reset(), a view still passes as
  /// the pointer that it converts to.)
  template <class Owner, class = typename Owner::deleter_type>
  operator Owner() const = delete;

  /// An lvalue view converts to std::span and cuda::std::span as a range; this operator makes an rvalue view
  /// convert too. (Spans are recognised by their shape, so neither header is needed. Spans of const elements
  /// accept any range. Shared pointers have the same shape, but a non-trivial destructor.)
  template <class Span, class Element = typename Span::element_type,
            class = std::enable_if_t<std::is_same_v<Element, T> && !std::is_const_v<T> &&
                                     std::is_trivially_destructible_v<Span> &&
                                     std::is_constructible_v<Span, T*, std::size_t>>>
  [[nodiscard]] DAA_HOST_DEVICE constexpr operator Span() && noexcept {
    return Span(data_, size_);
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace v0_1
}  // namespace daa
