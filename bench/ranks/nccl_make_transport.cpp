#include <cstring>
#include <string>

#include "ranks/make_transport.hpp"
#include "ranks/nccl_transport.hpp"
#include "usage_error.hpp"

namespace daa::bench {

std::unique_ptr<Transport> make_transport(Ranks& ranks) {
  if (ranks.ranks_per_device() > 1)
    throw UsageError(
        "NCCL does not connect ranks that share a GPU: leave out --oversubscribe, or the workloads in "
        "which ranks exchange data");
  ncclUniqueId id{};
  if (ranks.is_first()) id = make_nccl_id();
  const std::string first = ranks.gather({id.internal, sizeof id.internal}).front();
  std::memcpy(id.internal, first.data(), sizeof id.internal);
  return std::make_unique<NcclTransport>(ranks.rank(), ranks.size(), id);
}

}  // namespace daa::bench
