#include "stream_key.hpp"

#include <atomic>

#include "daa/error.hpp"
#include "stream_ordered_memory.hpp"

namespace daa::v0_1::detail {

namespace {

// A number that no other thread has or will have.
std::uint64_t this_thread() noexcept {
  static std::atomic<std::uint64_t> newest{0};
  static thread_local const std::uint64_t number = ++newest;
  return number;
}

}  // namespace

StreamKey key_of(cudaStream_t stream) {
  StreamKey key{0, -1, 0};
  DAA_CUDA_CHECK(cudaStreamGetId(stream, &key.id));
  if (is_default_stream(stream)) DAA_CUDA_CHECK(cudaGetDevice(&key.device));
  if (stream == cudaStreamPerThread) key.thread = this_thread();
  return key;
}

bool is_reachable(const StreamKey& key) noexcept {
  return key.thread == 0 || key.thread == this_thread();
}

bool still_names(cudaStream_t stream, const StreamKey& key) noexcept {
  if (is_default_stream(stream)) return is_reachable(key);
  for (int attempt = 0; attempt < 2; ++attempt) {  // there is no later occasion
    unsigned long long id = 0;
    auto status = cudaStreamCaptureStatusNone;
    const bool is_known = cudaStreamIsCapturing(stream, &status) == cudaSuccess;
    if (is_known && status != cudaStreamCaptureStatusNone) return false;  // nor could memory be freed now
    if (is_known && cudaStreamGetId(stream, &id) == cudaSuccess) return id == key.id;
    static_cast<void>(cudaGetLastError());
  }
  return false;
}

// Identities are likely to be given one after the other, or at equal distances: the golden ratio spreads
// those most evenly.
std::uint64_t hash(const StreamKey& key) noexcept {
  const auto number = key.id + 31ull * key.thread + static_cast<unsigned long long>(key.device + 1);
  return number * 0x9E3779B97F4A7C15u;
}

}  // namespace daa::v0_1::detail
