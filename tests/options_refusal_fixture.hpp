// What a command line that is wrong is told: one line, which names the flag, the value and what is allowed.
#pragma once

#include <CLI/Error.hpp>
#include <algorithm>

#include "options_fixture.hpp"

namespace daa::bench {

using Code = CLI::ExitCodes;

class OptionsRefusalTest : public OptionsTest {
 protected:
  /// `said` are parts of the one line.
  void expect_refused(const Strings& args, Code code, const Strings& said,
                      const Variables& environment = {}) {
    std::string shown;
    for (const std::string& arg : args) shown += arg + ' ';
    SCOPED_TRACE(shown);
    const auto before = files();
    const Outcome outcome = run(args, environment);
    EXPECT_FALSE(outcome.options);
    EXPECT_EQ(outcome.exit_code, static_cast<int>(code));
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(outcome.err.starts_with("daa-bench: ")) << outcome.err;
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_TRUE(outcome.err.ends_with('\n'));
    for (const std::string& part : said) EXPECT_TRUE(contains(outcome.err, part));
    EXPECT_EQ(files(), before);
  }

  void expect_config_refused(std::string_view text, Code code, Strings said) {
    SCOPED_TRACE(text);
    write_file("bench.toml", text);
    said.emplace_back("bench.toml");
    expect_refused({"--config=bench.toml"}, code, said);
  }
};

}  // namespace daa::bench
