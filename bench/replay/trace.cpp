#include "replay/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <limits>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "allocators/allocators.hpp"
#include "text.hpp"
#include "usage_error.hpp"

namespace daa::bench {
namespace {

constexpr std::string_view header = "Thread,Time,Action,Pointer,Size,Stream";
constexpr std::size_t field_count = 6;
constexpr std::string_view only_whole = "use the whole log";

struct Fields {
  std::string_view thread, action, pointer, size, stream;
};

// Numbers names in the order in which they first occur.
class Names {
 public:
  std::uint32_t number_of(std::string_view name) {
    return numbers_.emplace(name, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }
  [[nodiscard]] std::size_t size() const { return numbers_.size(); }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

class TraceReader {
 public:
  explicit TraceReader(const std::string& path) : path_(path), file_(path) {
    if (!file_) throw UsageError(fmt::format("{}: {}", path, std::generic_category().message(errno)));
  }

  Trace read() {
    std::string line;
    if (!next(line)) {
      line_number_ = 1;
      refuse(file_.bad() ? "cannot be read" : "the file is empty", "give a log of RMM");
    }
    if (line != header)
      refuse(fmt::format("\"{}\" is not the header {}", excerpt(line), header), "give a log of RMM");
    while (next(line)) read_row(line);
    if (file_.bad()) refuse("cannot be read any further", only_whole);
    if (trace_.operations == 0) refuse("there is no operation", "record some allocations");
    if (!live_.empty())
      refuse(fmt::format("{} allocations are never freed, the first of them in line {}", live_.size(),
                         first_left_line()),
             only_whole);
    trace_.threads = threads_.size();
    trace_.streams = streams_.size();
    return std::move(trace_);
  }

 private:
  struct Live {
    std::uint32_t block;
    std::size_t bytes;
    std::size_t line;
  };

  [[noreturn]] void refuse(std::string_view why, std::string_view remedy) const {
    throw UsageError(fmt::format("{}:{}: {}; {}", path_, line_number_, why, remedy));
  }

  // A truncated file rarely ends between two lines.
  bool next(std::string& line) {
    if (!std::getline(file_, line)) return false;
    ++line_number_;
    if (file_.eof()) {
      refuse(fmt::format("\"{}\" is cut off: the line does not end", excerpt(line)),
             "use the whole log, or end the line if it is whole");
    }
    if (line.ends_with('\r')) line.pop_back();
    return true;
  }

  void read_row(std::string_view line) {
    const Fields fields = split(line);
    const std::size_t bytes = number("size", fields.size);
    if (fields.action == "allocate failure") {
      ++trace_.left_out;
    } else if (fields.action == "allocate") {
      if (bytes == 0) {
        ++trace_.left_out;
      } else {
        allocate(number("pointer", fields.pointer), bytes, fields);
      }
    } else if (fields.action == "free") {
      free(number("pointer", fields.pointer), bytes, fields);
    } else {
      refuse(fmt::format("unknown action \"{}\"", excerpt(fields.action)),
             "known: allocate, free, allocate failure");
    }
    if (live_.empty()) in_phase_ = false;
  }

  Fields split(std::string_view line) const {
    std::array<std::string_view, field_count> fields;
    const auto commas = std::ranges::count(line, ',');
    if (commas != field_count - 1) {
      refuse(fmt::format("{} fields instead of {}: \"{}\"", commas + 1, field_count, excerpt(line)),
             only_whole);
    }
    for (std::string_view& field : fields) {
      field = line.substr(0, line.find(','));
      line.remove_prefix(std::min(field.size() + 1, line.size()));
    }
    if (fields[0].empty() || fields[5].empty()) {
      refuse(fmt::format("the {} is missing", fields[0].empty() ? "thread" : "stream"), only_whole);
    }
    return {fields[0], fields[2], fields[3], fields[4], fields[5]};
  }

  std::uint64_t number(std::string_view what, std::string_view text) const {
    if (text == "(nil)") return 0;  // as the C library prints a null pointer
    const bool hexadecimal = text.starts_with("0x");
    const std::string_view digits = hexadecimal ? text.substr(2) : text;
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
      refuse(fmt::format("{} \"{}\" is not a number below 2^64", what, excerpt(text)),
             "write it in decimal, or in hexadecimal behind 0x");
    }
    return value;
  }

  void allocate(std::uint64_t pointer, std::size_t bytes, const Fields& fields) {
    if (trace_.blocks == std::numeric_limits<std::uint32_t>::max())
      refuse("there are 2^32 allocations", "cut the log");
    const Live block{static_cast<std::uint32_t>(trace_.blocks), bytes, line_number_};
    if (const auto [there, is_new] = live_.emplace(pointer, block); !is_new)
      refuse(fmt::format("{:#x} is live already, since line {}", pointer, there->second.line), only_whole);
    add_up(bytes);
    ++trace_.blocks;
    append({true, block.block, bytes, threads_.number_of(fields.thread), streams_.number_of(fields.stream)});
  }

  // An allocator may keep all blocks of a phase, each rounded up.
  void add_up(std::size_t bytes) {
    const bool rounding_overflows = bytes > std::numeric_limits<std::size_t>::max() - 255;
    if (rounding_overflows || __builtin_add_overflow(phase_bytes_, footprint(bytes), &phase_bytes_)) {
      refuse(fmt::format("size {}: the bytes of the phase overflow 2^64", bytes),
             "no device has that memory: is the log damaged?");
    }
    live_bytes_ += bytes;
    trace_.peak_live_bytes = std::max(trace_.peak_live_bytes, live_bytes_);
  }

  void free(std::uint64_t pointer, std::size_t bytes, const Fields& fields) {
    const auto found = live_.find(pointer);
    if (found == live_.end()) {
      if (bytes > 0)
        refuse(fmt::format("{:#x} is freed and is not live", pointer), "use the log from its beginning");
      ++trace_.left_out;
      return;
    }
    if (found->second.bytes != bytes) {
      refuse(fmt::format("{:#x} is freed with size {} and was allocated with {} in line {}", pointer, bytes,
                         found->second.bytes, found->second.line),
             only_whole);
    }
    live_bytes_ -= bytes;
    append({false, found->second.block, bytes, threads_.number_of(fields.thread),
            streams_.number_of(fields.stream)});
    live_.erase(found);
    if (live_.empty()) phase_bytes_ = 0;
  }

  void append(const TraceOperation& operation) {
    if (!in_phase_) trace_.phases.emplace_back();
    in_phase_ = true;
    trace_.phases.back().push_back(operation);
    ++trace_.operations;
  }

  std::size_t first_left_line() const {
    return std::ranges::min_element(live_, {}, [](const auto& each) { return each.second.line; })
        ->second.line;
  }

  std::string path_;
  std::ifstream file_;
  std::size_t line_number_ = 0;
  Trace trace_;
  Names threads_, streams_;
  std::unordered_map<std::uint64_t, Live> live_;
  std::size_t live_bytes_ = 0;
  std::size_t phase_bytes_ = 0;
  bool in_phase_ = false;
};

}  // namespace

Trace read_trace(const std::string& path) {
  return TraceReader{path}.read();
}

}  // namespace daa::bench
