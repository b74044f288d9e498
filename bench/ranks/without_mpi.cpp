// Linked into the programs without MPI.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "device/device.hpp"
#include "ranks/ranks.hpp"
#include "usage_error.hpp"

namespace daa::bench {

namespace {

// How many processes an MPI launcher has started together; 1 if none has started this one.
long started_together() {
  const auto number = [](const char* variable) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? 1 : std::strtol(text, nullptr, 10);
  };
  // PMIx tells the number of processes only to those that ask it; srun says it in the environment.
  const long of_srun = std::getenv("PMIX_RANK") != nullptr ? number("SLURM_STEP_NUM_TASKS") : 1;
  return std::max({number("OMPI_COMM_WORLD_SIZE"), number("PMI_SIZE"), of_srun});
}

}  // namespace

std::unique_ptr<Ranks> join_ranks(const RunConfig& /*config*/, char** argv) {
  const long processes = started_together();
  if (processes <= 1) return make_lone_ranks();
  const std::string program = program_with_mpi();
  execv(program.c_str(), argv);
  throw UsageError(fmt::format(
      "{} processes were started together, which takes {} ({}): install MPI (libopenmpi-dev) and build again",
      processes, program, std::strerror(errno)));
}

}  // namespace daa::bench
