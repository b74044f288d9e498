// Assertions about text.
#pragma once

#include <gtest/gtest.h>
#include <regex.h>

#include <string>

namespace daa::bench {

inline testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no \"" << part << "\" in:\n" << text;
}

/// Whether the whole of `text` matches `pattern`, a POSIX extended regular expression.
inline testing::AssertionResult matches(const std::string& text, const std::string& pattern) {
  regex_t compiled;
  if (::regcomp(&compiled, ("^(" + pattern + ")$").c_str(), REG_EXTENDED | REG_NOSUB) != 0)
    return testing::AssertionFailure() << pattern << " is not a regular expression";
  const bool found = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  if (found) return testing::AssertionSuccess();
  return testing::AssertionFailure() << '"' << text << "\" is not of the form " << pattern;
}

}  // namespace daa::bench
