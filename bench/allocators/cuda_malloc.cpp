// Raw cudaMalloc and cudaFree, which synchronises the device.

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "allocators/table.hpp"
#include "daa/error.hpp"
#include "out_of_memory.hpp"

namespace daa::bench {

namespace {

class CudaMalloc final : public ScratchAllocator {
 public:
  ~CudaMalloc() override {
    for (const Buffer& buffer : live_) static_cast<void>(cudaFree(buffer.pointer));
  }

  void* allocate(std::size_t bytes) override {
    live_.push_back({nullptr, bytes});  // what may throw comes first
    const cudaError_t error = cudaMalloc(&live_.back().pointer, bytes);
    if (error != cudaSuccess) live_.pop_back();
    throw_if_not_allocated(error, bytes, "cudaMalloc", __FILE__, __LINE__);
    reserved_ += bytes;
    return live_.back().pointer;
  }

  // From the back: most temporaries are freed soon.
  void free(void* pointer, std::size_t) override {
    const auto found = std::find_if(live_.rbegin(), live_.rend(),
                                    [pointer](const Buffer& buffer) { return buffer.pointer == pointer; });
    if (found == live_.rend()) throw std::logic_error("cuda-malloc: a free of what is not live");
    throw_if_failed(cudaFree(pointer), "cudaFree", __FILE__, __LINE__);
    reserved_ -= found->bytes;
    live_.erase(std::next(found).base());
  }

  void end_phase() override {
    cudaError_t first_error = cudaSuccess;
    for (const Buffer& buffer : live_) {
      const cudaError_t error = cudaFree(buffer.pointer);
      if (first_error == cudaSuccess) first_error = error;
    }
    live_.clear();
    reserved_ = 0;
    throw_if_failed(first_error, "cudaFree", __FILE__, __LINE__);
  }

  std::size_t bytes_reserved() const override { return reserved_; }

 private:
  struct Buffer {
    void* pointer;
    std::size_t bytes;
  };
  std::vector<Buffer> live_;
  std::size_t reserved_ = 0;
};

}  // namespace

AllocatorInfo cuda_malloc() {
  return {"cuda-malloc", "cudaMalloc and cudaFree for each temporary; synchronises the device",
          [](cudaStream_t, const Demand&) -> std::unique_ptr<ScratchAllocator> {
            return std::make_unique<CudaMalloc>();
          }};
}

}  // namespace daa::bench
