#include "daa/error.hpp"
#include "daa/host_runtime.hpp"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

struct Limit {
  int device;
  std::size_t previous_bytes;

  ~Limit() { host_runtime::set_memory_limit(previous_bytes, device); }
};

}  // namespace

std::shared_ptr<void> limit_memory(std::size_t bytes) {
  int device = 0;
  DAA_CUDA_CHECK(cudaGetDevice(&device));
  std::size_t free_bytes = 0, total_bytes = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
  if (bytes >= free_bytes) return nullptr;
  auto limit = std::make_shared<Limit>(device, total_bytes);
  host_runtime::set_memory_limit(host_runtime::mapped_bytes(device) + bytes, device);
  return limit;
}

}  // namespace daa::bench::primitives
