#include "report/jsonl.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <utility>

namespace daa::bench {
namespace {

/// Members in the order in which they are added.
class ObjectLine {
 public:
  ObjectLine& add(std::string_view name, std::string_view text) { return add_raw(name, json_string(text)); }
  ObjectLine& add(std::string_view name, double number) { return add_raw(name, json_number(number)); }
  ObjectLine& add(std::string_view name, std::size_t number) {
    return add_raw(name, fmt::format("{}", number));
  }
  ObjectLine& add(std::string_view name, int number) { return add_raw(name, fmt::format("{}", number)); }

  ObjectLine& add_raw(std::string_view name, std::string_view json) {
    fmt::format_to(std::back_inserter(text_), "{}\"{}\":{}", text_.empty() ? "{" : ",", name, json);
    return *this;
  }

  [[nodiscard]] std::string finish() { return std::move(text_) + "}\n"; }

 private:
  std::string text_;
};

}  // namespace

std::string json_string(std::string_view text) {
  std::string result{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result += '"';
}

std::string json_number(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : "null";
}

std::string jsonl_context(const Context& context, const Options& options) {
  ObjectLine line;
  line.add("schema_version", jsonl_schema_version)
      .add("daa_version", context.daa_version)
      .add("commit", context.commit)
      .add("time_utc", context.time)
      .add("device_kind", context.device_kind)
      .add("device", context.device)
      .add("sm_clock_mhz", context.sm_clock_mhz)
      .add("memory_clock_mhz", context.memory_clock_mhz)
      .add("driver", context.driver)
      .add("toolkit", context.toolkit)
      .add("compiler", context.compiler)
      .add("cpu", context.cpu)
      .add("iters", options.iters)
      .add("warmup", options.warmup)
      .add("seed", std::size_t{options.seed});
  return line.finish();
}

std::string jsonl_lines(const TurnSamples& turn) {
  std::string lines;
  for (std::size_t i = 0; i < turn.end_to_end_ns.size(); ++i) {
    ObjectLine line;
    line.add("workload", turn.workload)
        .add("elements", turn.elements)
        .add("sync", to_string(turn.sync))
        .add_raw("allocs_per_phase",
                 turn.mode.allocs_per_phase ? fmt::format("{}", *turn.mode.allocs_per_phase) : "null")
        .add("state", to_string(turn.mode.state))
        .add_raw("graph", turn.mode.graph ? "true" : "false")
        .add("threads", turn.mode.threads)
        .add("streams", turn.mode.streams)
        .add_raw("flush_l2", turn.mode.flush_l2 ? "true" : "false")
        .add("allocator", turn.allocator)
        .add("repetition", turn.repetition)
        .add("sample", i)
        .add("host_enqueue_ns", turn.host_enqueue_ns[i])
        .add("device_ns", turn.device_ns[i])
        .add("end_to_end_ns", turn.end_to_end_ns[i])
        .add_raw("throttled", turn.throttled ? "true" : "false")
        .add_raw("sm_clock_mhz", turn.sm_clock_mhz ? json_number(*turn.sm_clock_mhz) : "null");
    lines += line.finish();
  }
  return lines;
}

JsonlWriter::JsonlWriter(std::string path, const Context& context, const Options& options)
    : file_{std::move(path)} {
  file_.write(jsonl_context(context, options));
}

void JsonlWriter::write(const TurnSamples& turn) {
  file_.write(jsonl_lines(turn));
}

}  // namespace daa::bench
