// What a result must be read with.

#include "device/context.hpp"

#include <gtest/gtest.h>

#include "device/device.hpp"
#include "text_match.hpp"
#include "why_no_device.hpp"

namespace daa::bench {
namespace {

TEST(Context, KnowsDeviceVersionsAndTime) {
  if (const std::string why = test::why_no_device(); !why.empty()) GTEST_SKIP() << why;
  const Context context = current_context();
  EXPECT_EQ(context.device_kind, device_kind() == DeviceKind::cuda ? "cuda" : "host");
  EXPECT_NE(context.device, "");
  EXPECT_NE(context.cpu, "");
  EXPECT_GE(context.sm_clock_mhz, 0);
  EXPECT_GE(context.memory_clock_mhz, 0);
  EXPECT_TRUE(matches(context.daa_version, "[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_TRUE(matches(context.commit, "unknown|[0-9a-f]{7,40}(-dirty)?"));
  EXPECT_TRUE(matches(context.driver, "unknown|[0-9]+\\.[0-9]+(\\.[0-9]+)?"));
  EXPECT_TRUE(matches(context.toolkit, "unknown|[0-9]+\\.[0-9]+"));
  EXPECT_TRUE(matches(context.compiler, "(g|clang)\\+\\+ [0-9]+\\.[0-9]+\\.[0-9]+(, nvcc [0-9.]+)?"));
  EXPECT_TRUE(matches(context.time, "20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z"));
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
