// Ranks on the host runtime, between which MPI is the transport.
#include <gtest/gtest.h>

#include "daa/host_runtime.hpp"
#include "ranks.hpp"
#include "ranks/mpi_transport.hpp"

namespace daa::test {

std::string why_no_ranks() {
  return {};
}

std::unique_ptr<bench::Transport> make_transport() {
  return std::make_unique<bench::MpiTransport>(MPI_COMM_WORLD);
}

void expect_no_misuse() {
  EXPECT_TRUE(host_runtime::violations().empty());
}

}  // namespace daa::test
