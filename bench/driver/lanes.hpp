// A workload on several streams at once.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "driver/handles.hpp"
#include "workloads/workload.hpp"

namespace daa::bench {

/// One of the streams, with an instance of the workload for itself: its own data, inputs and outputs.
struct Lane {
  Stream stream;
  std::unique_ptr<Workload> workload;
};

/// The lanes, and who enqueues their phases: a thread each, or one for all, which goes round.
struct Lanes {
  std::vector<Lane> all;
  std::size_t threads;
  /// Sizes that each phase of a cycle asks for; the same in all lanes.
  std::vector<std::vector<std::size_t>> asked;
};

/// `make_workload(i, stream)` makes that of lane i. `threads` is 1 or `streams`.
[[nodiscard]] Lanes make_lanes(
    std::size_t threads, std::size_t streams,
    const std::function<std::unique_ptr<Workload>(std::size_t, cudaStream_t)>& make_workload);

}  // namespace daa::bench
