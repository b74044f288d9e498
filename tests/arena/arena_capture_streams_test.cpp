// Captures and the default streams.

#include "arena_capture_fixture.hpp"

namespace daa::test {
namespace {

TEST_P(ArenaCapture, ACaptureOfTheThreadsOwnDefaultStreamStaysValid) {
  for (const bool checked : {false, true}) {
    ArenaOptions options;
    options.backing = GetParam();
    options.capture = CapturePolicy::presized;
    options.checked = checked;
    DeviceAsyncArena arena{cudaStreamPerThread, arena_pool(), options};
    static_cast<void>(arena.alloc_bytes(bytes));
    arena.reset();
    ASSERT_CUDA(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeThreadLocal));
    void* const scratch = arena.alloc_bytes(bytes);
    EXPECT_CUDA(cudaMemsetAsync(scratch, 1, bytes, cudaStreamPerThread));
    arena.reset();
    cudaGraph_t captured = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(cudaStreamPerThread, &captured));
    EXPECT_EQ(count(captured, cudaGraphNodeTypeMemset), 1u);
    EXPECT_CUDA(cudaGraphDestroy(captured));
    EXPECT_CUDA(cudaStreamSynchronize(cudaStreamPerThread));
  }
}

// The legacy stream synchronises with blocking streams. While one of them is captured, memory can be neither
// allocated nor freed on the legacy stream.
TEST_P(ArenaCapture, AnArenaOnTheLegacyStreamLeavesOtherCapturesValid) {
  for (const CapturePolicy policy : {CapturePolicy::refuse_growth, CapturePolicy::presized}) {
    cudaStream_t blocking = nullptr;
    ASSERT_CUDA(cudaStreamCreate(&blocking));
    ArenaOptions options;
    options.backing = GetParam();
    options.capture = policy;
    DeviceAsyncArena arena{cudaStreamLegacy, arena_pool(), options};
    static_cast<void>(arena.alloc_bytes(bytes));
    arena.reset();
    ASSERT_CUDA(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeRelaxed));
    if (GetParam() == Backing::mapped) {
      EXPECT_NO_THROW(static_cast<void>(arena.alloc_bytes(64 * MiB)));
    } else {
      EXPECT_THROW(static_cast<void>(arena.alloc_bytes(64 * MiB)), CudaError);
    }
    arena.trim();
    arena.reset();
    EXPECT_EQ(status(blocking), cudaStreamCaptureStatusActive);
    cudaGraph_t empty = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(blocking, &empty));
    EXPECT_CUDA(cudaGraphDestroy(empty));
    EXPECT_CUDA(cudaStreamDestroy(blocking));
    EXPECT_NO_THROW(static_cast<void>(arena.alloc_bytes(64 * MiB)));
  }
}

}  // namespace
}  // namespace daa::test
