// Replays by the program: their rows, and that nothing runs on a malformed trace.

#include "host_program_fixture.hpp"
#include "json_reader.hpp"

namespace daa::test {
namespace {

constexpr const char* trace_header = "Thread,Time,Action,Pointer,Size,Stream\n";

class ReplayProgram : public HostProgram {
 protected:
  ReplayProgram() {
    write_trace("small.csv",
                "0,0,allocate,0x1,3145728,0\n0,1,allocate,0x2,1048576,0\n0,2,free,0x1,3145728,0\n"
                "0,3,allocate,0x1,4194304,0\n0,4,free,0x2,1048576,0\n0,5,free,0x1,4194304,0\n"
                "0,6,allocate,0x3,70001,0\n0,7,free,0x3,70001,0\n");
    write_trace("threads.csv",
                "7,0,allocate,0x1,3000000,a\n8,1,allocate,0x2,1000000,b\n8,2,free,0x1,3000000,b\n"
                "7,3,allocate,0x1,4000000,a\n8,4,free,0x2,1000000,a\n9,5,free,0x1,4000000,a\n");
  }

  void write_trace(const std::string& name, const std::string& lines) const {
    write(name, trace_header + lines);
  }

  static Args replay(const Args& more) {
    Args args{"--workload=replay", "--warmup=1"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
};

TEST_F(ReplayProgram, HasARowForEachTraceAndAllocator) {
  const Outcome outcome =
      run_host(replay({"--trace=small.csv,threads.csv", "--csv=rows.csv", "--json=rows.json"}));
  EXPECT_EQ(outcome.exit_code, ok) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const std::string part : {"replay of small, sync=end, 1 thread on 1 stream\n2 repetitions of 6 phases",
                                 "3 threads on 2 streams", "6 operations", "4.77MiB live"})
    EXPECT_TRUE(contains(outcome.out, part));
  EXPECT_TRUE(contains(written("rows.json"), "replay/threads/sync:end/arena"));

  const std::vector<CsvRecord> found = read_csv(written("rows.csv"));
  ASSERT_EQ(found.size(), 2 * row_count);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const CsvRecord& row = found[i];
    const bool is_small = i < row_count;
    const CsvRecord expected{{"kind", "replay"},
                             {"workload", "replay"},
                             {"elements", "0"},
                             {"trace", is_small ? "small" : "threads"},
                             {"status", "ok"},
                             {"message", ""},
                             {"operations", is_small ? "8" : "6"},
                             {"iters", is_small ? "6" : "5"},  // whole passes of 2 phases, and of 1
                             {"samples", is_small ? "6" : "10"},
                             {"threads", is_small ? "1" : "3"},
                             {"streams", is_small ? "1" : "2"},
                             {"peak_live_bytes", is_small ? "5242880" : "5000000"},
                             {"device_median_ns", ""}};
    for (const auto& [column, value] : expected) EXPECT_EQ(row.at(column), value) << column;
    EXPECT_GT(std::stod(row.at("operation_median_ns")), 0);
    EXPECT_GE(std::stod(row.at("held_over_live")), 1);
    EXPECT_GT(std::stod(row.at("first_phase_ns")), 0);
    EXPECT_GT(std::stod(row.at("worst_phase_ns")), 0);
  }
  EXPECT_EQ(found[0].at("allocator"), "preallocated");
  EXPECT_EQ(found[0].at("operation_ratio"), "1");
  EXPECT_EQ(found[0].at("first_phase_ratio"), "1");
  EXPECT_EQ(found[0].at("held_over_live"), "1");
  EXPECT_EQ(found[0].at("runtime_calls_per_phase"), "0");
  EXPECT_EQ(found[2].at("allocator"), "cuda-malloc");
  EXPECT_EQ(found[2].at("runtime_calls_per_phase"), "4");
  EXPECT_EQ(found[row_count].at("runtime_calls_per_phase"), "") << "of three threads, not counted";
}

TEST_F(ReplayProgram, HasRatiosToWhatIsAskedFor) {
  const std::vector<CsvRecord> found =
      rows(replay({"--trace=small.csv", "--allocator=arena,cuda-malloc", "--against=arena"}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].at("against_operation_ratio"), "1");
  EXPECT_GT(std::stod(found[1].at("against_operation_ratio")), 0);
  EXPECT_EQ(found[1].at("operation_ratio"), "") << "preallocated was not measured";
}

TEST_F(ReplayProgram, RunsBesideWorkloads) {
  const std::vector<CsvRecord> found =
      rows({"--workload=scan,replay", "--trace=small.csv", "--allocator=arena"});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].at("kind"), "steady");
  EXPECT_EQ(found[0].at("trace"), "");
  EXPECT_EQ(found[1].at("kind"), "replay");
  for (const std::string column : {"first_phase_ns", "first_phase_ratio", "worst_phase_ns"})
    EXPECT_EQ(found[0].at(column), "");
  EXPECT_NE(found[1].at("worst_phase_ns"), "");
}

