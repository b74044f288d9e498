#include <mpi.h>

#include "ranks/make_transport.hpp"
#include "ranks/mpi_transport.hpp"

namespace daa::bench {

std::unique_ptr<Transport> make_transport(Ranks& /*ranks*/) {
  return std::make_unique<MpiTransport>(MPI_COMM_WORLD);
}

}  // namespace daa::bench
