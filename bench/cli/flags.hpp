// Flags on top of CLI11. Each is also a variable of the environment and a key of the configuration file, and
// knows where its value was given, so that a refusal names that place.
//
// CLI11's own ways to read these two are not used: its file takes precedence over the environment, it skips
// or repairs lines that it cannot read, and from 2.4 on it ignores variables with bad values.
#pragma once

#include <CLI/App.hpp>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/parse.hpp"
#include "usage_error.hpp"

namespace daa::bench {

/// What the names of the program's variables begin with, and those of no other program.
inline constexpr std::string_view environment_prefix = "DAA_BENCH_";

class Flag {
 public:
  using Effect = std::function<void(const Flag&)>;

  Flag(CLI::Option& option, std::string metavar);
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

  /// Is called with each value before CLI11 reads it.
  Flag& check(Check check);
  /// Is called once the values of all flags are read, in the order in which flags were added, whether or not
  /// this one was given.
  Flag& then(Effect effect);

  [[nodiscard]] bool given() const { return option_.count() > 0; }
  [[nodiscard]] bool typed() const { return given() && source_.empty(); }
  [[nodiscard]] std::string key() const { return option_.get_name().substr(2); }
  [[nodiscard]] std::string environment_name() const;

  /// "DAA_BENCH_ITERS=0", "--csv=daa-bench.csv (the default)"; the last value, unless another one is meant.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string text(std::string_view value) const;
  /// Throws UsageError: text() and `why`.
  [[noreturn]] void refuse(std::string_view why) const;
  [[noreturn]] void refuse(std::string_view value, std::string_view why) const;

 private:
  friend class Flags;

  std::string checked(std::string value) const;
  void take(const std::vector<std::string>& values, std::string source);

  CLI::Option& option_;
  std::string metavar_;
  std::string source_;  // empty: the command line
  Check check_;
  Effect effect_;
};

/// The flags of one command.
class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}

  /// Of --help, for the flags added next.
  void group(std::string name) { group_ = std::move(name); }
  /// `help` is lines of at most 78 characters. An option that holds several values takes them separated by
  /// commas or repeated.
  Flag& add(CLI::Option* option, std::string metavar, std::string help);
  /// A flag that is on where it is given, unless "=false" follows.
  Flag& add_switch(const std::string& name, bool& on, std::string help);

  /// The flag of that key; std::logic_error if none was added.
  [[nodiscard]] const Flag& at(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> keys() const;

  /// These two set the flags that have no value yet.
  void read_environment();
  void read_config_file(const Flag& config);
  /// Throws UsageError for a variable of the program's that is no flag, nor one of `others`.
  void refuse_unknown_variables(const Flags& others) const;
  /// Runs the effects.
  void finish() const;

 private:
  CLI::App& app_;
  std::string group_;
  std::deque<Flag> flags_;
};

}  // namespace daa::bench
