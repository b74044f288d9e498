// A fixture for tests of the host runtime's additions to the CUDA runtime API (misuse detection, log, faults,
// limits): streams, a way to block them, and a check for violations.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <future>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "daa/host_runtime.hpp"

namespace daa::test {

namespace host = daa::host_runtime;

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;
inline constexpr std::size_t granule = 2 * MiB;
inline constexpr std::uint64_t keep_everything = std::numeric_limits<std::uint64_t>::max();

#define EXPECT_CUDA(call) EXPECT_EQ((call), cudaSuccess)

/// Blocks a stream from its construction to open().
class Gate {
 public:
  explicit Gate(cudaStream_t stream) {
    EXPECT_CUDA(host::launch(stream, {}, [opened = opened_.get_future().share()] { opened.wait(); }));
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { open(); }
  void open() {
    if (!std::exchange(is_open_, true)) opened_.set_value();
  }

 private:
  std::promise<void> opened_;
  bool is_open_ = false;
};

/// A host runtime in its initial state and a stream. Fails the test if there is a violation at the end that
/// the test has not checked.
class HostRuntime : public ::testing::Test {
 protected:
  HostRuntime() {
    host::reset();
    stream = make_stream();
    other = make_stream();
    host::clear_calls();
  }
  ~HostRuntime() override {
    host::clear_fault();
    EXPECT_TRUE(host::violations().empty()) << host::violations().front();
    host::reset();
  }

  static cudaStream_t make_stream() {
    cudaStream_t made = nullptr;
    EXPECT_CUDA(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
    return made;
  }
  static cudaMemPool_t make_pool(std::uint64_t threshold, int device = 0, std::size_t max_size = 0) {
    cudaMemPoolProps props{};
    props.allocType = cudaMemAllocationTypePinned;
    props.location = {cudaMemLocationTypeDevice, device};
    props.maxSize = max_size;
    cudaMemPool_t made = nullptr;
    EXPECT_CUDA(cudaMemPoolCreate(&made, &props));
    EXPECT_CUDA(cudaMemPoolSetAttribute(made, cudaMemPoolAttrReleaseThreshold, &threshold));
    return made;
  }
  static std::uint64_t reserved(cudaMemPool_t pool) {
    std::uint64_t value = 0;
    EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &value));
    return value;
  }

  static unsigned char* allocate(std::size_t bytes, cudaStream_t on) {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&pointer, bytes, on));
    return static_cast<unsigned char*>(pointer);
  }
  unsigned char* allocate(std::size_t bytes) const { return allocate(bytes, stream); }
  static unsigned char* allocate_from(cudaMemPool_t pool, std::size_t bytes, cudaStream_t on) {
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocFromPoolAsync(&pointer, bytes, pool, on));
    return static_cast<unsigned char*>(pointer);
  }
  void free(void* pointer) const { EXPECT_CUDA(cudaFreeAsync(pointer, stream)); }
  void synchronize() const { EXPECT_CUDA(cudaStreamSynchronize(stream)); }

  /// Writes in stream order without the runtime's checks.
  void scribble(unsigned char* at) const {
    EXPECT_CUDA(host::launch(stream, {}, [at] { *at = static_cast<unsigned char>(~*at); }));
  }
  /// Keeps idle memory mapped across synchronisations, so that it can be misused.
  static void keep_memory() {
    cudaMemPool_t pool = nullptr;
    EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
    std::uint64_t threshold = keep_everything;
    EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  }

  /// Whether there is exactly one violation, which contains all of these texts; clears it.
  static ::testing::AssertionResult violates(const std::vector<std::string>& saying) {
    const std::vector<std::string> found = host::violations();
    host::clear_violations();
    if (found.size() != 1) return ::testing::AssertionFailure() << found.size() << " violations";
    for (const std::string& part : saying) {
      if (found[0].find(part) == std::string::npos) {
        return ::testing::AssertionFailure() << "\"" << found[0] << "\" does not say \"" << part << "\"";
      }
    }
    return ::testing::AssertionSuccess();
  }

  cudaStream_t stream = nullptr;
  cudaStream_t other = nullptr;
};

inline std::string hex(const void* pointer) {
  char text[32];
  std::snprintf(text, sizeof text, "%p", pointer);
  return text;
}

}  // namespace daa::test
