#include "driver/l2_flush.hpp"

#include <algorithm>

namespace daa::bench {

namespace {

std::size_t l2_bytes() {
  int device = 0, bytes = 0;
  DAA_CUDA_CHECK(cudaGetDevice(&device));
  DAA_CUDA_CHECK(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device));
  return static_cast<std::size_t>(bytes);
}

}  // namespace

L2Flush::L2Flush() : buffer_(std::max(2 * l2_bytes(), std::size_t{1} << 20)) {}

void L2Flush::flush(cudaStream_t stream) {
  buffer_.fill_bytes(0, stream);
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
}

}  // namespace daa::bench
