#include "daa/arena_stats.hpp"

#include <cstdio>

namespace daa::v0_1 {

namespace {

// Builds a JSON object member by member.
class JsonObject {
 public:
  void add(const char* key, std::size_t value) { add_raw(key, std::to_string(value)); }
  void add_raw(const char* key, const std::string& json) {
    text_ += text_.size() == 1 ? "\"" : ",\"";
    text_ += key;
    text_ += "\":";
    text_ += json;
  }
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

std::string quoted(const char* text) {
  std::string result = "\"";
  for (; *text != '\0'; ++text) {
    const auto byte = static_cast<unsigned char>(*text);
    if (byte == '"' || byte == '\\') {
      result += '\\';
      result += *text;
    } else if (byte < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", unsigned{byte});
      result += escape;
    } else {
      result += *text;
    }
  }
  return result + "\"";
}

void add(JsonObject& object, const PhaseStats& phase) {
  object.add("allocations", phase.allocations);
  object.add("bytes_requested", phase.bytes_requested);
  object.add("padding_bytes", phase.padding_bytes);
  object.add("recycled_bytes", phase.recycled_bytes);
  object.add("tail_bytes", phase.tail_bytes);
  object.add("peak_bytes", phase.peak_bytes);
}

std::string describe(const PhaseStats& phase) {
  return std::to_string(phase.allocations) + " allocations, bytes: " + std::to_string(phase.bytes_requested) +
         " requested, " + std::to_string(phase.padding_bytes) + " padding, " +
         std::to_string(phase.recycled_bytes) + " recycled, " + std::to_string(phase.tail_bytes) +
         " chunk tails, " + std::to_string(phase.peak_bytes) + " peak";
}

}  // namespace

std::string to_string(const ArenaStats& stats) {
  return "this phase: " + describe(stats) + ", " + std::to_string(stats.bytes_in_use) +
         " in use; reserved: " + std::to_string(stats.bytes_reserved) + " in " +
         std::to_string(stats.chunks) + " chunks; life of " + std::to_string(stats.phases) +
         " ended phases: " + describe(stats.life) + "; " + std::to_string(stats.growths) + " growths, " +
         std::to_string(stats.runtime_calls) + " runtime calls";
}

std::string to_json(const ArenaStats& stats) {
  JsonObject object;
  add(object, stats);
  object.add("bytes_in_use", stats.bytes_in_use);
  object.add("high_water_bytes", stats.high_water_bytes);
  object.add("bytes_reserved", stats.bytes_reserved);
  object.add("chunks", stats.chunks);
  object.add("growths", stats.growths);
  object.add("runtime_calls", stats.runtime_calls);
  object.add("phases", stats.phases);
  JsonObject life;
  add(life, stats.life);
  object.add_raw("life", life.text());
  return object.text();
}

std::string to_json(const std::vector<PhaseRecord>& history) {
  std::string text = "[";
  for (const PhaseRecord& phase : history) {
    JsonObject object;
    object.add("number", phase.number);
    object.add_raw("name", quoted(phase.name));
    add(object, phase);
    if (text.size() > 1) text += ',';
    text += object.text();
  }
  return text + "]";
}

}  // namespace daa::v0_1
