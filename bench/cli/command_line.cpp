#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "cli/flags.hpp"
#include "cli/help.hpp"
#include "cli/result_flags.hpp"
#include "cli/run_flags.hpp"
#include "device/context.hpp"
#include "text.hpp"

namespace daa::bench {
namespace {

constexpr const char* questions_group = "General";

/// The program: its flags, and those of its subcommand.
class Program {
 public:
  explicit Program(std::string name)
      : app_{"Measures what temporary GPU memory costs, by workload, size and allocator.", std::move(name)} {
    app_.formatter(help_formatter());
    compare_.formatter(help_formatter());
    app_.allow_extras();  // refused by refuse_unexpected(), which knows the nearest flag
    compare_.allow_extras();
    app_.footer(run_footer());
    compare_.footer(compare_footer());

    add_run_flags(app_, run_flags_, run_);
    app_.add_flag("--list")
        ->description("Lists workloads, traces and allocators; --list=columns lists the columns of --csv.")
        ->group(questions_group);
    app_.set_help_flag("-h,--help", "Prints this page.")->group(questions_group);
    app_.add_flag("--version")->description("Prints version and commit.")->group(questions_group);

    compare_.add_option("BASE", comparison_.base_path, "The earlier result.")->type_name("")->required();
    compare_.add_option("HEAD", comparison_.head_path, "The result that is judged.")
        ->type_name("")
        ->required();
    compare_flags_.group("Flags");
    add_compare_flags(compare_, compare_flags_, comparison_);
    compare_.set_help_flag("-h,--help", "Prints this page.")->group("Flags");
  }

  Command parse(std::vector<std::string> arguments) {
    std::optional<std::string> refused;
    try {
      std::ranges::reverse(arguments);  // as CLI11 wants them
      app_.parse(std::move(arguments));
    } catch (const UsageError& error) {
      refused = error.what();
    } catch (const CLI::Error& error) {
      refused = one_line(fmt::format("{}; see {}--help", error.what(), compare_.parsed() ? "compare " : ""));
    }
    // A question is answered whatever else is wrong.
    if (app_.get_help_ptr()->count() + compare_.get_help_ptr()->count() > 0) return Answer{app_.help()};
    if (app_.count("--version") > 0)
      return Answer{fmt::format("daa-bench {} ({})\n", build_version(), build_commit())};
    if (app_.count("--list") > 0) return Answer{list()};
    refuse_unexpected();
    if (refused) throw UsageError(*refused);
    run_flags_.refuse_unknown_variables(compare_flags_);
    if (compare_.parsed()) return compare();
    return run();
  }

 private:
  RunConfig run() {
    run_flags_.read_environment();
    run_flags_.read_config_file(run_flags_.at("config"));
    run_flags_.finish();
    const RunConfig& config = run_.config;
    const std::vector<std::string> of_runs = run_flags_.keys();
    for (const std::string& key : compare_flags_.keys()) {  // which say how results are compared
      if (std::ranges::find(of_runs, key) == of_runs.end()) continue;
      const Flag& flag = run_flags_.at(key);
      if (flag.typed() && config.baseline_path.empty()) flag.refuse("has no effect without --baseline");
    }
    std::vector<InputFile> inputs{{"--config", run_.config_path}, {"--baseline", config.baseline_path}};
    for (const TraceFile& trace : config.traces) inputs.push_back({"--trace", trace.path});
    refuse_shared_files(run_flags_, config.outputs(), inputs);
    return config;
  }

  CompareConfig compare() {
    if (const std::vector<const CLI::Option*> options = given(app_); !options.empty())
      throw UsageError(
          fmt::format("{}: is not a flag of compare; see compare --help", options.front()->get_name()));
    compare_flags_.read_environment();
    compare_flags_.finish();
    const InputFile inputs[]{{"the comparison", comparison_.base_path},
                             {"the comparison", comparison_.head_path}};
    refuse_shared_files(compare_flags_, {&comparison_.verdicts}, inputs);
    return comparison_;
  }

  static std::vector<const CLI::Option*> given(const CLI::App& app) {
    return app.get_options([](const CLI::Option* option) { return option->count() > 0; });
  }

  std::string list() const {
    const std::string what = app_.get_option("--list")->results().back();
    if (what == "true") return list_names();
    if (what == "columns") return list_columns();
    throw UsageError(one_line(
        fmt::format("--list={}: {}", excerpt(what), unknown(what, std::vector<std::string>{"columns"}))));
  }

  void refuse_unexpected() {
    const bool is_comparison = compare_.parsed();
    for (const std::string& argument : app_.remaining(true)) {
      if (argument == "--") continue;
      std::string why = "one argument too many; ";
      if (argument.starts_with('-')) {
        std::vector<std::string> known = (is_comparison ? compare_flags_ : run_flags_).keys();
        known.insert(known.end(), {"help", "list", "version"});
        std::string name = argument.substr(0, argument.find('='));
        name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
        why = "unknown flag; " + suggestion(name, known, "--");
      } else if (!is_comparison) {
        why = "neither a flag nor a command; " + suggestion(argument, std::vector<std::string>{"compare"});
      }
      throw UsageError(one_line(
          fmt::format("{}: {}see {}--help", excerpt(argument), why, is_comparison ? "compare " : "")));
    }
  }

  CLI::App app_;
  CLI::App& compare_ = *app_.add_subcommand(
      "compare", "Tells whether HEAD is slower than BASE, or takes more calls or memory.");
  RunDraft run_;
  CompareConfig comparison_;
  Flags run_flags_{app_}, compare_flags_{compare_};
};

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  std::string name = argc > 0 ? std::filesystem::path{argv[0]}.filename().string() : std::string{};
  Program program{name.empty() ? "daa-bench" : std::move(name)};
  return program.parse({argv + std::min(argc, 1), argv + argc});
}

}  // namespace daa::bench
