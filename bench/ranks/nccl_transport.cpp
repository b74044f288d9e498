#include "ranks/nccl_transport.hpp"

#include <stdexcept>
#include <string>

namespace daa::bench {

namespace {

void throw_if_failed(const char* function, ncclResult_t result, ncclComm_t communicator) {
  if (result == ncclSuccess) return;
  throw std::runtime_error(std::string(function) + ": " + ncclGetErrorString(result) + " (" +
                           ncclGetLastError(communicator) + ")");
}

/// A group of calls that NCCL takes as one; one that is left by an exception is closed.
class Group {
 public:
  ~Group() {
    if (is_open_) static_cast<void>(ncclGroupEnd());
  }
  [[nodiscard]] ncclResult_t start() {
    const ncclResult_t result = ncclGroupStart();
    is_open_ = result == ncclSuccess;
    return result;
  }
  [[nodiscard]] ncclResult_t end() {
    is_open_ = false;
    return ncclGroupEnd();
  }

 private:
  bool is_open_ = false;
};

}  // namespace

ncclUniqueId make_nccl_id() {
  ncclUniqueId id{};
  throw_if_failed("ncclGetUniqueId", ncclGetUniqueId(&id), nullptr);
  return id;
}

NcclTransport::NcclTransport(std::size_t rank, std::size_t size, const ncclUniqueId& id)
    : rank_(rank), size_(size) {
  throw_if_failed("ncclCommInitRank",
                  ncclCommInitRank(&communicator_, static_cast<int>(size), id, static_cast<int>(rank)),
                  nullptr);
}

// ncclCommDestroy() would wait for operations that other ranks never take part in.
NcclTransport::~NcclTransport() {
  static_cast<void>(has_failed_ ? ncclCommAbort(communicator_) : ncclCommDestroy(communicator_));
}

void NcclTransport::check(const char* function, ncclResult_t result) {
  has_failed_ = has_failed_ || result != ncclSuccess;
  throw_if_failed(function, result, communicator_);
}

void NcclTransport::exchange(std::span<const Send> sends, std::span<const Receive> receives,
                             cudaStream_t stream) {
  Group group;
  check("ncclGroupStart", group.start());
  for (const auto& [to, data, bytes] : sends) {
    if (bytes == 0) continue;
    check("ncclSend", ncclSend(data, bytes, ncclInt8, static_cast<int>(to), communicator_, stream));
  }
  for (const auto& [from, data, bytes] : receives) {
    if (bytes == 0) continue;
    check("ncclRecv", ncclRecv(data, bytes, ncclInt8, static_cast<int>(from), communicator_, stream));
  }
  check("ncclGroupEnd", group.end());
}

void NcclTransport::sum(const std::uint64_t* in, std::uint64_t* out, std::size_t count, cudaStream_t stream) {
  check("ncclAllReduce", ncclAllReduce(in, out, count, ncclUint64, ncclSum, communicator_, stream));
}

}  // namespace daa::bench
