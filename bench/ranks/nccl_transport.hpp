// The transport between ranks on GPUs: NCCL.
#pragma once

#include <nccl.h>

#include "ranks/transport.hpp"

namespace daa::bench {

/// The name of a group of ranks: one of them makes it and gives it to the others. Throws std::runtime_error.
[[nodiscard]] ncclUniqueId make_nccl_id();

/// Errors are std::runtime_error: the function of NCCL, what has happened, and NCCL's own last message.
class NcclTransport final : public Transport {
 public:
  /// On the current device, which is another one in each rank, and current in every call. All `size` ranks
  /// make one at the same time, from the same `id`, which is used once.
  NcclTransport(std::size_t rank, std::size_t size, const ncclUniqueId& id);
  /// All ranks do that at the same time; after a failure each one for itself.
  ~NcclTransport() override;
  NcclTransport(const NcclTransport&) = delete;
  NcclTransport& operator=(const NcclTransport&) = delete;

  [[nodiscard]] std::size_t rank() const override { return rank_; }
  [[nodiscard]] std::size_t size() const override { return size_; }
  void exchange(std::span<const Send> sends, std::span<const Receive> receives, cudaStream_t stream) override;
  void sum(const std::uint64_t* in, std::uint64_t* out, std::size_t count, cudaStream_t stream) override;

 private:
  void check(const char* function, ncclResult_t result);

  ncclComm_t communicator_ = nullptr;
  std::size_t rank_;
  std::size_t size_;
  bool has_failed_ = false;
};

}  // namespace daa::bench
