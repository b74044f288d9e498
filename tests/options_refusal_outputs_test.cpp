// Outputs that cannot be written, or would overwrite what is read or written elsewhere, are refused.

#include <filesystem>

#include "options_refusal_fixture.hpp"

namespace daa::bench {
namespace {

TEST_F(OptionsRefusalTest, OutputsThatCannotBeWrittenAreFoundOutBeforehand) {
  std::filesystem::create_directory("directory");
  for (const std::string flag : {"--csv", "--json"}) {
    expect_refused({flag + "=directory"}, Code::ValidationError, {flag + "=directory: is a directory"});
    expect_refused({flag + "=new/"}, Code::ValidationError, {flag + "=new/: is a directory"});
    expect_refused({flag + "=missing/a.csv"}, Code::ValidationError,
                   {flag + "=missing/a.csv: ", "no directory missing"});
    write_file("file", "kept");
    expect_refused({flag + "=file/a.csv"}, Code::ValidationError, {flag + "=file/a.csv: "});
    const std::string long_name(300, 'x');
    expect_refused({flag + "=" + long_name}, Code::ValidationError,
                   {flag + "=" + long_name.substr(0, 97) + "...: cannot be written"});
  }
}

TEST_F(OptionsRefusalTest, OutputsWithoutPermissionAreFoundOutBeforehand) {
  std::filesystem::create_directory("locked");
  write_file("locked.csv", "kept");
  using enum std::filesystem::perms;
  std::filesystem::permissions("locked",
                               owner_read | owner_exec | group_read | group_exec | others_read | others_exec);
  std::filesystem::permissions("locked.csv", owner_read | others_read);
  const uid_t user = ::geteuid();
  constexpr uid_t nobody = 65534;
  if (user == 0) {  // to whom no permission is denied
    std::filesystem::permissions(".", all);
    ASSERT_EQ(::seteuid(nobody), 0);
  }
  const Outcome no_directory = run({"--csv=locked/a.csv"});
  const Outcome no_file = run({"--csv=locked.csv"});
  if (user == 0) {
    ASSERT_EQ(::seteuid(user), 0);
  }
  EXPECT_EQ(no_directory.exit_code, static_cast<int>(Code::ValidationError));
  EXPECT_TRUE(
      contains(no_directory.err, "--csv=locked/a.csv: no file can be made in locked: Permission denied"));
  EXPECT_EQ(no_file.exit_code, static_cast<int>(Code::ValidationError));
  EXPECT_TRUE(contains(no_file.err, "--csv=locked.csv: cannot be written: Permission denied"));
  EXPECT_EQ(read_file("locked.csv"), "kept");
}

TEST_F(OptionsRefusalTest, ABadDefaultIsSaidToBeTheDefault) {
  std::filesystem::create_directory("daa-bench.csv");
  expect_refused({}, Code::ValidationError, {"--csv=daa-bench.csv (the default): is a directory"});
}

TEST_F(OptionsRefusalTest, BothReportsDoNotGoToOnePlace) {
  expect_refused({"--csv=-", "--json=-"}, Code::ExcludesError, {"--json=-: ", "--csv=-"});
  expect_refused({"--csv=a", "--json=./a"}, Code::ExcludesError, {"--json=./a: ", "--csv=a"});
  write_file("b", "kept");
  std::filesystem::create_hard_link("b", "c");
  expect_refused({"--csv=b", "--json=c"}, Code::ExcludesError, {"--json=c: "});
}

TEST_F(OptionsRefusalTest, NeitherDoTheSamplesGoWhereAReportGoes) {
  expect_refused({"--csv=-", "--jsonl=-"}, Code::ExcludesError, {"--jsonl=-: ", "--csv=-"});
  expect_refused({"--json=a", "--jsonl=./a"}, Code::ExcludesError, {"--jsonl=./a: ", "--json=a"});
}

TEST_F(OptionsRefusalTest, WhatIsReadIsNotWrittenOver) {
  write_file("a.csv", "kept");
  write_file("b.toml", "iters = 5");
  std::filesystem::create_symlink("a.csv", "link.csv");
  for (const Strings& args : {Strings{"--csv=a.csv"}, {"--json=./a.csv"}, {"--jsonl=link.csv"}})
    expect_refused({"--workload=replay", "--trace=a.csv", args[0]}, Code::ExcludesError,
                   {args[0] + ": is what --trace reads; name another file"});
  expect_refused({"--config=b.toml", "--csv=b.toml"}, Code::ExcludesError, {"is what --config reads"});
}

TEST_F(OptionsRefusalTest, ARunIsHeldAgainstNothingThatItWrites) {
  for (const Strings& args : {Strings{"--baseline=daa-bench.csv"}, {"--baseline=./a.csv", "--csv=a.csv"}})
    expect_refused(args, Code::ExcludesError, {": is what --baseline reads; name another file"});
  expect_refused({"--baseline=a.json", "--json=a.json"}, Code::ExcludesError,
                 {"--json=a.json: ", "--baseline"});
  expect_refused({"--baseline=a", "--verdicts=a"}, Code::ExcludesError, {"--verdicts=a: ", "--baseline"});
  std::filesystem::create_directory("folder");
  write_file("folder/a.csv", "kept");
  expect_refused({"--baseline=folder", "--csv=folder/a.csv"}, Code::ExcludesError,
                 {"--csv=folder/a.csv: is what --baseline reads"});
  expect_refused({"--baseline=a", "--verdicts=-", "--csv=-"}, Code::ExcludesError,
                 {"--verdicts=-: ", "--csv"});
  expect_refused({"--baseline=a", "--verdicts=none/a"}, Code::ValidationError, {"--verdicts=none/a: "});
}

}  // namespace
}  // namespace daa::bench
