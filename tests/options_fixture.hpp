// Runs parse_options() as a shell would, in an empty directory and without environment twins.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "options/flags.hpp"
#include "temporary_folder.hpp"
#include "text_match.hpp"

namespace daa::bench {

using Strings = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

struct Outcome {
  std::optional<Options> options;
  int exit_code;
  std::string out, err;
};

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() : previous_directory_{std::filesystem::current_path()} {
    std::filesystem::current_path(directory_.path());
    for (const std::string& twin : twins_set()) ::unsetenv(twin.c_str());
  }

  ~OptionsTest() override { std::filesystem::current_path(previous_directory_); }

  /// `args` without the program's name.
  static Outcome run(const Strings& args, const Variables& environment = {}) {
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    std::vector<const char*> argv{"/usr/bin/daa-bench"};
    for (const std::string& arg : args) argv.push_back(arg.c_str());
    std::ostringstream out, err;
    ParseResult result = parse_options(static_cast<int>(argv.size()), argv.data(), out, err);
    for (const auto& [name, value] : environment) ::unsetenv(name.c_str());
    return {std::move(result.options), result.exit_code, out.str(), err.str()};
  }

  /// The options that `args` give; fails the test if they are refused.
  static Options parse(const Strings& args, const Variables& environment = {}) {
    Outcome outcome = run(args, environment);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(outcome.options);
    return outcome.options.value_or(Options{});
  }

  static void write_file(const std::string& path, std::string_view text) { std::ofstream{path} << text; }

  static std::string read_file(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  /// Every file below the test's directory, with its content.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{directory_.path()})
      found[entry.path()] = entry.is_regular_file() ? read_file(entry.path()) : "";
    return found;
  }

 private:
  /// The variables of this process that daa-bench would listen to.
  static Strings twins_set() {
    Strings names;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text{*variable};
      if (text.starts_with(environment_prefix)) names.emplace_back(text.substr(0, text.find('=')));
    }
    return names;
  }

  std::filesystem::path previous_directory_;
  test::TemporaryFolder directory_;
};

template <class Info>
std::vector<std::string> names(const std::vector<const Info*>& infos) {
  std::vector<std::string> result;
  for (const Info* info : infos) result.emplace_back(info->name);
  return result;
}

}  // namespace daa::bench
