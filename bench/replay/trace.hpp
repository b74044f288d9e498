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
  // Numbered in the order in which they first occur; of a free, those that free.
  std::uint32_t thread = 0;
  std::uint32_t stream = 0;
};

struct Trace {
  using Phase = std::vector<TraceOperation>;

  /// Each ends where nothing is live any more.
  std::vector<Phase> phases;
  std::size_t passes = 1;  // over the log; several where they are varied
  std::size_t blocks = 0;
  std::size_t operations = 0;
  std::size_t peak_live_bytes = 0;  // as requested
  std::size_t threads = 1;
  std::size_t streams = 1;
  std::size_t left_out = 0;  // lines that take no memory: failed allocations, and those of 0 bytes
};

/// Reads a log of RMM: a file with the header "Thread,Time,Action,Pointer,Size,Stream" and a line an
/// operation. Action is allocate, free, or "allocate failure", which is left out as are allocations of 0
/// bytes and their frees: they take no memory. Threads and streams are names, only told apart; times are not
/// read. Lines may end in LF or CR LF.
///
/// Throws UsageError, "FILE:LINE: what is wrong; what to do": an unknown action, a number that is not one or
/// overflows, sizes that overflow when added up, a free of what is not live or of another size, an allocation
/// at an address that is live, memory still live at the end, a line with too few or too many fields, a last
/// line that does not end, no operation at all.
[[nodiscard]] Trace read_trace(const std::string& path);

}  // namespace daa::bench
