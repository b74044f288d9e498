// Which trials count as throttled; and that the device's clock can be read.

#include "device/sm_clock.hpp"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cmath>

#include "device/device.hpp"
#include "why_no_device.hpp"

namespace daa::bench {
namespace {

std::vector<ClockReading> trials_at(std::initializer_list<double> rates) {
  std::vector<ClockReading> trials;
  for (const double rate : rates) trials.push_back({rate, false});
  return trials;
}

TEST(Throttling, IsARateMoreThanFivePerCentBelowTheMedian) {
  const auto least = least_rate_mhz(trials_at({1980, 1980, 1000, 1980, 1995}));
  EXPECT_EQ(least, 0.95 * 1980);
  EXPECT_TRUE(is_throttled({1880, false}, least));
  EXPECT_FALSE(is_throttled({1882, false}, least));
  EXPECT_FALSE(is_throttled({2100, false}, least));
}

TEST(Throttling, IsWhatTheDeviceSaysOfItselfWhateverItsRate) {
  EXPECT_TRUE(is_throttled({1980, true}, 1881.0));
  EXPECT_TRUE(is_throttled({std::nullopt, true}, std::nullopt));
}

TEST(Throttling, IsNothingWhereTheDeviceTellsNothing) {
  const std::vector<ClockReading> silent(3);
  EXPECT_EQ(least_rate_mhz(silent), std::nullopt);
  EXPECT_EQ(least_rate_mhz({}), std::nullopt);
  EXPECT_TRUE(std::isnan(median_mhz(silent)));
  EXPECT_FALSE(is_throttled({}, std::nullopt));
  EXPECT_FALSE(is_throttled({}, 1881.0));
}

TEST(Throttling, OfATrialIsTheLowerRateAndAnySlowdown) {
  EXPECT_EQ(clock_of_trial({1980, false}, {1500, false}).sm_mhz, 1500);
  EXPECT_EQ(clock_of_trial({1500, false}, {1980, false}).sm_mhz, 1500);
  EXPECT_EQ(clock_of_trial({}, {1980, false}).sm_mhz, 1980);
  EXPECT_EQ(clock_of_trial({}, {}).sm_mhz, std::nullopt);
  EXPECT_TRUE(clock_of_trial({1980, true}, {1980, false}).is_slowed_down);
  EXPECT_TRUE(clock_of_trial({1980, false}, {1980, true}).is_slowed_down);
  EXPECT_FALSE(clock_of_trial({1980, false}, {1980, false}).is_slowed_down);
}

TEST(ClockReader, TellsARateWithinTheDevicesOnAGpuAndNothingOnTheHost) {
  if (const std::string why = test::why_no_device(); !why.empty()) GTEST_SKIP() << why;
  const ClockReading reading = make_clock_reader()();
  if (device_kind() == DeviceKind::host) {
    EXPECT_EQ(reading.sm_mhz, std::nullopt);
    EXPECT_FALSE(reading.is_slowed_down);
    return;
  }
  if (!reading.sm_mhz) GTEST_SKIP() << "the management library does not tell the clock here";
  int greatest_khz = 0;
  ASSERT_EQ(cudaDeviceGetAttribute(&greatest_khz, cudaDevAttrClockRate, 0), cudaSuccess);
  EXPECT_GT(*reading.sm_mhz, 0);
  EXPECT_LE(*reading.sm_mhz, greatest_khz / 1000 + 1);
}

}  // namespace
}  // namespace daa::bench
