// What a result must be read with.

#include "report/context.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "report/build_info.hpp"

namespace daa::bench {
namespace {

void expect_matches(const std::string& text, const std::string& pattern) {
  EXPECT_TRUE(std::regex_match(text, std::regex{pattern})) << '"' << text << "\" is not " << pattern;
}

TEST(Context, KnowsDeviceVersionsAndTime) {
  const Context context = current_context("host");
  EXPECT_EQ(context.device_kind, "host");
  EXPECT_NE(context.device, "");
  EXPECT_NE(context.cpu, "");
  EXPECT_GE(context.sm_clock_mhz, 0);
  EXPECT_GE(context.memory_clock_mhz, 0);
  expect_matches(context.daa_version, "\\d+\\.\\d+\\.\\d+");
  expect_matches(context.commit, "unknown|[0-9a-f]{7,40}(-dirty)?");
  expect_matches(context.driver, "unknown|\\d+\\.\\d+");
  expect_matches(context.toolkit, "unknown|\\d+\\.\\d+");
  expect_matches(context.compiler, "(g|clang)\\+\\+ \\d+\\.\\d+\\.\\d+(, nvcc [0-9.]+)?");
  expect_matches(context.time, "20\\d\\d-[01]\\d-[0-3]\\dT[0-2]\\d:[0-5]\\d:[0-6]\\dZ");
}

TEST(DriverVersion, IsTheFirstWordOfDigitsAndPoints) {
  EXPECT_EQ(
      parse_driver_version("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 "
                           "UTC 2023\nGCC version:  gcc version 12.3.0\n"),
      "535.104.05");
  EXPECT_EQ(parse_driver_version(
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build"),
            "580.159.04");
}

TEST(DriverVersion, IsNothingWhereThereIsNone) {
  EXPECT_EQ(parse_driver_version(""), std::nullopt);
  EXPECT_EQ(parse_driver_version("no version . here 12"), std::nullopt);
}

}  // namespace
}  // namespace daa::bench
