#include "cli/flags.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "cli/config_file.hpp"
#include "text.hpp"

namespace daa::bench {

Flag::Flag(CLI::Option& option, std::string metavar) : option_(option), metavar_(std::move(metavar)) {
  option_.transform([this](std::string value) { return checked(std::move(value)); });
}

Flag& Flag::check(Check check) {
  check_ = std::move(check);
  return *this;
}

Flag& Flag::then(Effect effect) {
  effect_ = std::move(effect);
  return *this;
}

std::string Flag::environment_name() const {
  std::string name{environment_prefix};
  for (const char c : key())
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string Flag::text() const {
  if (given()) return text(option_.results().back());
  return text(option_.get_default_str()).append(" (the default)");
}

std::string Flag::text(std::string_view value) const {
  return fmt::format("{}={}", source_.empty() ? option_.get_name() : source_, excerpt(value));
}

void Flag::refuse(std::string_view why) const {
  throw UsageError(one_line(fmt::format("{}: {}", text(), why)));
}

void Flag::refuse(std::string_view value, std::string_view why) const {
  throw UsageError(one_line(fmt::format("{}: {}", text(value), why)));
}

std::string Flag::checked(std::string value) const {
  const bool is_list = option_.get_delimiter() != '\0';
  const std::string given = is_list ? CLI::detail::trim(value) : value;
  // CLI11 takes the next flag where a value is missing.
  if (given.empty() || given.starts_with("--")) refuse(given, fmt::format("needs a value, {}", metavar_));
  std::string read = given;
  if (check_)
    if (const std::string why = check_(read); !why.empty()) refuse(given, why);
  return read;
}

void Flag::take(const std::vector<std::string>& values, std::string source) {
  source_ = std::move(source);
  for (const std::string& value : values) option_.add_result(value);
  if (!given()) refuse("", fmt::format("needs a value, {}", metavar_));
  option_.run_callback();
}

Flag& Flags::add(CLI::Option* option, std::string metavar, std::string help) {
  if (option->get_items_expected_max() > 1) option->delimiter(',')->allow_extra_args(false);
  option->group(group_)->type_name(metavar)->description(std::move(help));
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);  // several are refused in finish()
  return flags_.emplace_back(*option, std::move(metavar));
}

Flag& Flags::add_switch(const std::string& name, bool& on, std::string help) {
  return add(app_.add_flag(name, on), "", std::move(help)).check(one_of({"true", "false", "1", "0"}));
}

const Flag& Flags::at(std::string_view key) const {
  const auto flag = std::ranges::find(flags_, key, &Flag::key);
  if (flag == flags_.end()) throw std::logic_error(fmt::format("{} is not a flag", key));
  return *flag;
}

std::vector<std::string> Flags::keys() const {
  std::vector<std::string> keys;
  for (const Flag& flag : flags_) keys.push_back(flag.key());
  return keys;
}

void Flags::read_environment() {
  for (Flag& flag : flags_) {
    const std::string name = flag.environment_name();
    const char* const value = ::getenv(name.c_str());
    if (!flag.given() && value != nullptr && *value != '\0') flag.take({value}, name);
  }
}

void Flags::read_config_file(const Flag& config) {
  if (!config.given()) return;
  const std::string path = config.option_.results().back();
  std::vector<std::string> known = keys();
  std::erase(known, config.key());
  std::vector<std::pair<Flag*, ConfigEntry>> entries;
  for (ConfigEntry& entry : read_config_file_entries(path, config)) {
    if (std::ranges::find(known, entry.key) == known.end())
      config.refuse(fmt::format("key {}: {}", excerpt(entry.key), unknown(entry.key, known)));
    Flag& flag = *std::ranges::find(flags_, entry.key, &Flag::key);
    const auto same = std::ranges::find(entries, &flag, &std::pair<Flag*, ConfigEntry>::first);
    if (same != entries.end())
      std::ranges::copy(entry.values, std::back_inserter(same->second.values));
    else if (!flag.given())
      entries.emplace_back(&flag, std::move(entry));
  }
  for (const auto& [flag, entry] : entries)
    flag->take(entry.values, fmt::format("{}: {}", excerpt(path), entry.key));
}

void Flags::refuse_unknown_variables(const Flags& others) const {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text{*variable};
    const std::size_t equals = text.find('=');
    if (!text.starts_with(environment_prefix) || equals >= text.size() - 1) continue;  // empty: as if unset
    const std::string_view name = text.substr(0, equals);
    std::vector<std::string> known;
    for (const Flags* flags : {this, &others})
      for (const Flag& flag : flags->flags_) known.push_back(flag.environment_name());
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string capitals{name.substr(environment_prefix.size())};
    std::ranges::transform(capitals, capitals.begin(), [](unsigned char c) { return std::toupper(c); });
    for (std::string& other : known) other.erase(0, environment_prefix.size());  // or all would be alike
    throw UsageError(one_line(fmt::format("{}: unknown variable; {}see --help", excerpt(text),
                                          suggestion(capitals, known, environment_prefix))));
  }
}

void Flags::finish() const {
  for (const Flag& flag : flags_) {
    const auto& values = flag.option_.results();
    if (flag.option_.get_delimiter() == '\0' && values.size() > 1)
      flag.refuse(fmt::format("takes one value, and was given {} before", excerpt(values.front())));
  }
  for (const Flag& flag : flags_)
    if (flag.effect_) flag.effect_(flag);
}

}  // namespace daa::bench
