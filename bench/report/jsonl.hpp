// The file of single samples: JSON Lines, an object a line.
#pragma once

#include <string>
#include <string_view>

#include "report/line_file.hpp"
#include "report/row.hpp"
#include "report/turn_samples.hpp"

namespace daa::bench {

/// Raised when a member changes its name or meaning or goes.
inline constexpr int jsonl_schema_version = 1;

/// The first line: what all samples must be read with, and how they were taken.
[[nodiscard]] std::string jsonl_context(const Context& context, const Options& options);

/// A line for each sample of the turn.
[[nodiscard]] std::string jsonl_lines(const TurnSamples& turn);

/// Writes the lines of a turn together, so that whatever ends the program leaves whole lines. Throws as
/// LineFile.
class JsonlWriter {
 public:
  /// Replaces the file by one with the first line alone. "-" is standard output.
  JsonlWriter(std::string path, const Context& context, const Options& options);

  void write(const TurnSamples& turn);

 private:
  LineFile file_;
};

/// `text` as a JSON string, in its quotes. Bytes outside ASCII are taken for UTF-8 and left as they are.
[[nodiscard]] std::string json_string(std::string_view text);

/// The shortest decimal that reads back as the same number, in no locale; null if `number` is not finite.
[[nodiscard]] std::string json_number(double number);

}  // namespace daa::bench
