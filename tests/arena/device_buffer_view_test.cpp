// Conversions of a view, and conversions that must not compile. (As a kernel argument: seed_api_gpu_test.cu.)

#include "daa/device_buffer_view.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

using View = DeviceBufferView<float>;
using ConstView = DeviceBufferView<const float>;

struct Deleter {
  void operator()(const void*) const {}
};

template <class To, class From>
concept braced = requires(From&& from) {
  To{std::forward<From>(from)};
};

// Whether an rvalue, an lvalue or a const lvalue of type From converts or is assigned to an Owner.
template <class Owner, class From>
constexpr bool owns =
    std::is_constructible_v<Owner, From> || std::is_constructible_v<Owner, From&> ||
    std::is_constructible_v<Owner, const From&> || braced<Owner, From> || braced<Owner, From&> ||
    braced<Owner, const From&> || std::is_convertible_v<From, Owner> || std::is_convertible_v<From&, Owner> ||
    std::is_assignable_v<Owner&, From> || std::is_assignable_v<Owner&, From&> ||
    std::is_assignable_v<Owner&, const From&>;

// The memory belongs to the arena: an owner would delete it.
static_assert(!owns<std::unique_ptr<float>, View> && !owns<std::unique_ptr<const float>, View>);
static_assert(!owns<std::unique_ptr<const float>, ConstView> && !owns<std::unique_ptr<float>, ConstView>);
static_assert(!owns<std::unique_ptr<float[]>, View> && !owns<std::unique_ptr<const float[]>, ConstView>);
static_assert(!owns<std::unique_ptr<float, Deleter>, View> && !owns<std::unique_ptr<void, Deleter>, View>);
static_assert(!owns<std::shared_ptr<float>, View> && !owns<std::shared_ptr<void>, View>);
static_assert(!owns<std::shared_ptr<float[]>, View> && !owns<std::shared_ptr<const float>, ConstView>);
static_assert(std::is_constructible_v<std::unique_ptr<float>, float*>, "a pointer converts");

template <class From, class... To>
constexpr bool converts = (... && (std::is_convertible_v<From, To> && std::is_convertible_v<From&, To> &&
                                   std::is_convertible_v<const From&, To>));

static_assert(converts<View, float*, const float*, volatile float*, void*, const void*, bool, ConstView>);
static_assert(converts<ConstView, const float*, const void*, bool>);
static_assert(!std::is_convertible_v<ConstView, float*> && !std::is_convertible_v<ConstView, void*> &&
              !std::is_convertible_v<ConstView, View> && !std::is_convertible_v<View, double*>);
static_assert(converts<View, std::span<const float>> && converts<ConstView, std::span<const float>>);
static_assert(std::is_convertible_v<View, std::span<float>> &&
              std::is_convertible_v<View&, std::span<float>> &&
              std::is_constructible_v<std::span<float>, const View&>);
static_assert(std::is_trivially_copyable_v<View> && std::is_trivially_destructible_v<View>);

class DeviceBufferViews : public StreamFixture {};

TEST_F(DeviceBufferViews, IsWrittenLikeAPointer) {
  DeviceAsyncArena arena{stream()};
  const auto view = alloc<float>(arena, 4);
  const View none;
  EXPECT_EQ(view + 1, view.data() + 1);
  EXPECT_TRUE(view ? true : false);
  EXPECT_FALSE(none ? true : false);
  EXPECT_TRUE(none == nullptr && nullptr == none && view != nullptr && nullptr != view);
  EXPECT_TRUE(view == view && view != none && view == view.data() && !none);
  EXPECT_TRUE(ConstView{view} == view && view == static_cast<const void*>(view.data()));
  const float* const chosen = none ? none : view;
  EXPECT_EQ(chosen, view.data());
  EXPECT_EQ(&view[1] - view, 1);
}

TEST_F(DeviceBufferViews, PassesToTheRuntimeWithoutACast) {
  DeviceAsyncArena arena{stream()};
  const auto view = alloc<int>(arena, 4);
  DAA_CUDA_CHECK(cudaMemsetAsync(view, 1, view.size_bytes(), stream()));
  int result[4] = {};
  DAA_CUDA_CHECK(cudaMemcpyAsync(result, view + 2, 2 * sizeof(int), cudaMemcpyDeviceToHost, arena.stream()));
  DAA_CUDA_CHECK(cudaMemcpyAsync(result + 2, DeviceBufferView<const int>{view}, 2 * sizeof(int),
                                 cudaMemcpyDeviceToHost, stream()));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream()));
  for (const int each : result) EXPECT_EQ(each, 0x01010101);
}

}  // namespace
}  // namespace daa::test
