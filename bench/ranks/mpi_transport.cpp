#include "ranks/mpi_transport.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "primitives/host/enqueue.hpp"
#include "usage_error.hpp"

namespace daa::bench {

namespace {

constexpr int tag = 0;

std::string describe(const char* function, int error) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(error, text, &length);
  return std::string(function) + ": " + text;
}

void check(const char* function, int error) {
  if (error != MPI_SUCCESS) throw std::runtime_error(describe(function, error));
}

// In a task an exception would reach nobody, and other ranks would wait for ever.
void check_in_task(const char* function, int error) {
  if (error == MPI_SUCCESS) return;
  std::fprintf(stderr, "%s\n", describe(function, error).c_str());
  MPI_Abort(MPI_COMM_WORLD, exit_job_ended);
}

/// Calls `act(offset, bytes)` with each piece of `bytes`.
template <class Act>
void in_pieces(std::size_t bytes, std::size_t piece_bytes, Act act) {
  for (std::size_t offset = 0; offset < bytes; offset += piece_bytes) {
    act(offset, std::min(piece_bytes, bytes - offset));
  }
}

/// The messages of one exchange; whoever runs it owns the lists. Messages between two ranks do not overtake
/// each other.
struct Exchange {
  std::vector<Transport::Send> sends;
  std::vector<Transport::Receive> receives;
  std::size_t piece_bytes;
  MPI_Comm communicator;
  std::size_t rank;

  // Messages to itself, whose places may overlap where an allocator is wrong: MPI forbids that.
  void copy_own() const {
    auto send = sends.begin();
    for (const auto& [from, data, bytes] : receives) {
      if (from != rank || bytes == 0) continue;
      send = std::find_if(send, sends.end(),
                          [&](const Transport::Send& each) { return each.to == rank && each.bytes != 0; });
      if (send == sends.end() || send->bytes > bytes) return check_in_task("a message", MPI_ERR_TRUNCATE);
      std::memmove(data, send->data, send->bytes);
      ++send;
    }
  }

  void operator()() const {
    copy_own();
    std::vector<MPI_Request> requests;
    for (const auto& [from, data, bytes] : receives) {
      if (from == rank) continue;
      in_pieces(
          bytes, piece_bytes, [&, to = static_cast<char*>(data)](std::size_t offset, std::size_t count) {
            check_in_task("MPI_Irecv",
                          MPI_Irecv(to + offset, static_cast<int>(count), MPI_BYTE, static_cast<int>(from),
                                    tag, communicator, &requests.emplace_back(MPI_REQUEST_NULL)));
          });
    }
    for (const auto& [to, data, bytes] : sends) {
      if (to == rank) continue;
      in_pieces(bytes, piece_bytes,
                [&, from = static_cast<const char*>(data)](std::size_t offset, std::size_t count) {
                  check_in_task("MPI_Isend", MPI_Isend(from + offset, static_cast<int>(count), MPI_BYTE,
                                                       static_cast<int>(to), tag, communicator,
                                                       &requests.emplace_back(MPI_REQUEST_NULL)));
                });
    }
    std::vector<MPI_Status> statuses(requests.size());
    int error = MPI_Waitall(static_cast<int>(requests.size()), requests.data(), statuses.data());
    if (error == MPI_ERR_IN_STATUS) {
      const auto is_known = [](const MPI_Status& status) {
        return status.MPI_ERROR != MPI_SUCCESS && status.MPI_ERROR != MPI_ERR_PENDING;
      };
      const auto first = std::find_if(statuses.begin(), statuses.end(), is_known);
      if (first != statuses.end()) error = first->MPI_ERROR;
    }
    check_in_task("MPI_Waitall", error);
  }
};

}  // namespace

MpiTransport::MpiTransport(MPI_Comm communicator, std::size_t piece_bytes) : piece_bytes_(piece_bytes) {
  if (piece_bytes == 0 || piece_bytes % sizeof(std::uint64_t) != 0 || piece_bytes > most_piece_bytes) {
    throw std::runtime_error("the pieces of messages are not a multiple of 8 bytes up to 2^30");
  }
  int level = MPI_THREAD_SINGLE, rank = 0, size = 0;
  check("MPI_Query_thread", MPI_Query_thread(&level));
  if (level < MPI_THREAD_MULTIPLE) {
    throw std::runtime_error("MPI_Query_thread: MPI was not initialised with MPI_THREAD_MULTIPLE");
  }
  check("MPI_Comm_rank", MPI_Comm_rank(communicator, &rank));
  check("MPI_Comm_size", MPI_Comm_size(communicator, &size));
  check("MPI_Comm_dup", MPI_Comm_dup(communicator, &communicator_));
  check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN));
  rank_ = static_cast<std::size_t>(rank);
  size_ = static_cast<std::size_t>(size);
}

MpiTransport::~MpiTransport() {
  MPI_Comm_free(&communicator_);
}

void MpiTransport::exchange(std::span<const Send> sends, std::span<const Receive> receives,
                            cudaStream_t stream) {
  std::vector<host_runtime::Access> accesses;
  for (const Send& send : sends) accesses.push_back({send.data, send.bytes});
  for (const Receive& receive : receives) accesses.push_back({receive.data, receive.bytes});
  primitives::enqueue(stream, std::move(accesses),
                      Exchange{{sends.begin(), sends.end()},
                               {receives.begin(), receives.end()},
                               piece_bytes_,
                               communicator_,
                               rank_});
}

void MpiTransport::sum(const std::uint64_t* in, std::uint64_t* out, std::size_t count, cudaStream_t stream) {
  const auto add = [=, communicator = communicator_, piece_bytes = piece_bytes_] {
    in_pieces(count * sizeof *in, piece_bytes, [=](std::size_t offset, std::size_t bytes) {
      const std::size_t begin = offset / sizeof *in;
      const void* const from = in == out ? MPI_IN_PLACE : in + begin;
      check_in_task("MPI_Allreduce", MPI_Allreduce(from, out + begin, static_cast<int>(bytes / sizeof *in),
                                                   MPI_UINT64_T, MPI_SUM, communicator));
    });
  };
  primitives::enqueue(stream, {primitives::access(in, count), primitives::access(out, count)}, add);
}

}  // namespace daa::bench
