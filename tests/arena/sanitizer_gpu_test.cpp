// compute-sanitizer finds the bugs of planted_bugs.cu with either backing, and reports nothing for the
// correct program. Needs a GPU and the tool.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

#include "program_fixture.hpp"
#include "text_match.hpp"
#include "why_no_device.hpp"

namespace daa::test {
namespace {

using bench::contains;

std::optional<std::string> find_sanitizer() {
  std::istringstream folders{std::string{std::getenv("PATH")} + ":/usr/local/cuda/bin"};
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path candidate = std::filesystem::path{folder} / "compute-sanitizer";
    if (std::filesystem::exists(candidate)) return candidate.string();
  }
  return std::nullopt;
}

class Sanitizer : public ProgramTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_device(); !why.empty()) GTEST_SKIP() << why;
    const auto tool = find_sanitizer();
    if (!tool) GTEST_SKIP() << "compute-sanitizer is neither in PATH nor in /usr/local/cuda/bin";
    tool_ = *tool;
  }

  Outcome run_under_sanitizer(const std::string& bug) {
    return run({tool_,
                {"--tool=memcheck", "--error-exitcode=99", DAA_PLANTED_BUGS, bug, GetParam()},
                {{"DAA_SANITIZER", "1"}}});
  }

 private:
  std::string tool_;
};

INSTANTIATE_TEST_SUITE_P(Backings, Sanitizer, ::testing::Values("chunked", "individual"),
                         [](const auto& test) { return std::string{test.param}; });

TEST_P(Sanitizer, ReportsEachPlantedBug) {
  for (const char* const bug : {"overrun", "use_after_reset", "use_after_scope", "use_after_recycle"}) {
    const Outcome outcome = run_under_sanitizer(bug);
    EXPECT_EQ(outcome.exit_code, 99) << bug << " was not detected\n" << outcome.out << outcome.err;
    EXPECT_TRUE(contains(outcome.out, "Invalid __global__ write of size 4")) << bug;
  }
}

TEST_P(Sanitizer, ReportsNothingForACorrectProgram) {
  const Outcome outcome = run_under_sanitizer("none");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "ERROR SUMMARY: 0 errors")) << outcome.out;
}

}  // namespace
}  // namespace daa::test
