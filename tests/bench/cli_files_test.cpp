// Outputs that cannot be written, or would overwrite what is read or written elsewhere, and traces.

#include "cli_fixture.hpp"

namespace daa::bench {
namespace {

TEST_F(CommandLine, RefusesOutputsThatCannotBeWritten) {
  std::filesystem::create_directory("folder");
  write_file("file", "kept");
  for (const std::string flag : {"--csv", "--json", "--verdicts"})
    for (const std::string path : {"folder", "new/", "missing/a.csv", "file/a.csv"})
      expect_refused({"--baseline=b", flag + "=" + path}, {flag + "=" + path + ": "});
  expect_refused({"--csv=missing/a.csv"}, {"no directory missing"});
  std::filesystem::create_directory("daa-bench.csv");
  expect_refused({}, {"--csv=daa-bench.csv (the default): "});
}

TEST_F(CommandLine, RefusesOutputsWithoutPermission) {
  std::filesystem::create_directory("locked");
  write_file("locked.csv", "kept");
  using enum std::filesystem::perms;
  std::filesystem::permissions("locked", all & ~(owner_write | group_write | others_write));
  std::filesystem::permissions("locked.csv", owner_read | others_read);
  const uid_t user = ::geteuid();
  if (user == 0) {  // to whom no permission is denied
    std::filesystem::permissions(".", all);
    ASSERT_EQ(::seteuid(65534), 0);
  }
  for (const std::string path : {"locked/a.csv", "locked.csv"}) {
    try {
      run({"--csv=" + path});
      ADD_FAILURE() << path;
    } catch (const UsageError& error) {
      EXPECT_TRUE(contains(error.what(), "--csv=" + path + ": "));
      EXPECT_TRUE(contains(error.what(), "Permission denied"));
    }
  }
  ASSERT_EQ(::seteuid(user), 0);
}

TEST_F(CommandLine, RefusesTwoOutputsThatAreOneFile) {
  write_file("b", "kept");
  std::filesystem::create_hard_link("b", "c");
  std::filesystem::create_symlink("x", "link");
  const std::vector<Strings> rows{{"--csv=x", "--verdicts=x"},       {"--csv=-", "--verdicts=-"},
                                  {"--csv=./x", "--json=x"},         {"--csv=-", "--json=-"},
                                  {"--json=-", "--verdicts=-"},      {"--csv=b", "--json=c"},
                                  {"--csv=x", "--json=link"},        {"--json=y", "--verdicts=./y"},
                                  {"--csv=/dev/stdout", "--json=-"}, {"--csv=/dev/fd/1", "--json=-"}};
  for (const Strings& outputs : rows)
    expect_refused({"--baseline=base", outputs[0], outputs[1]},
                   {outputs[1] + ": ", outputs[0].substr(0, outputs[0].find('=')), "another file"});
  expect_refused({"--json=daa-bench.csv"}, {"--json=daa-bench.csv", "--csv"});
  EXPECT_EQ(changes({"--csv=none", "--json=none"}), "csv=");
}

TEST_F(CommandLine, RefusesToWriteWhatIsRead) {
  std::filesystem::create_directory("folder");
  write_file("folder/a.csv", "kept");
  write_file("a.csv", "kept");
  write_file("b.toml", "iters = 5");
  std::filesystem::create_symlink("a.csv", "link.csv");
  std::filesystem::create_hard_link("folder/a.csv", "hard.csv");
  const struct {
    Strings args;
    std::string output, reader;
  } rows[]{
      {{"--workload=replay", "--trace=a.csv"}, "--csv=a.csv", "--trace"},
      {{"--workload=replay", "--trace=a.csv"}, "--json=./link.csv", "--trace"},
      {{"--config=b.toml"}, "--csv=b.toml", "--config"},
      {{"--baseline=./new.csv"}, "--csv=new.csv", "--baseline"},
      {{"--baseline=new.csv"}, "--json=new.csv", "--baseline"},
      {{"--baseline=new"}, "--verdicts=new", "--baseline"},
      {{"--baseline=folder"}, "--csv=folder/a.csv", "--baseline"},
      {{"--baseline=folder"}, "--csv=hard.csv", "--baseline"},
      {{"compare", "a.csv", "folder"}, "--verdicts=link.csv", "the comparison"},
      {{"compare", "b", "folder"}, "--verdicts=folder/a.csv", "the comparison"},
  };
  for (const auto& [args, output, reader] : rows) {
    Strings all = args;
    all.push_back(output);
    expect_refused(all, {output + ": ", reader, "another file"});
  }
  expect_refused({"--baseline=daa-bench.csv"}, {"--csv=daa-bench.csv (the default)", "--baseline"});
  EXPECT_EQ(run({"--baseline=folder", "--json=folder/new.json"}).json.path, "folder/new.json");
}

TEST_F(CommandLine, RefusesTracesThatAreNotThereOrOfOneName) {
  std::filesystem::create_directory("a");
  write_file("a/t.csv", "");
  write_file("t.csv", "");
  const std::pair<std::string, Strings> rows[]{
      {"--trace=missing/t.csv", {"--trace=missing/t.csv", "bert_train"}},
      {"--trace=.", {"--trace=.: ", "regular file"}},
      {"--trace=a/t.csv,t.csv", {"--trace=t.csv", "rename"}}};
  for (const auto& [trace, parts] : rows) expect_refused({"--workload=replay", trace}, parts);
}

}  // namespace
}  // namespace daa::bench
