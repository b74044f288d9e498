// Runs programs as a shell does, in an empty directory.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
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

  /// Starts `command`; its standard output goes to `out` or, by default, to where run() reads it.
  [[nodiscard]] ChildProcess start(const Command& command, const std::string& out = {}) const {
    return {command, working_directory(),
            out.empty() ? directory_.path() / "out" : std::filesystem::path{out}, directory_.path() / "err"};
  }

  [[nodiscard]] Outcome run(const Command& command, const std::string& out = {}) const {
    return start(command, out).wait();
  }

  /// The content of a file that the program has written.
  [[nodiscard]] std::string written(const std::string& name) const {
    return read_file(working_directory() / name);
  }

  /// The files in the program's directory and their contents.
  [[nodiscard]] std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator{working_directory()})
      found[entry.path().filename()] = read_file(entry.path());
    return found;
  }

  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& [name, content] : contents()) names.insert(name);
    return names;
  }

 private:
  TemporaryFolder directory_;
};

inline testing::AssertionResult is_one_line(const std::string& text) {
  if (text.size() > 1 && text.find('\n') == text.size() - 1) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "expected one line: \"" << text << '"';
}

}  // namespace daa::test
