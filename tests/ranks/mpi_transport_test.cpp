// What is MPI's alone.
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "device/device_buffer.hpp"
#include "ranks/mpi_transport.hpp"
#include "ranks_fixture.hpp"

namespace daa::test {
namespace {

using MpiTransport = RanksFixture;

TEST_F(MpiTransport, CutsMessagesAndSumsThatAreLongerThanAPiece) {
  constexpr std::size_t piece_bytes = 64;
  bench::MpiTransport pieces(MPI_COMM_WORLD, piece_bytes);
  for (const std::size_t count : {7u, 8u, 9u, 1001u}) {
    const std::vector<std::uint64_t> values(count, rank() + 1);
    const bench::DeviceBuffer<std::uint64_t> in(values, stream()), out(count), sum(count);
    const bench::Transport::Send send{next_rank(), in.data(), in.size_bytes()};
    const bench::Transport::Receive receive{previous_rank(), out.data(), out.size_bytes()};
    pieces.exchange({&send, 1}, {&receive, 1}, stream());
    pieces.sum(in.data(), sum.data(), count, stream());
    EXPECT_EQ(out.download(stream()), std::vector<std::uint64_t>(count, previous_rank() + 1));
    EXPECT_EQ(sum.download(stream()), std::vector<std::uint64_t>(count, ranks() * (ranks() + 1) / 2));
  }
}

TEST_F(MpiTransport, RefusesPiecesThatMpiCannotCountOrThatCutANumber) {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{12}, 2 * bench::MpiTransport::most_piece_bytes}) {
    EXPECT_THROW(bench::MpiTransport(MPI_COMM_WORLD, bytes), std::runtime_error) << bytes;
  }
}

TEST_F(MpiTransport, TasksCommunicateBesideTheMainThread) {
  constexpr std::size_t count = 1000, rounds = 30;
  const bench::DeviceBuffer<std::uint64_t> sum(std::vector<std::uint64_t>(count, 1), stream());
  std::uint64_t expected = 1;
  for (std::size_t round = 0; round < rounds; ++round) {
    transport().sum(sum.data(), sum.data(), count, stream());
    MPI_Barrier(MPI_COMM_WORLD);
    expected *= ranks();
  }
  EXPECT_EQ(sum.download(stream()), std::vector<std::uint64_t>(count, expected));
}

}  // namespace
}  // namespace daa::test
