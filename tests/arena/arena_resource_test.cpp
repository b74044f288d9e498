// Every overload of ArenaResource, without CUB, on the host runtime.

#include "daa/thrust_allocator.hpp"
#include "resource_concepts.hpp"
#include "stream_fixture.hpp"
#include "text_match.hpp"

static_assert(CCCL_VERSION == DAA_EXPECTED_CCCL_VERSION,
              "CCCL on the include path differs from the one that CMake found");

namespace daa::test {

// For arena_resource_per_thread_test.cpp.
DeviceAsyncArena arena_of_the_legacy_stream();
DeviceAsyncArena arena_of_the_legacy_stream() {
  return DeviceAsyncArena{nullptr};
}

namespace {

class ArenaResourceTest : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    if (!IsSkipped()) DAA_CUDA_CHECK(cudaStreamCreateWithFlags(&foreign_, cudaStreamNonBlocking));
  }
  void TearDown() override {
    if (foreign_ != nullptr) {
      EXPECT_EQ(cudaStreamDestroy(foreign_), cudaSuccess);
    }
    StreamFixture::TearDown();
  }
  [[nodiscard]] cudaStream_t foreign() const { return foreign_; }

 private:
  cudaStream_t foreign_ = nullptr;
};

TEST_F(ArenaResourceTest, EveryOverloadAllocatesFromTheArenaAndRecycles) {
  DeviceAsyncArena arena{stream()};
  const ArenaResource resource = arena.resource();
  void* const place = arena.alloc_bytes(1'000);
  arena.recycle(place, 1'000);
  const auto at_the_place = [&](void* pointer) {
    EXPECT_EQ(pointer, place) << "the arena's next byte, and the same one each time";
    EXPECT_EQ(arena.stats().bytes_in_use, 1'024u);
    return pointer;
  };
  std::size_t allocations = arena.stats().allocations;
  const auto all_is_back = [&] {
    EXPECT_EQ(arena.stats().bytes_in_use, 0u);
    EXPECT_EQ(arena.stats().allocations, ++allocations);
  };

  resource.deallocate(at_the_place(resource.allocate(1'000, 8)), 1'000, 8);
  all_is_back();
  resource.deallocate_async(at_the_place(resource.allocate_async(1'000, 8, stream())), 1'000, 8, stream());
  all_is_back();
  resource.deallocate_sync(at_the_place(resource.allocate_sync(1'000, 8)), 1'000, 8);
  all_is_back();
  resource.deallocate(stream(), at_the_place(resource.allocate(stream(), 1'000, 8)), 1'000, 8);
  all_is_back();
  resource.deallocate(stream(), at_the_place(resource.allocate(stream(), 1'000)), 1'000);
  all_is_back();
}

TEST_F(ArenaResourceTest, AlignmentIsAsRequestedAndAtLeast256) {
  DeviceAsyncArena arena{stream()};
  const ArenaResource resource = arena.resource();
  static_cast<void>(resource.allocate(stream(), 1));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(resource.allocate(stream(), 1, 1)) % 256, 0u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(resource.allocate(stream(), 1, 4'096)) % 4'096, 0u);
  EXPECT_THROW(static_cast<void>(resource.allocate(stream(), 1, 3)), std::invalid_argument);
  EXPECT_EQ(resource.allocate(stream(), 0), nullptr);
  resource.deallocate(stream(), nullptr, 0);
}

TEST_F(ArenaResourceTest, AForeignStreamIsRefusedWithBothNames) {
  DeviceAsyncArena arena{stream()};
  const ArenaResource resource = arena.resource();
  std::ostringstream own, asked;
  own << static_cast<const void*>(stream());
  asked << static_cast<const void*>(foreign());
  const auto refusal = [&](auto&& allocate) -> std::string {
    try {
      static_cast<void>(allocate());
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "not refused";
  };
  for (const std::string& message : {refusal([&] { return resource.allocate(foreign(), 100); }),
                                     refusal([&] { return resource.allocate_async(100, 8, foreign()); })}) {
    EXPECT_TRUE(bench::contains(message, "allocate: the stream is " + asked.str()));
    EXPECT_TRUE(bench::contains(message, "the arena's is " + own.str()));
  }
  EXPECT_EQ(arena.stats().life.allocations, 0u);
}

TEST_F(ArenaResourceTest, TheLegacyStreamHasTwoNames) {
  for (const cudaStream_t name : {cudaStream_t{nullptr}, cudaStreamLegacy}) {
    for (const bool checked : {false, true}) {
      ArenaOptions options;
      options.checked = checked;
      DeviceAsyncArena arena{name, {}, options};
      const ArenaResource resource = arena.resource();
      for (const cudaStream_t other : {cudaStream_t{nullptr}, cudaStreamLegacy}) {
        void* const pointer = resource.allocate(cuda::stream_ref{other}, 1'000);
        resource.deallocate(cuda::stream_ref{other}, pointer, 1'000);
        EXPECT_EQ(arena.stats().bytes_in_use, 0u);
      }
      EXPECT_THROW(static_cast<void>(resource.allocate(cuda::stream_ref{cudaStreamPerThread}, 1)),
                   std::invalid_argument);
    }
  }
}

TEST_F(ArenaResourceTest, MemoryDeallocatedOnAForeignStreamStaysInUseUntilReset) {
  DeviceAsyncArena arena{stream()};
  const ArenaResource resource = arena.resource();
  void* const pointer = resource.allocate(stream(), 1'000);
  resource.deallocate(foreign(), pointer, 1'000);
  resource.deallocate_async(pointer, 1'000, 8, foreign());
  EXPECT_EQ(arena.stats().bytes_in_use, 1'024u);
  EXPECT_NE(resource.allocate(stream(), 1'000), pointer);
  arena.reset();
  EXPECT_EQ(resource.allocate(stream(), 1'000), pointer);
}

TEST_F(ArenaResourceTest, DeallocatingMemoryOfAnotherPhaseIsIgnored) {
  DeviceAsyncArena arena{stream()};
  const ArenaResource resource = arena.resource();
  static_cast<void>(resource.allocate(stream(), 1'000));
  int not_of_the_arena = 0;
  const cuda::stream_ref own = stream();
  static_assert(noexcept(resource.deallocate(own, &not_of_the_arena, sizeof(not_of_the_arena))));
  resource.deallocate(own, &not_of_the_arena, sizeof(not_of_the_arena));
  resource.deallocate_sync(&not_of_the_arena, sizeof(not_of_the_arena));
  thrust_allocator<int>{arena}.deallocate(&not_of_the_arena, 1);
  EXPECT_EQ(arena.stats().bytes_in_use, 1'024u);
}

TEST_F(ArenaResourceTest, ACheckedArenaReportsWhatDeallocateMustNotThrow) {
  ArenaOptions options;
  options.checked = true;
  DeviceAsyncArena arena{stream(), {}, options};
  const ArenaResource resource = arena.resource();
  void* const pointer = resource.allocate(stream(), 1'000);
  fill(pointer, 1, 1'002);
  ::testing::internal::CaptureStderr();
  resource.deallocate(foreign(), pointer, 1'000);
  resource.deallocate(stream(), pointer, 999);
  resource.deallocate(stream(), pointer, 1'000);
  const std::string output = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(bench::contains(output, "deallocate: the stream is "));
  EXPECT_TRUE(bench::contains(output, "has a different size"));
  EXPECT_TRUE(bench::contains(output, "2 bytes after it were overwritten"));
  EXPECT_THROW(arena.reset(), MemoryOverrun) << "as at the end of a scope";
  EXPECT_NO_THROW(arena.reset());
}

TEST_F(ArenaResourceTest, CopiesAreEqualAndHandlesOfAnotherArenaAreNot) {
  DeviceAsyncArena arena{stream()}, other{stream()};
  const ArenaResource resource = arena.resource();
  ArenaResource copy = other.resource();
  EXPECT_TRUE(copy != resource);
  copy = resource;
  EXPECT_TRUE(copy == resource);
  EXPECT_FALSE(copy != resource);
  EXPECT_EQ(&copy.arena(), &arena);
}

TEST_F(ArenaResourceTest, AllocatesThroughAResourceRef) {
  DeviceAsyncArena arena{stream()};
  ArenaResource resource = arena.resource();
#if CCCL_VERSION < 3001000
  cuda::mr::async_resource_ref<cuda::mr::device_accessible> ref{resource};
  void* const pointer = ref.allocate_async(1'000, 8, stream());
  EXPECT_EQ(arena.stats().bytes_in_use, 1'024u);
  ref.deallocate_async(pointer, 1'000, 8, stream());
#else
  cuda::mr::resource_ref<cuda::mr::device_accessible> ref{resource};
  void* const pointer = ref.allocate(stream(), 1'000, 8);
  EXPECT_EQ(arena.stats().bytes_in_use, 1'024u);
  ref.deallocate(stream(), pointer, 1'000, 8);
#endif
  EXPECT_EQ(arena.stats().bytes_in_use, 0u);
  EXPECT_EQ(arena.stats().allocations, 1u);
}

#if CCCL_VERSION >= 3001000
TEST_F(ArenaResourceTest, AnEnvironmentAnswersWithTheArenaAndItsStream) {
  DeviceAsyncArena arena{stream()};
  const ArenaResource resource = arena.resource();
  const cuda::std::execution::env environment{cuda::stream_ref{stream()}, resource};
  EXPECT_TRUE(environment.query(cuda::mr::get_memory_resource) == resource);
  EXPECT_TRUE(resource.query(cuda::mr::get_memory_resource) == resource);
  EXPECT_EQ(cuda::get_stream(resource).get(), stream());
  EXPECT_EQ(resource.query(cuda::get_stream).get(), stream());
}
#endif

using ThrustAllocatorTest = ArenaResourceTest;

TEST_F(ThrustAllocatorTest, AllocatesElementsAndRecyclesThem) {
  DeviceAsyncArena arena{stream()};
  thrust_allocator<double> allocator{arena};
  static_assert(std::is_same_v<decltype(allocator.allocate(std::ptrdiff_t{1})), double*>);
  double* const first = allocator.allocate(100);
  EXPECT_EQ(arena.stats().bytes_requested, 800u);
  allocator.deallocate(first, 100);
  EXPECT_EQ(arena.stats().bytes_in_use, 0u);
  EXPECT_EQ(allocator.allocate(100), first);
  EXPECT_EQ(allocator.allocate(0), nullptr);
  allocator.deallocate(nullptr, 0);
}

TEST_F(ThrustAllocatorTest, RefusesASizeThatOverflows) {
  DeviceAsyncArena arena{stream()};
  thrust_allocator<double> allocator{arena};
  EXPECT_THROW(static_cast<void>(allocator.allocate(std::size_t{1} << 61)), CountOverflow);
  EXPECT_THROW(static_cast<void>(allocator.allocate(static_cast<std::size_t>(-1))), CountOverflow);
  EXPECT_EQ(arena.stats().life.allocations, 0u);
}

TEST_F(ThrustAllocatorTest, ConvertsToOtherElementsOfTheSameArena) {
  DeviceAsyncArena arena{stream()}, other{stream()};
  const thrust_allocator<char> chars{arena};
  const std::allocator_traits<thrust_allocator<char>>::rebind_alloc<int> ints{chars};
  static_assert(std::is_same_v<decltype(ints), const thrust_allocator<int>>);
  EXPECT_TRUE(ints == chars);
  EXPECT_FALSE(ints != chars);
  EXPECT_TRUE(ints != thrust_allocator<int>{other});
}

}  // namespace
}  // namespace daa::test