TEST_F(ReplayProgram, VariesPhasesAlikeForEveryAllocatorAndRunOfASeed) {
  const auto varied = [&](const std::string& seed) {
    return rows(replay({"--trace=small.csv,threads.csv", "--vary=none,scale,drop", "--seed=" + seed}));
  };
  const std::vector<CsvRecord> found = varied("1"), again = varied("1"), other = varied("2");
  ASSERT_EQ(found.size(), 6 * row_count);
  const std::string variations[]{"none", "scale", "drop"};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const CsvRecord &row = found[i], &first = found[i - i % row_count];
    EXPECT_EQ(row.at("status"), "ok") << row.at("message");
    EXPECT_EQ(row.at("vary"), variations[i / row_count % 3]);
    EXPECT_EQ(row.at("kind"), "replay");
    for (const std::string column : {"peak_live_bytes", "asked_per_phase_bytes", "peak_phase_bytes"}) {
      EXPECT_EQ(row.at(column), first.at(column));
      EXPECT_EQ(row.at(column), again[i].at(column));
      EXPECT_EQ(row.at(column) != other[i].at(column), row.at("vary") == "scale") << "of few blocks";
    }
    EXPECT_GE(std::stod(row.at("held_over_live")), 1);
    EXPECT_NE(row.at("first_phase_ns"), "");
  }
}

TEST_F(ReplayProgram, NothingRunsOnAMalformedTrace) {
  const std::string good = "0,0,allocate,0x1,10,0\n0,1,free,0x1,10,0\n";
  const std::pair<std::string, std::string> bad[]{
      {"0,2,move,0x1,10,0\n", "action"},
      {"0,2,free,0x1,10,0\n", "0x1"},
      {"0,2,allocate,0x1,99999999999999999999,0\n", "size"},
      {"0,2,allocate,0x1\n", "4 fields"},
      {"0,2,allocate,0x1,1", "does not end"},
  };
  for (const auto& [lines, why] : bad) {
    write_trace("bad.csv", good + lines);
    expect_refused(command(replay({"--trace=small.csv,bad.csv"})), usage, {"bad.csv:4: ", why});
  }
}

TEST_F(ReplayProgram, AnAllocatorThatGivesOutLiveMemoryExitsWithFour) {
  const Outcome outcome =
      run(faulty(replay({"--trace=small.csv", "--csv=-",
                         "--allocator=preallocated,preallocated,overlapping,exhausted,arena"})));
  EXPECT_EQ(outcome.exit_code, not_measured);
  const std::vector<CsvRecord> found = read_csv(outcome.out);
  const std::string expected[]{"ok", "ok", "wrong_result", "out_of_memory", "ok"};
  ASSERT_EQ(found.size(), std::size(expected));
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].at("status"), expected[i]);
    EXPECT_EQ(found[i].at("operation_median_ns").empty(), expected[i] != "ok");
  }
  EXPECT_TRUE(contains(found[2].at("message"), "overwritten"));
}

}  // namespace
}  // namespace daa::test
