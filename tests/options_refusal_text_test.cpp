// Whatever the value, the refusal is one short line.

#include "options_refusal_fixture.hpp"

namespace daa::bench {
namespace {

TEST_F(OptionsRefusalTest, LongValuesAreCutSoThatTheReasonIsInSight) {
  const std::string text(500, 'x');
  const std::string cut = text.substr(0, 97) + "...";
  write_file("long-line.toml", text + '\n');
  write_file("long-key.toml", text + " = 5\n");
  const struct {
    Strings args;
    Code code;
    std::string said;
  } cases[]{
      {{"--iters=" + text}, Code::ConversionError, "--iters=" + cut + ": not a count"},
      {{"--workload=scan," + text}, Code::ValidationError, "--workload=" + cut + ": unknown"},
      {{"--iters=" + text, "--iters=2"}, Code::ArgumentMismatch, "was given " + cut + " before"},
      {{"--" + text}, Code::ExtrasError, "--" + text.substr(0, 95) + "...: unknown flag"},
      {{text}, Code::ExtrasError, cut + ": no argument"},
      {{"--csv=" + text + "/a"}, Code::ValidationError, "--csv=" + cut + ": cannot be written"},
      {{"--config=" + text}, Code::FileError, "--config=" + cut + ": cannot be read"},
      {{"--config=long-line.toml"}, Code::ConfigError, "\"" + cut + "\": expected key = value"},
      {{"--config=long-key.toml"}, Code::ConfigError, ": " + cut + ": unknown key"},
      {{"--", "--" + text}, Code::ExtrasError, "-- --" + text.substr(0, 95) + "...: not a flag"},
  };
  for (const auto& [args, code, said] : cases) {
    expect_refused(args, code, {said});
    EXPECT_LT(run(args).err.size(), 500u);
  }
  expect_refused({}, Code::ConversionError, {"DAA_BENCH_ITERS=" + cut + ": not a count"},
                 {{"DAA_BENCH_ITERS", text}});
}

TEST_F(OptionsRefusalTest, AValueOfUsualLengthIsShownWhole) {
  const std::string path = std::string(90, 'x') + "/rows.csv";
  expect_refused({"--csv=" + path}, Code::ValidationError, {"--csv=" + path + ": there is no directory"});
}

TEST_F(OptionsRefusalTest, ControlCharactersAndOtherScriptsStayOnOneLine) {
  expect_refused({"--workload=a\nb\t\x1b[2J"}, Code::ValidationError, {"--workload=a\\nb\\t\\x1b[2J: "});
}

}  // namespace
}  // namespace daa::bench
