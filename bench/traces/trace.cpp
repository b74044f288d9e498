#include "traces/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "report/text.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view header = "Thread,Time,Action,Pointer,Size,Stream";
constexpr std::size_t field_count = 6;

class TraceReader {
 public:
  explicit TraceReader(const std::string& path) : path_(path), file_(path) {
    if (!file_) throw std::runtime_error(fmt::format("{}: {}", path, std::generic_category().message(errno)));
  }

  Trace read() {
    std::string line;
    next(line);
    if (line != header) refuse(fmt::format("\"{}\" is not the header {}", excerpt(line), header));
    while (next(line)) read_operation(line);
    if (file_.bad()) refuse("cannot be read any further");
    if (trace_.operations == 0) refuse("there is no operation");
    if (!live_.empty()) {
      refuse(fmt::format("{} allocations are never freed, the first of them in line {}", live_.size(),
                         first_left_line()));
    }
    return std::move(trace_);
  }

 private:
  struct Live {
    std::uint32_t block;
    std::size_t bytes;
    std::size_t line;
  };

  [[noreturn]] void refuse(const std::string& why) const {
    throw std::runtime_error(fmt::format("{}:{}: {}", path_, line_number_, why));
  }

  bool next(std::string& line) {
    if (!std::getline(file_, line)) return false;
    if (line.ends_with('\r')) line.pop_back();
    ++line_number_;
    return true;
  }

  void read_operation(std::string_view line) {
    const std::array<std::string_view, field_count> fields = split(line);
    const std::uint64_t pointer = number("pointer", fields[3]);
    const std::size_t bytes = number("size", fields[4]);
    if (fields[2] == "allocate") {
      allocate(pointer, bytes);
    } else if (fields[2] == "free") {
      free(pointer, bytes);
    } else {
      refuse(fmt::format("unknown action \"{}\"; known: allocate, free", excerpt(fields[2])));
    }
    ++trace_.operations;
    if (live_.empty()) in_phase_ = false;
  }

  std::array<std::string_view, field_count> split(std::string_view line) const {
    std::array<std::string_view, field_count> fields;
    const auto commas = std::ranges::count(line, ',');
    if (commas != field_count - 1) {
      refuse(fmt::format("{} fields instead of {}: \"{}\"", commas + 1, field_count, excerpt(line)));
    }
    for (std::string_view& field : fields) {
      field = line.substr(0, line.find(','));
      line.remove_prefix(std::min(field.size() + 1, line.size()));
    }
    return fields;
  }

  std::uint64_t number(std::string_view what, std::string_view text) const {
    const bool hexadecimal = text.starts_with("0x");
    const std::string_view digits = hexadecimal ? text.substr(2) : text;
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
      refuse(fmt::format("{} \"{}\" is not a number below 2^64", what, excerpt(text)));
    }
    return value;
  }

  void allocate(std::uint64_t pointer, std::size_t bytes) {
    const Live block{static_cast<std::uint32_t>(trace_.blocks), bytes, line_number_};
    const auto [there, is_new] = live_.emplace(pointer, block);
    if (!is_new) refuse(fmt::format("{:#x} is live already, since line {}", pointer, there->second.line));
    live_bytes_ += bytes;
    if (live_bytes_ < bytes) refuse(fmt::format("size {}: the live bytes overflow", bytes));
    trace_.peak_live_bytes = std::max(trace_.peak_live_bytes, live_bytes_);
    ++trace_.blocks;
    if (!in_phase_) trace_.phases.emplace_back();
    in_phase_ = true;
    trace_.phases.back().push_back({true, block.block, bytes});
  }

  void free(std::uint64_t pointer, std::size_t bytes) {
    const auto found = live_.find(pointer);
    if (found == live_.end()) refuse(fmt::format("{:#x} is freed and is not live", pointer));
    if (found->second.bytes != bytes) {
      refuse(fmt::format("{:#x} is freed with size {} and was allocated with {} in line {}", pointer, bytes,
                         found->second.bytes, found->second.line));
    }
    live_bytes_ -= bytes;
    trace_.phases.back().push_back({false, found->second.block, bytes});
    live_.erase(found);
  }

  std::size_t first_left_line() const {
    return std::ranges::min_element(live_, {}, [](const auto& each) { return each.second.line; })
        ->second.line;
  }

  std::string path_;
  std::ifstream file_;
  std::size_t line_number_ = 0;
  Trace trace_;
  std::unordered_map<std::uint64_t, Live> live_;
  std::size_t live_bytes_ = 0;
  bool in_phase_ = false;
};

}  // namespace

Trace read_trace(const std::string& path) {
  return TraceReader{path}.read();
}

}  // namespace daa::bench
