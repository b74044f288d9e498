// What somebody may have meant.

#include "cli/parse.hpp"

#include <gtest/gtest.h>

namespace daa::bench {
namespace {

TEST(Nearest, FindsTyposAndBeginningsAndNothingFarAway) {
  const std::vector<std::string> names{"reduce", "scan", "sort", "stencil", "preallocated"};
  const std::pair<std::string, std::optional<std::string>> rows[]{
      {"scna", "scan"},       {"scann", "scan"},       {"reduc", "reduce"},     {"srot", "sort"},
      {"stensil", "stencil"}, {"st", "stencil"},       {"pre", "preallocated"}, {"", std::nullopt},
      {"x", std::nullopt},    {"matmul", std::nullopt}};
  for (const auto& [name, meant] : rows) EXPECT_EQ(nearest(name, names), meant) << name;
  EXPECT_EQ(nearest("scan", {}), std::nullopt);
  EXPECT_EQ(unknown("qqqqqqqq", names).find("did you mean"), std::string::npos);
}

}  // namespace
}  // namespace daa::bench
