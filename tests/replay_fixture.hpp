// Traces made in a test, replayed on the host runtime.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "daa/host_runtime.hpp"
#include "replay/replay_turn.hpp"
#include "table_rows.hpp"
#include "temporary_folder.hpp"
#include "workload_allocators.hpp"

namespace daa::test {

/// `lines` are "thread,time,action,pointer,size,stream", a line each, behind the header.
inline Trace trace_of(const std::string& lines, std::size_t phase_rows = 0) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "trace.csv";
  std::ofstream{path} << "Thread,Time,Action,Pointer,Size,Stream\n" << lines;
  return read_trace(path, phase_rows);
}

/// With room for placements that leave gaps.
template <BlockAllocator::Placement placement>
std::unique_ptr<ScratchAllocator> make_block(cudaStream_t, const Demand& demand) {
  return std::make_unique<BlockAllocator>(demand.max_phase_bytes + 4096, placement);
}

class ReplayTest : public ::testing::Test {
 protected:
  void TearDown() override {
    EXPECT_TRUE(host_runtime::violations().empty());
    EXPECT_EQ(host_runtime::live_allocations(), 0u);
    host_runtime::reset();
  }

  /// Three blocks in one phase and one in another; 5 MiB live at most.
  static Trace small_trace() {
    return trace_of(
        "0,0,allocate,0x100,3145728,0\n"
        "0,1,allocate,0x200,1048576,0\n"
        "0,2,free,0x100,3145728,0\n"
        "0,3,allocate,0x100,4194304,0\n"
        "0,4,free,0x200,1048576,0\n"
        "0,5,free,0x100,4194304,0\n"
        "0,6,allocate,0x300,70001,0\n"
        "0,7,free,0x300,70001,0\n");
  }

  /// Blocks that go from thread to thread and from stream to stream.
  static Trace crossing_trace() {
    return trace_of(
        "7,0,allocate,0x100,3000000,a\n"
        "8,1,allocate,0x200,1000000,b\n"
        "8,2,free,0x100,3000000,b\n"  // another thread and stream
        "7,3,allocate,0x100,4000000,a\n"
        "8,4,free,0x200,1000000,a\n"  // another stream
        "9,5,free,0x100,4000000,a\n"  // another thread
        "9,6,allocate,0x100,500,b\n"
        "9,7,free,0x100,500,b\n");
  }
};

}  // namespace daa::test
