// A value as it was given, and how to say what is wrong with it.
#pragma once

#include <string>
#include <string_view>

namespace daa::bench {

/// One value of one flag.
struct Given {
  std::string place;  // "--iters", "DAA_BENCH_ITERS", "bench.toml: iters"
  std::string value;
  bool by_default = false;  // nobody gave it
};

/// "--iters=0", as an excerpt() if the value is long.
[[nodiscard]] std::string to_string(const Given& given);

/// Throws the CLI11 error for a value that is not of the flag's type (ConversionError), or not one of those
/// allowed (ValidationError); what() is "--iters=0: why".
[[noreturn]] void refuse_type(const Given& given, std::string_view why);
[[noreturn]] void refuse_value(const Given& given, std::string_view why);

/// Throws CLI::ArgumentMismatch, "--iters: needs a value, N".
[[noreturn]] void refuse_missing(std::string_view place, std::string_view metavar);

}  // namespace daa::bench
