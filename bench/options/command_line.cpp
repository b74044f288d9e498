#include "options/command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <ranges>
#include <sstream>
#include <utility>

#include "options/config_file.hpp"
#include "options/flags.hpp"
#include "options/help.hpp"
#include "options/nearest.hpp"
#include "report/build_info.hpp"
#include "report/text.hpp"

namespace daa::bench {
namespace {

using Takes = Flag::Takes;

struct Arguments {
  std::string program;
  std::vector<std::string> ours;
  std::vector<std::string> benchmark;  // behind the first "--"
};

Arguments split(const Command& command, int argc, const char* const* argv) {
  const std::vector<std::string> all(argv + std::min(argc, command.name.empty() ? 1 : 2), argv + argc);
  const auto separator = std::find(all.begin(), all.end(), "--");
  Arguments arguments{"daa-bench", {all.begin(), separator}, {}};
  if (argc > 0) arguments.program = std::filesystem::path{argv[0]}.filename();
  if (separator != all.end()) arguments.benchmark.assign(separator + 1, all.end());
  return arguments;
}

std::string dashed(const Flag& flag) {
  return fmt::format("--{}", flag.name);
}

/// CLI11 would take the next flag for the value that is missing before it.
void refuse_missing_values(const std::vector<std::string>& args) {
  for (auto arg = args.begin(); arg != args.end(); ++arg)
    for (const Flag& flag : flags()) {
      const bool alone = *arg == dashed(flag) && flag.takes != Takes::nothing;
      const bool next_is_flag = arg + 1 == args.end() || (arg + 1)->starts_with("--");
      if ((alone && next_is_flag) || *arg == dashed(flag) + '=') refuse_missing(dashed(flag), flag.metavar);
    }
}

/// The flags as CLI11 options, in the order of flags(), which keep what is given to them as text; null for
/// those that the command does not take.
std::vector<CLI::Option*> declare(CLI::App& app, const Command& command) {
  std::vector<CLI::Option*> options;
  for (const Flag& flag : flags()) {
    if (!command.takes(flag)) {
      options.push_back(nullptr);
      continue;
    }
    CLI::Option* const option =
        flag.takes == Takes::nothing ? app.add_flag(dashed(flag)) : app.add_option(dashed(flag));
    option->description(std::string{flag.help})
        ->type_name(std::string{flag.metavar})
        ->default_str(std::string{flag.default_value})
        ->group(std::string{flag.group})
        ->envname(environment_name(flag))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options.push_back(option);
  }
  return options;
}

std::string help_of(const Command& command) {
  return command.name.empty() ? "--help" : fmt::format("{} --help", command.name);
}

/// Takes what stands without a flag off `left`, up to what the command takes.
std::vector<std::string> take_arguments(const Command& command, std::vector<std::string>& left) {
  std::vector<std::string> arguments;
  for (auto arg = left.begin(); arg != left.end() && arguments.size() < command.arguments;) {
    if (arg->starts_with('-')) {
      ++arg;
      continue;
    }
    arguments.push_back(std::move(*arg));
    arg = left.erase(arg);
  }
  return arguments;
}

void refuse_unexpected(const Command& command, const std::vector<std::string>& unexpected) {
  if (unexpected.empty()) return;
  const std::string& arg = unexpected.front();
  std::string why = command.arguments == 0 ? "no argument stands without a flag" : "one argument too many";
  if (arg.starts_with("--benchmark_")) {
    why = "flags of Google Benchmark's go behind --";
  } else if (arg.starts_with('-')) {
    std::vector<std::string_view> names{"help", "list", "version"};
    for (const Flag& flag : flags())
      if (command.takes(flag)) names.push_back(flag.name);
    const std::string_view name = std::string_view{arg}.substr(0, arg.find('='));
    const auto meant = nearest(name.substr(std::min(name.find_first_not_of('-'), name.size())), names);
    why = meant ? fmt::format("unknown flag; did you mean --{}?", *meant) : "unknown flag";
  }
  throw CLI::ExtrasError(fmt::format("{}: {}; see {}", excerpt(arg), why, help_of(command)),
                         CLI::ExitCodes::ExtrasError);
}

void refuse_missing_arguments(const Command& command, const RawOptions& raw) {
  if (raw.arguments.size() < command.arguments)
    throw CLI::RequiredError(
        fmt::format("{}: needs {}, and {} given; see {}", command.name, command.needs,
                    raw.arguments.empty() ? "none was" : "only one was", help_of(command)),
        CLI::ExitCodes::RequiredError);
  if (command.arguments > 0 && !raw.benchmark_args.empty())
    throw CLI::ExtrasError(fmt::format("-- {}: {} runs nothing in Google Benchmark",
                                       excerpt(raw.benchmark_args.front()), command.name),
                           CLI::ExitCodes::ExtrasError);
}

/// An empty variable is as if unset.
void refuse_unknown_variables() {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text{*variable};
    const std::size_t equals = text.find('=');
    if (!text.starts_with(environment_prefix) || equals >= text.size() - 1) continue;
    std::string name{text.substr(environment_prefix.size(), equals - environment_prefix.size())};
    const auto is_named = [&](const Flag& flag) { return environment_name(flag) == text.substr(0, equals); };
    if (std::ranges::any_of(flags(), is_named)) continue;
    const auto meant = nearest(CLI::detail::to_lower(name), flag_names());
    const auto flag = meant ? std::ranges::find(flags(), *meant, &Flag::name) : flags().end();
    const std::string why = meant ? fmt::format("unknown variable; did you mean {}?", environment_name(*flag))
                                  : "unknown variable";
    throw CLI::ExtrasError(fmt::format("{}: {}; see --help", excerpt(text), why),
                           CLI::ExitCodes::ExtrasError);
  }
}

/// `texts` as values of `flag`, lists taken apart.
std::vector<Given> values_of(const Flag& flag, const std::vector<std::string>& texts,
                             const std::string& place) {
  std::vector<Given> values;
  for (const std::string& text : texts) {
    if (flag.takes != Takes::list || text.empty()) {
      values.push_back({place, text});
      continue;
    }
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      std::string value = text.substr(begin, end - begin);
      values.push_back({place, CLI::detail::trim(value)});
      begin = end + 1;
    }
  }
  for (const Given& value : values)
    if (value.value.empty()) refuse_missing(place, flag.metavar);
  return values;
}

