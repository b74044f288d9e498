// Parses command lines in an empty folder and without variables of the program.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/command_line.hpp"
#include "temporary_folder.hpp"
#include "text_match.hpp"

namespace daa::bench {

using Strings = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

/// Every setting of a run but the seed, which is random, as text.
inline std::map<std::string, std::string> describe(const RunConfig& c) {
  const auto texts = [](const auto& items, auto text) {
    Strings result;
    for (const auto& item : items) result.emplace_back(text(item));
    return fmt::format("{}", fmt::join(result, ","));
  };
  const auto name = [](const auto* info) { return info->name; };
  const auto word = [](auto value) { return to_string(value); };
  const auto text = [](const auto& value) { return fmt::format("{}", value); };
  return {
      {"workloads", texts(c.workloads, name)},
      {"elements", texts(c.elements, text)},
      {"allocs_per_phase", texts(c.allocs_per_phase, text)},
      {"traces", texts(c.traces, [](const TraceFile& trace) { return trace.name; })},
      {"allocators", texts(c.allocators, name)},
      {"against", c.against},
      {"sync", texts(c.sync_modes, word)},
      {"modes", texts(c.modes, word)},
      {"threads", texts(c.threads, text)},
      {"streams", texts(c.streams, text)},
      {"flush_l2", text(c.flush_l2)},
      {"vary", texts(c.variations, word)},
      {"iters", text(c.iters)},
      {"warmup", text(c.warmup)},
      {"replay_iters", text(c.replay_iters)},
      {"replay_warmup", text(c.replay_warmup)},
      {"repetitions", text(c.repetitions)},
      {"max_noise", c.max_noise ? text(*c.max_noise) : ""},
      {"timeout", c.timeout_s ? text(*c.timeout_s) : ""},
      {"profile", text(c.profile)},
      {"count_calls", text(c.count_calls)},
      {"oversubscribe", text(c.oversubscribe)},
      {"per_rank", text(c.per_rank)},
      {"rank_timeout", text(c.rank_timeout_s)},
      {"device", fmt::format("{}:{}", static_cast<int>(c.device.kind), c.device.index)},
      {"csv", c.csv.path},
      {"json", c.json.path},
      {"verdicts", c.verdicts.path},
      {"baseline", c.baseline_path},
      {"ignore_context", text(c.ignore_context)},
  };
}

class CommandLine : public testing::Test {
 protected:
  CommandLine() : previous_folder_{std::filesystem::current_path()} {
    std::filesystem::current_path(folder_.path());
    Strings names;
    for (char** variable = environ; *variable != nullptr; ++variable)
      names.emplace_back(std::string_view{*variable}.substr(0, std::string_view{*variable}.find('=')));
    for (const std::string& name : names)
      if (name.starts_with("DAA_BENCH_")) ::unsetenv(name.c_str());
  }
  ~CommandLine() override { std::filesystem::current_path(previous_folder_); }

  /// `args` without the program's name.
  static Command parse(const Strings& args, const Variables& environment = {}) {
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    const struct Unset {
      const Variables& names;
      ~Unset() {
        for (const auto& [name, value] : names) ::unsetenv(name.c_str());
      }
    } unset{environment};
    std::vector<const char*> argv{"/usr/bin/daa-bench"};
    for (const std::string& arg : args) argv.push_back(arg.c_str());
    return parse_command_line(static_cast<int>(argv.size()), argv.data());
  }

  static RunConfig run(const Strings& args, const Variables& environment = {}) {
    return std::get<RunConfig>(parse(args, environment));
  }

  /// The settings that differ from those of a run without flags: "iters=7 replay_iters=7", by name.
  static std::string changes(const Strings& args, const Variables& environment = {}) {
    const auto standard = describe(run({}));
    Strings changed;
    for (const auto& [name, value] : describe(run(args, environment)))
      if (value != standard.at(name)) changed.push_back(fmt::format("{}={}", name, value));
    return fmt::format("{}", fmt::join(changed, " "));
  }

  static std::string answer(const Strings& args, const Variables& environment = {}) {
    return std::get<Answer>(parse(args, environment)).text;
  }

  /// Expects a refusal in one line with all of `parts`, and no change to any file.
  void expect_refused(const Strings& args, const Strings& parts, const Variables& environment = {}) const {
    SCOPED_TRACE(fmt::format("{}", fmt::join(args, " ")));
    const auto before = files();
    try {
      parse(args, environment);
      ADD_FAILURE() << "is not refused";
    } catch (const UsageError& error) {
      const std::string line = error.what();
      for (const std::string& part : parts) EXPECT_TRUE(contains(line, part));
      EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; })) << line;
      EXPECT_LT(line.size(), 500u) << line;
    }
    EXPECT_EQ(files(), before);
  }

  static void write_file(const std::string& path, std::string_view text) { std::ofstream{path} << text; }

  /// Every file below the test's folder, with its content.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder_.path()}) {
      std::ifstream file{entry.path()};
      found[entry.path()] =
          entry.is_regular_file() ? std::string{std::istreambuf_iterator<char>{file}, {}} : "";
    }
    return found;
  }

 private:
  std::filesystem::path previous_folder_;
  test::TemporaryFolder folder_;
};

}  // namespace daa::bench
