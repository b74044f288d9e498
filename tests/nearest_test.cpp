// What somebody may have meant.

#include "options/nearest.hpp"

#include <gtest/gtest.h>

namespace daa::bench {
namespace {

constexpr std::string_view names[]{"reduce", "scan", "sort", "stencil", "preallocated"};

TEST(Nearest, FindsSlipsOfTheFinger) {
  EXPECT_EQ(nearest("scna", names), "scan");     // swapped
  EXPECT_EQ(nearest("scann", names), "scan");    // doubled
  EXPECT_EQ(nearest("reduc", names), "reduce");  // not finished
  EXPECT_EQ(nearest("srot", names), "sort");
  EXPECT_EQ(nearest("stensil", names), "stencil");
}

TEST(Nearest, FindsBeginnings) {
  EXPECT_EQ(nearest("pre", names), "preallocated");
  EXPECT_EQ(nearest("st", names), "stencil");
}

TEST(Nearest, FindsNothingFarAway) {
  EXPECT_EQ(nearest("", names), std::nullopt);
  EXPECT_EQ(nearest("x", names), std::nullopt);
  EXPECT_EQ(nearest("matmul", names), std::nullopt);
  EXPECT_EQ(nearest("scan", {}), std::nullopt);
}

}  // namespace
}  // namespace daa::bench
