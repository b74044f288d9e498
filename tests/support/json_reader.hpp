// A JSON reader according to RFC 8259, except \u escapes above ASCII, independent of Google Benchmark.
#pragma once

#include <charconv>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace daa::test {

/// A JSON value. Member functions throw std::exception if it has another type or no such member.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json>;

  [[nodiscard]] const Json& operator[](const std::string& name) const {
    return std::get<Object>(value_).at(name);
  }
  [[nodiscard]] bool has(const std::string& name) const { return std::get<Object>(value_).contains(name); }
  [[nodiscard]] const Object& object() const { return std::get<Object>(value_); }
  [[nodiscard]] const Array& array() const { return std::get<Array>(value_); }
  [[nodiscard]] const std::string& string() const { return std::get<std::string>(value_); }
  [[nodiscard]] double number() const { return std::get<double>(value_); }
  [[nodiscard]] bool boolean() const { return std::get<bool>(value_); }

 private:
  friend class JsonReader;
  std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value_;
};

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : rest_(text) {}

  /// Parses the text as one value; throws std::runtime_error if it violates the grammar.
  [[nodiscard]] Json read_all() {
    Json result = read_value();
    skip_space();
    if (!rest_.empty()) refuse("something behind the document");
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw std::runtime_error("JSON: " + why + " before \"" + std::string{rest_.substr(0, 40)} + '"');
  }

  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  bool take(std::string_view token) {
    skip_space();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void expect(std::string_view token) {
    if (!take(token)) refuse("no " + std::string{token});
  }

  Json read_value() {
    Json json;
    if (take("{")) {
      json.value_ = read_object();
    } else if (take("[")) {
      json.value_ = read_array();
    } else if (take("\"")) {
      json.value_ = read_string();
    } else if (take("true")) {
      json.value_ = true;
    } else if (take("false")) {
      json.value_ = false;
    } else if (!take("null")) {
      json.value_ = read_number();
    }
    return json;
  }

  Json::Object read_object() {
    Json::Object object;
    if (take("}")) return object;
    do {
      expect("\"");
      std::string name = read_string();
      expect(":");
      if (!object.emplace(name, read_value()).second) refuse("a second \"" + name + '"');
    } while (take(","));
    expect("}");
    return object;
  }

  Json::Array read_array() {
    Json::Array array;
    if (take("]")) return array;
    do array.push_back(read_value());
    while (take(","));
    expect("]");
    return array;
  }

  // Starts after the opening quote.
  std::string read_string() {
    std::string text;
    while (true) {
      const char c = next();
      if (c == '"') return text;
      if (static_cast<unsigned char>(c) < 0x20) refuse("a bare control character");
      text += c == '\\' ? read_escape() : c;
    }
  }

  char read_escape() {
    constexpr std::string_view escapes = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const char c = next();
    if (const std::size_t i = escapes.find(c); i != std::string_view::npos) return meanings[i];
    unsigned code = 0;
    const std::string_view digits = rest_.substr(0, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (c != 'u' || error != std::errc{} || end != digits.data() + 4 || code > 0x7f) refuse("a wrong escape");
    rest_.remove_prefix(4);
    return static_cast<char>(code);
  }

  double read_number() {
    double number = 0;
    const bool begins = !rest_.empty() && std::string_view{"-0123456789"}.find(rest_[0]) != rest_.npos;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    const std::string_view text = rest_.substr(0, static_cast<std::size_t>(end - rest_.data()));
    if (!begins || error != std::errc{} || text.find_first_of("ain") != text.npos) refuse("no value");
    rest_.remove_prefix(text.size());
    return number;
  }

  char next() {
    if (rest_.empty()) refuse("no end of a string");
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
};

[[nodiscard]] inline Json read_json(std::string_view text) {
  return JsonReader{text}.read_all();
}

}  // namespace daa::test
