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

/// `size()` elements of T in device memory, which somebody else owns.
///
/// Trivially copyable, so a kernel may take it by value; converts to T*, to a view of const T and, as a
/// contiguous range, to std::span and cuda::std::span. Elements may be read and written where the memory is
/// accessible: in device code, in the stream order of the arena it came from.
template <class T>
class DeviceBufferView {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using size_type = std::size_t;
  using iterator = T*;

  DeviceBufferView() = default;

  DAA_HOST_DEVICE constexpr DeviceBufferView(T* data, std::size_t size) noexcept : data_(data), size_(size) {}

  /// From a view of U where U* converts to T* by adding const or volatile only.
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

  /// Unchecked: `i` must be below size(). Any integral type, so that none prefers the pointer's own
  /// subscript.
  template <class Index, class = std::enable_if_t<std::is_integral_v<Index>>>
  [[nodiscard]] DAA_HOST_DEVICE constexpr T& operator[](Index i) const noexcept {
    return data_[i];
  }

  [[nodiscard]] DAA_HOST_DEVICE constexpr operator T*() const noexcept { return data_; }

  /// Not std::unique_ptr<T>(view): the memory is somebody else's. (Owners are told by their deleter_type.
  /// With a deleter beside it, or by reset(), a view still passes as the pointer that it converts to.)
  template <class Owner, class = typename Owner::deleter_type>
  operator Owner() const = delete;

  /// A view with a name is a range to std::span and cuda::std::span; this makes one without a name
  /// convertible too. (Spans are told by their shape, so that neither header is needed; those of const
  /// elements take any range. Shared pointers have that shape, and a destructor.)
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
