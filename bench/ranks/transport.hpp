// How the ranks of a job exchange device memory.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace daa::bench {

/// NCCL between GPUs, MPI on the host runtime; one rank alone exchanges with itself. Operations are enqueued
/// on a stream and never synchronise it. All ranks enqueue the same operations in the same order, on one
/// stream each; an operation may be captured. They throw CudaError, or std::runtime_error that names the
/// function of the library that failed; other ranks may then wait for ever. A transport is destroyed after
/// its operations are complete and graphs that have captured some are destroyed.
class Transport {
 public:
  struct Send {
    std::size_t to;  // a rank, itself among them
    const void* data;
    std::size_t bytes;
  };
  struct Receive {
    std::size_t from;
    void* data;
    std::size_t bytes;
  };

  virtual ~Transport() = default;

  [[nodiscard]] virtual std::size_t rank() const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;

  /// All messages at once. What one rank sends to another, the other receives in the same operation: as many
  /// messages, in the order of the lists, of the same bytes. Messages of no bytes are left out.
  virtual void exchange(std::span<const Send> sends, std::span<const Receive> receives,
                        cudaStream_t stream) = 0;

  /// out[i] = the sum of in[i] over all ranks, modulo 2^64. `out` may be `in`.
  virtual void sum(const std::uint64_t* in, std::uint64_t* out, std::size_t count, cudaStream_t stream) = 0;
};

/// That of one rank alone.
[[nodiscard]] std::unique_ptr<Transport> make_lone_transport();

}  // namespace daa::bench
