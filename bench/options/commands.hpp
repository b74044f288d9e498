// The commands of the program: a run, and a comparison.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "options/flags.hpp"

namespace daa::bench {

struct Command {
  std::string_view name;  // the program's first argument; empty for a run, which has none
  std::string_view summary;
  std::string_view usage;  // behind the program's name
  std::string (*footer)();
  bool (*takes)(const Flag& flag);
  std::size_t arguments = 0;    // that stand without a flag: none, or
  std::string_view needs = {};  // these
};

[[nodiscard]] const Command& run_command();
[[nodiscard]] const Command& compare_command();

}  // namespace daa::bench
