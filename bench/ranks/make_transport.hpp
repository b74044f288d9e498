// What ranks exchange data by: one implementation for each runtime.
#pragma once

#include <memory>

#include "ranks/ranks.hpp"

namespace daa::bench {

/// Called by all ranks. NCCL between GPUs, MPI on the host runtime. Throws UsageError if the program was
/// built without what it takes.
[[nodiscard]] std::unique_ptr<Transport> make_transport(Ranks& ranks);

}  // namespace daa::bench
