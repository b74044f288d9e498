#include "replay/min_fit.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "daa/error.hpp"
#include "primitives/primitives.hpp"
#include "replay/session.hpp"

namespace daa::bench {

namespace {

// What a session needs beside what it is limited to, many times over.
constexpr std::size_t roomy = std::size_t{1} << 30;

struct GivenUp {};

bool fits_in(std::size_t bytes, const ReplayProgram& program, const AllocatorInfo& allocator) {
  try {
    ReplaySession session{program, allocator, bytes};
    session.run_touched();
    if (const auto error = session.find_error())
      throw std::runtime_error("in " + std::to_string(bytes) + " bytes of device memory: " + *error);
    return true;
  } catch (const OutOfDeviceMemory&) {
    return false;
  } catch (const CudaError& error) {
    if (error.code() != cudaErrorMemoryAllocation) throw;
    return false;
  }
}

}  // namespace

std::optional<std::size_t> least_that_fits(std::size_t misfit, std::size_t most,
                                           const std::function<bool(std::size_t)>& fits) {
  if (misfit >= most) return std::nullopt;
  std::size_t fit = misfit;
  for (std::size_t step = 1; fit == misfit; step *= 2) {
    const std::size_t next = misfit + std::min(step, most - misfit);
    if (fits(next)) {
      fit = next;
    } else if (next == most) {
      return std::nullopt;
    } else {
      misfit = fit = next;
    }
  }
  while (fit - misfit > 1) {
    const std::size_t middle = misfit + (fit - misfit) / 2;
    (fits(middle) ? fit : misfit) = middle;
  }
  return fit;
}

std::optional<std::size_t> find_min_fit(const ReplayProgram& program, const AllocatorInfo& allocator,
                                        std::size_t peak_live_bytes, const std::function<bool()>& give_up) {
  std::size_t free_bytes = 0, total_bytes = 0;
  DAA_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
  constexpr std::size_t unit = primitives::memory_granularity;
  // What is live at once in the log's order needs that memory. Threads need not keep to that order.
  const std::size_t misfit = program.threads == 1 ? (peak_live_bytes - 1) / unit : 0;
  // Taking nearly all of a large device takes some tenths of a second: not done at each step.
  std::size_t room = 0;
  std::shared_ptr<void> rest;
  try {
    const auto units = least_that_fits(misfit, free_bytes / unit, [&](std::size_t count) {
      if (give_up()) throw GivenUp{};
      const std::size_t bytes = count * unit;
      if (bytes > room) {
        rest.reset();
        room = 4 * std::max(bytes, peak_live_bytes) + roomy;
        rest = primitives::limit_memory(room);
      }
      return fits_in(bytes, program, allocator);
    });
    if (units) return *units * unit;
  } catch (const GivenUp&) {
  }
  return std::nullopt;
}

}  // namespace daa::bench
