// Numbers that are none, or out of range, are refused.

#include "options_refusal_fixture.hpp"

namespace daa::bench {
namespace {

TEST_F(OptionsRefusalTest, CountsAreNumbersWithinTheirRange) {
  for (const std::string flag : {"--iters", "--repetitions", "--elements"}) {
    expect_refused({flag + "=0"}, Code::ValidationError, {flag + "=0: ", "allowed: 1 to "});
    expect_refused({flag + "=18446744073709551616"}, Code::ValidationError,
                   {flag + "=18446744073709551616: "});
    expect_refused({flag + "=99999999999999999999"}, Code::ValidationError,
                   {"99999999999999999999: ", "allowed: 1"});
  }
  for (const std::string flag : {"--iters", "--warmup", "--repetitions", "--elements", "--seed"})
    for (const std::string value :
         {"-5", "many", "1.5", "1e6", "0x10", "10 ", "+1", "2^", "^2", "2^-1", "1Kib", "2^3^2"}) {
      if (value == "10 " && flag == "--elements") continue;  // blanks around the items of a list are let be
      expect_refused({flag + "=" + value}, Code::ConversionError,
                     {flag + "=" + value + ": not a count", "allowed: "});
    }
  expect_refused({"--iters=2^31"}, Code::ValidationError, {"--iters=2^31: ", "1 to 1000000000"});
  expect_refused({"--repetitions=10001"}, Code::ValidationError, {"--repetitions=10001: ", "1 to 10000"});
}

TEST_F(OptionsRefusalTest, SizesThatOverflowAreOutOfRange) {
  for (const std::string value :
       {"2^64", "10^20", "99999999999999999999", "2^99999999999999999999", "17179869184Gi"})
    expect_refused({"--elements=" + value}, Code::ValidationError,
                   {"--elements=" + value + ": out of range"});
}

TEST_F(OptionsRefusalTest, UnitsThatAreReadInTwoWaysAreNotTaken) {
  expect_refused({"--elements=64K"}, Code::ConversionError, {"--elements=64K: ambiguous", "64Ki"});
}

TEST_F(OptionsRefusalTest, SizesBelowAWorkloadsLeastNameIt) {
  for (const WorkloadInfo& workload : workloads()) {
    if (workload.min_elements < 2) continue;
    const std::string size = std::to_string(workload.min_elements - 1);
    expect_refused(
        {"--elements=" + size, "--workload=" + std::string{workload.name}}, Code::ValidationError,
        {"--elements=" + size + ": ", std::string{workload.name}, std::to_string(workload.min_elements)});
  }
}

TEST_F(OptionsRefusalTest, FractionsAreNumbersWithinTheirRange) {
  for (const std::string flag : {"--threshold", "--absolute-ns", "--alpha", "--plant-delay"})
    for (const std::string value : {"many", "1,5", "5%", "0x1", " 1", "host"})
      expect_refused({"--baseline=a", flag + "=" + value}, Code::ConversionError,
                     {flag + "=" + value + ": not a number", "allowed: "});
  expect_refused({"--baseline=a", "--threshold=-0.1"}, Code::ValidationError,
                 {"--threshold=-0.1: out of range"});
  expect_refused({"--baseline=a", "--threshold=nan"}, Code::ValidationError,
                 {"--threshold=nan: out of range"});
  expect_refused({"--baseline=a", "--alpha=0"}, Code::ValidationError, {"--alpha=0: out of range"});
  expect_refused({"--plant-delay=11"}, Code::ValidationError, {"--plant-delay=11: out of range", "0 to 10"});
}

TEST_F(OptionsRefusalTest, NumbersAreNumbersWithinTheirRange) {
  for (const std::string flag : {"--max-noise", "--timeout"}) {
    for (const std::string value : {"much", "1%", "0.01s", "0x1", " 1"})
      expect_refused({flag + "=" + value}, Code::ConversionError,
                     {flag + "=" + value + ": not a number", "allowed: "});
    for (const std::string value : {"0", "-1", "1e99", "nan"})
      expect_refused({flag + "=" + value}, Code::ValidationError,
                     {flag + "=" + value + ": out of range", "allowed: "});
  }
}

}  // namespace
}  // namespace daa::bench
