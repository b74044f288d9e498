// ArenaResource in code where 0 is the calling thread's own stream: compiled with
// CUDA_API_PER_THREAD_DEFAULT_STREAM. Uses streams only through the library: the host runtime does not
// implement the functions for this meaning of 0.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "resource_concepts.hpp"
#include "why_no_device.hpp"

#ifndef CUDA_API_PER_THREAD_DEFAULT_STREAM
#error "compile this file with -DCUDA_API_PER_THREAD_DEFAULT_STREAM"
#endif

namespace daa::test {

/// An arena on stream 0, created where that is the legacy stream: in arena_resource_test.cpp.
DeviceAsyncArena arena_of_the_legacy_stream();

namespace {

const cuda::stream_ref zero{cudaStream_t{nullptr}};

template <class Allocate>
void expect_refusal(const std::string& streams, Allocate allocate) {
  try {
    static_cast<void>(allocate());
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string{error.what()}.find(streams), std::string::npos) << error.what();
  }
}

class ArenaResourceOfAThread : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_device(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(ArenaResourceOfAThread, AcceptsZeroAsTheThreadsStream) {
  DeviceAsyncArena arena{nullptr};
  const ArenaResource resource = arena.resource();
  EXPECT_EQ(resource.stream(), cudaStreamPerThread);
  for (const cuda::stream_ref name : {zero, cuda::stream_ref{cudaStreamPerThread}}) {
    resource.deallocate(name, resource.allocate(name, 1'000), 1'000);
    EXPECT_EQ(arena.stats().bytes_in_use, 0u);
    resource.deallocate_async(resource.allocate_async(1'000, 8, name), 1'000, 8, name);
    EXPECT_EQ(arena.stats().bytes_in_use, 0u);
  }
  expect_refusal("the stream is cudaStreamLegacy, and the arena's is cudaStreamPerThread",
                 [&] { return resource.allocate(cuda::stream_ref{cudaStreamLegacy}, 1'000); });
}

TEST_F(ArenaResourceOfAThread, RefusesZeroForAnArenaOnTheLegacyStream) {
  DeviceAsyncArena arena = arena_of_the_legacy_stream();
  const ArenaResource resource = arena.resource();
  EXPECT_EQ(resource.stream(), cudaStreamLegacy);
  const std::string streams = "the stream is cudaStreamPerThread, and the arena's is cudaStreamLegacy";
  expect_refusal(streams, [&] { return resource.allocate(zero, 1'000); });
  expect_refusal(streams, [&] { return resource.allocate_async(1'000, 8, zero); });
  const cuda::stream_ref legacy{cudaStreamLegacy};
  void* const pointer = resource.allocate(legacy, 1'000);
  resource.deallocate(zero, pointer, 1'000);
  EXPECT_EQ(arena.stats().bytes_in_use, 1'024u);
  resource.deallocate(legacy, pointer, 1'000);
  resource.deallocate_sync(resource.allocate_sync(1'000), 1'000);
  EXPECT_EQ(arena.stats().bytes_in_use, 0u);
#if CCCL_VERSION >= 3001000
  EXPECT_EQ(resource.query(cuda::get_stream).get(), cudaStreamLegacy);
#endif
}

}  // namespace
}  // namespace daa::test
