// Allocation traces in the format of RMM's log: who allocated and freed what, and when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace daa::bench {

struct TraceOperation {
  bool allocates;       // or frees
  std::uint32_t block;  // numbered in the order of allocation, over the whole trace
  std::size_t bytes;    // as requested; a free has those of its allocation
};

struct Trace {
  using Phase = std::vector<TraceOperation>;

  std::vector<Phase> phases;  // each ends where nothing is live any more
  std::size_t blocks = 0;
  std::size_t operations = 0;
  std::size_t peak_live_bytes = 0;
};

/// Reads a file with the header "Thread,Time,Action,Pointer,Size,Stream" and a line an operation, Action
/// being allocate or free. Threads and streams are read over: operations come in the order of the lines.
/// Throws std::runtime_error that gives the file, the line and what is wrong: an unknown action, a number
/// that is none or overflows, a free of what is not live or of another size, an allocation at an address that
/// is live, memory still live at the end, a line with too few or too many fields, no operation at all.
[[nodiscard]] Trace read_trace(const std::string& path);

}  // namespace daa::bench
