// Ranks on GPUs, between which NCCL is the transport.
#include <cuda_runtime_api.h>
#include <fmt/format.h>
#include <mpi.h>

#include "daa/error.hpp"
#include "ranks.hpp"
#include "ranks/nccl_transport.hpp"

namespace daa::test {

namespace {

/// A rank's number among those of its host, and how many these are.
struct Local {
  Local() {
    MPI_Comm host = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_rank(host, &rank);
    MPI_Comm_size(host, &size);
    MPI_Comm_free(&host);
  }

  int rank = 0, size = 0;
};

}  // namespace

std::string why_no_ranks() {
  const Local local;
  int devices = 0;
  static_cast<void>(cudaGetDeviceCount(&devices));
  static_cast<void>(cudaGetLastError());
  int lacking = local.size > devices ? local.size - devices : 0, most_lacking = 0;
  MPI_Allreduce(&lacking, &most_lacking, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  if (most_lacking > 0) return fmt::format("{} GPUs too few for a rank each", most_lacking);
  DAA_CUDA_CHECK(cudaSetDevice(local.rank));
  return {};
}

std::unique_ptr<bench::Transport> make_transport() {
  int rank = 0, size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  ncclUniqueId id{};
  if (rank == 0) id = bench::make_nccl_id();
  MPI_Bcast(&id, sizeof id, MPI_BYTE, 0, MPI_COMM_WORLD);
  return std::make_unique<bench::NcclTransport>(static_cast<std::size_t>(rank),
                                                static_cast<std::size_t>(size), id);
}

void expect_no_misuse() {}

}  // namespace daa::test
