// Numbers that need not be whole.
#pragma once

#include <string_view>

#include "options/given.hpp"

namespace daa::bench {

struct NumberRange {
  double least, greatest;
  std::string_view example;
};

/// A decimal number in no locale: "0.05", "5e-3". Refuses what is none and what is out of range.
[[nodiscard]] double parse_number(const Given& given, NumberRange range);

}  // namespace daa::bench
