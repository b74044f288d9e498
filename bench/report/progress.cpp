#include "report/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "text.hpp"

namespace daa::bench {
namespace {

constexpr std::size_t line_width = 79;  // one less than the narrowest usual terminal: a full line would wrap
constexpr std::chrono::milliseconds interval{100};

std::string format_time_left(std::chrono::seconds time) {
  const auto seconds = time.count();
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
}

}  // namespace

bool stderr_is_terminal() {
  const char* const kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && (kind == nullptr || std::string_view{kind} != "dumb");
}

Progress::Progress(std::ostream& out, bool enabled, std::size_t steps, Clock::time_point start)
    : out_{out}, enabled_{enabled}, steps_{steps}, start_{start}, next_{start} {}

Progress::~Progress() {
  erase();
}

void Progress::show(std::size_t done, std::string_view label, Clock::time_point now) {
  if (!enabled_ || now < next_) return;
  std::string line = fmt::format("[{}/{}]", done, steps_);
  if (done > 0 && done <= steps_) {
    const std::chrono::duration<double> elapsed = now - start_;
    const auto left = elapsed * (static_cast<double>(steps_ - done) / static_cast<double>(done));
    line += fmt::format(" {} left,", format_time_left(std::chrono::round<std::chrono::seconds>(left)));
  }
  line = shortened(one_line(fmt::format("{} {}", line, label)), line_width);
  out_ << fmt::format("\r{:<{}}", line, shown_)
       << std::flush;  // padding covers the rest of the previous line
  shown_ = line.size();
  next_ = now + interval;
}

void Progress::note(std::string_view text) {
  erase();
  out_ << fmt::format("daa-bench: {}\n", text) << std::flush;
}

void Progress::erase() {
  if (shown_ == 0) return;
  out_ << fmt::format("\r{:{}}\r", "", shown_) << std::flush;
  shown_ = 0;
  next_ = start_;
}

}  // namespace daa::bench
