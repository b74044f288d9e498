// Runs the programs as a shell would, in an empty directory.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "temporary_folder.hpp"

namespace daa::test {

using Args = std::vector<std::string>;

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() { std::filesystem::create_directory(working_directory()); }

  [[nodiscard]] std::filesystem::path working_directory() const { return directory_.path() / "here"; }

  /// Starts `command`; its standard output goes to `out`, or where run() reads it.
  [[nodiscard]] ChildProcess start(const Command& command, const std::string& out = {}) const {
    return {command, working_directory(),
            out.empty() ? directory_.path() / "out" : std::filesystem::path{out}, directory_.path() / "err"};
  }

  [[nodiscard]] Outcome run(const Command& command, const std::string& out = {}) const {
    return start(command, out).wait();
  }

  /// A file that the program has written.
  [[nodiscard]] std::string written(const std::string& name) const {
    return read_file(working_directory() / name);
  }

  /// What is in the program's directory.
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{working_directory()})
      names.insert(entry.path().filename());
    return names;
  }

 private:
  TemporaryFolder directory_;
};

inline testing::AssertionResult is_one_line(const std::string& text) {
  if (text.size() > 1 && text.find('\n') == text.size() - 1) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not one line: \"" << text << '"';
}

}  // namespace daa::test
