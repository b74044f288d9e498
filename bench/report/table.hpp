// The table that a person reads.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "device/context.hpp"
#include "report/output_file.hpp"
#include "report/sink.hpp"

namespace daa::bench {

/// Widest line of a table; messages are cut there. ASCII only.
inline constexpr std::size_t table_width = 100;

/// On what it was measured: one line.
[[nodiscard]] std::string format_context(const Context& context);

/// The rows of one case: a heading, a line for each allocator, and notes. With `bold`, ratios are printed
/// in bold type.
[[nodiscard]] std::string format_case(std::span<const Row> rows, bool bold = false);

/// What the ratios are, in two lines. `against` is the allocator that they refer to; `has_noise`: the lower
/// bound was measured again.
[[nodiscard]] std::string format_legend(std::string_view against, bool has_noise);

/// Writes them to standard output.
class TableSink final : public Sink {
 public:
  TableSink(const Context& context, bool bold);

  void write(std::span<const Row> rows) override;
  void finish() override;

 private:
  LineFile out_;
  bool bold_;
  std::string against_;  // empty until a row was written
  bool has_noise_ = false;
};

/// Whether standard output is a terminal that shows bold type, and NO_COLOR is not set.
[[nodiscard]] bool stdout_shows_bold();

}  // namespace daa::bench
