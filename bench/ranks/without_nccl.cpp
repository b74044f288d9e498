#include "ranks/make_transport.hpp"
#include "usage_error.hpp"

namespace daa::bench {

std::unique_ptr<Transport> make_transport(Ranks& /*ranks*/) {
  throw UsageError(
      "this program was built without NCCL, by which GPUs exchange data: leave out the workloads that do, or "
      "build again with NCCL (" DAA_NCCL_ABSENCE ")");
}

}  // namespace daa::bench
