// The processes that measure the same cases side by side, a device each: those that mpirun has started, or
// this one alone.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ranks/transport.hpp"
#include "run_config.hpp"

namespace daa::bench {

/// All ranks make the same calls in the same order, each from its main thread. A rank that fails alone must
/// fail().
class Ranks {
 public:
  virtual ~Ranks() = default;

  [[nodiscard]] virtual std::size_t rank() const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual std::size_t hosts() const = 0;
  /// The most that share one device.
  [[nodiscard]] virtual std::size_t ranks_per_device() const = 0;
  /// "rank 2 on node7"
  [[nodiscard]] virtual std::string name_of(std::size_t rank) const = 0;

  /// What each rank has given, in the order of the ranks. Waits for all, asleep for most of the time.
  [[nodiscard]] virtual std::vector<std::string> gather(const std::string& own) = 0;

  /// Returns in all ranks at the same time, within microseconds. Whether any of them stops.
  [[nodiscard]] virtual bool begin_together(bool stops) = 0;

  /// What data are exchanged by. Throws UsageError if there is nothing between the devices of the ranks.
  [[nodiscard]] virtual Transport& transport() = 0;

  /// From now on this rank does that; for the report if it hangs.
  virtual void begin(std::string_view step) = 0;
  /// It is going on.
  virtual void progress() = 0;

  /// Ends the job, with exit_job_ended and a message that names this rank.
  [[noreturn]] virtual void fail(std::string_view why) = 0;

  [[nodiscard]] bool is_alone() const { return size() == 1; }
  [[nodiscard]] bool is_first() const { return rank() == 0; }
  /// Whether it is so in any rank.
  [[nodiscard]] bool any(bool own);
};

/// That of a program without MPI.
[[nodiscard]] std::unique_ptr<Ranks> make_lone_ranks();

/// Whether this is the first process of its job, as far as the environment tells: the one that speaks of what
/// concerns all.
[[nodiscard]] bool is_first_process();

/// The ranks of this job, each with its device selected. Throws UsageError if there are more ranks on a host
/// than GPUs and `config` does not allow it. In a program without MPI: this process; but where an MPI
/// launcher has started several, each is replaced by the program with MPI beside this one.
[[nodiscard]] std::unique_ptr<Ranks> join_ranks(const RunConfig& config, char** argv);

}  // namespace daa::bench
