// The transport between ranks on the host runtime: MPI.
#pragma once

#include <mpi.h>

#include "ranks/transport.hpp"

namespace daa::bench {

/// Each operation is a task of its stream, done when its messages have been sent and received. A function of
/// MPI that fails in a task is fatal: its name is printed, and MPI_Abort() ends all ranks.
class MpiTransport final : public Transport {
 public:
  /// MPI counts in `int`: messages and sums are cut into pieces of so many bytes.
  static constexpr std::size_t most_piece_bytes = std::size_t{1} << 30;

  /// On a duplicate of `communicator`; all its ranks make one at the same time. Tasks call MPI beside other
  /// threads: MPI has been initialised with MPI_THREAD_MULTIPLE. `piece_bytes` is a multiple of 8, at most
  /// most_piece_bytes, and the same in all ranks. Throws std::runtime_error that says what is wrong.
  explicit MpiTransport(MPI_Comm communicator, std::size_t piece_bytes = most_piece_bytes);
  /// All ranks do that at the same time, and before MPI_Finalize().
  ~MpiTransport() override;
  MpiTransport(const MpiTransport&) = delete;
  MpiTransport& operator=(const MpiTransport&) = delete;

  [[nodiscard]] std::size_t rank() const override { return rank_; }
  [[nodiscard]] std::size_t size() const override { return size_; }
  void exchange(std::span<const Send> sends, std::span<const Receive> receives, cudaStream_t stream) override;
  void sum(const std::uint64_t* in, std::uint64_t* out, std::size_t count, cudaStream_t stream) override;

 private:
  MPI_Comm communicator_ = MPI_COMM_NULL;
  std::size_t piece_bytes_;
  std::size_t rank_ = 0;
  std::size_t size_ = 0;
};

}  // namespace daa::bench