void refuse_several(const Flag& flag, const std::vector<Given>& values) {
  if (flag.takes == Takes::list || values.size() < 2) return;
  throw CLI::ArgumentMismatch(fmt::format("{}: takes one value, and was given {} before",
                                          to_string(values.back()), excerpt(values.front().value)));
}

/// Fills in from the config file, if there is one, what neither the command line nor the environment gave.
void add_config_file(std::vector<std::vector<Given>>& values) {
  const auto config = std::ranges::find(flags(), config_flag, &Flag::name) - flags().begin();
  const std::vector<Given>& paths = values[static_cast<std::size_t>(config)];
  if (paths.empty()) return;
  const Given path = paths.back();
  refuse_several(flags()[static_cast<std::size_t>(config)], paths);

  std::vector<std::vector<Given>> added(values.size());
  for (const ConfigEntry& entry : read_config_file(path)) {
    const auto flag = std::ranges::find(flags(), entry.key, &Flag::name);
    if (flag == flags().end() || flag->apply == nullptr) {
      std::vector<std::string_view> known;
      for (const Flag& f : flags())
        if (f.apply != nullptr) known.push_back(f.name);
      throw CLI::ConfigError(fmt::format("{}: {}: unknown key; {}known: {}", to_string(path),
                                         excerpt(entry.key), suggestion(entry.key, known),
                                         fmt::join(known, ", ")));
    }
    if (entry.values.empty()) refuse_missing(entry.place, flag->metavar);
    std::ranges::move(values_of(*flag, entry.values, entry.place),
                      std::back_inserter(added[static_cast<std::size_t>(flag - flags().begin())]));
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i].empty()) values[i] = std::move(added[i]);
}

}  // namespace

RawOptions read_raw_options(const Command& command, int argc, const char* const* argv) {
  Arguments arguments = split(command, argc, argv);
  CLI::App app{std::string{command.summary}, arguments.program};
  const std::vector<CLI::Option*> options = declare(app, command);
  CLI::Option* const list =
      app.add_flag("--list")->description("The workloads and the allocators, a line each.");
  list->group(std::string{general_group});
  app.set_help_flag("-h,--help", "This page.")->group(std::string{general_group});
  app.set_version_flag("--version", fmt::format("daa-bench {} ({})", build_version(), build_commit()),
                       "Version and commit.")
      ->group(std::string{general_group});
  app.formatter(help_formatter(command.usage));
  app.footer(command.footer());
  app.allow_extras();  // refused below, with better words

  RawOptions raw;
  raw.benchmark_args = std::move(arguments.benchmark);
  try {
    // CLI11 takes arguments off the back.
    app.parse(std::vector<std::string>{arguments.ours.rbegin(), arguments.ours.rend()});
  } catch (const CLI::Success& asked) {
    std::ostringstream answer;
    app.exit(asked, answer, answer);
    raw.answer = answer.str();
    return raw;
  } catch (const CLI::ArgumentMismatch&) {
    refuse_missing_values(arguments.ours);
    throw;
  }
  if (list->count() > 0) {
    raw.answer = format_list();
    return raw;
  }

  std::vector<std::string> left = app.remaining();
  raw.arguments = take_arguments(command, left);
  refuse_unexpected(command, left);
  refuse_unknown_variables();
  refuse_missing_values(arguments.ours);
  refuse_missing_arguments(command, raw);
  const std::vector<CLI::Option*> on_command_line = app.parse_order();
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Flag& flag = flags()[i];
    if (options[i] == nullptr) {
      raw.values.emplace_back();
      continue;
    }
    const bool typed = std::ranges::count(on_command_line, options[i]) > 0;
    raw.values.push_back(
        values_of(flag, options[i]->results(), typed ? dashed(flag) : environment_name(flag)));
  }
  add_config_file(raw.values);
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Flag& flag = flags()[i];
    refuse_several(flag, raw.values[i]);
    if (options[i] != nullptr && raw.values[i].empty() && !flag.default_value.empty())
      raw.values[i] = {{dashed(flag), std::string{flag.default_value}, true}};
  }
  return raw;
}

}  // namespace daa::bench
