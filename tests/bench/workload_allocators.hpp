// Allocators to run workloads with: an honest one, and some that are wrong in a known way.
#pragma once

#include <cstddef>
#include <vector>

#include "allocators/allocator.hpp"
#include "daa/error.hpp"
#include "device/device_buffer.hpp"

namespace daa::test {

/// One cudaMalloc() an allocation. Counts what is asked in a phase.
class HonestAllocator : public bench::ScratchAllocator {
 public:
  explicit HonestAllocator(cudaStream_t stream) : stream_(stream) {}

  void* allocate(std::size_t bytes) override {
    allocations_.push_back(bench::malloc_device(bytes));
    asked_.push_back(bytes);
    return allocations_.back().get();
  }

  void end_phase() override {
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream_));
    allocations_.clear();
    asked_.clear();
  }

  [[nodiscard]] std::size_t bytes_reserved() const override { return 0; }

  /// Sizes asked in this phase so far.
  [[nodiscard]] const std::vector<std::size_t>& asked() const { return asked_; }

 private:
  cudaStream_t stream_;
  std::vector<std::unique_ptr<void, bench::CudaFree>> allocations_;
  std::vector<std::size_t> asked_;
};

/// Cuts every phase's allocations from one block. Makes no CUDA call in a phase.
class BlockAllocator : public bench::ScratchAllocator {
 public:
  /// Where in the block an allocation begins, given the end of the one before it.
  using Placement = std::size_t (*)(std::size_t end_of_previous);

  static constexpr std::size_t alignment = 256;

  static std::size_t behind_previous(std::size_t end) {
    return (end + alignment - 1) / alignment * alignment;
  }
  static std::size_t all_at_start(std::size_t) { return 0; }
  static std::size_t over_end_of_previous(std::size_t end) {
    return end == 0 ? 0 : behind_previous(end) - alignment;
  }

  BlockAllocator(std::size_t bytes, Placement placement) : block_(bytes), placement_(placement) {}

  void* allocate(std::size_t bytes) override {
    const std::size_t begin = placement_(end_);
    if (begin + bytes > block_.size()) throw OutOfDeviceMemory({.bytes_asked = bytes});
    end_ = begin + bytes;
    return block_.data() + begin;
  }

  void end_phase() override { end_ = 0; }
  [[nodiscard]] std::size_t bytes_reserved() const override { return block_.size(); }

 private:
  bench::DeviceBuffer<std::byte> block_;
  Placement placement_;
  std::size_t end_ = 0;
};

/// Honest for `successes` allocations, then out of memory.
class ExhaustedAllocator : public HonestAllocator {
 public:
  ExhaustedAllocator(cudaStream_t stream, std::size_t successes)
      : HonestAllocator(stream), left_(successes) {}

  void* allocate(std::size_t bytes) override {
    if (left_ == 0) throw OutOfDeviceMemory({.bytes_asked = bytes});
    --left_;
    return HonestAllocator::allocate(bytes);
  }

 private:
  std::size_t left_;
};

}  // namespace daa::test
