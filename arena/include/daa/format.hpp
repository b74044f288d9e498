// ArenaStats for {fmt}: "{}" is to_string(), "{:j}" is to_json(). Needs fmt, which the library itself does
// not.
#pragma once

#include <fmt/core.h>

#include "daa/arena_stats.hpp"

template <>
struct fmt::formatter<daa::ArenaStats> {
  constexpr auto parse(fmt::format_parse_context& context) -> decltype(context.begin()) {
    auto position = context.begin();
    if (position != context.end() && *position == 'j') {
      json_ = true;
      ++position;
    }
    return position;
  }

  template <class Context>
  auto format(const daa::ArenaStats& stats, Context& context) const -> decltype(context.out()) {
    return fmt::format_to(context.out(), "{}", json_ ? daa::to_json(stats) : daa::to_string(stats));
  }

 private:
  bool json_ = false;
};
