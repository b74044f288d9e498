// How a workload in which ranks exchange data is made: with the transport given, or with one of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "ranks/transport.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// WorkloadInfo::make_between of the workload `Part`.
template <class Part>
[[nodiscard]] std::unique_ptr<Workload> make_part(std::size_t elements, std::uint64_t seed,
                                                  cudaStream_t stream, Transport& transport) {
  return std::make_unique<Part>(elements, seed, stream, transport);
}

struct LoneRank {
  std::unique_ptr<Transport> transport = make_lone_transport();
};

/// A `Part` that is the whole. The transport is a base, so that it is made before the part and outlives it.
template <class Part>
class Alone final : private LoneRank, public Part {
 public:
  Alone(std::size_t elements, std::uint64_t seed, cudaStream_t stream)
      : Part(elements, seed, stream, *LoneRank::transport) {}
};

/// WorkloadInfo::make of the workload `Part`.
template <class Part>
[[nodiscard]] std::unique_ptr<Workload> make_alone(std::size_t elements, std::uint64_t seed,
                                                   cudaStream_t stream) {
  return std::make_unique<Alone<Part>>(elements, seed, stream);
}

}  // namespace daa::bench
