// A counter of the CUDA calls of this thread, on whichever runtime the test is linked with.
#pragma once

#include "device/call_counter.hpp"
#include "stream_fixture.hpp"

namespace daa::test {

/// Skips the test where calls cannot be counted.
class CallCounterFixture : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    if (IsSkipped()) return;
    made_ = bench::make_call_counter();
    if (made_.counter == nullptr) GTEST_SKIP() << "calls are not counted: " << made_.why_not;
    EXPECT_EQ(made_.why_not, "");
  }

  void TearDown() override {
    made_.counter.reset();
    StreamFixture::TearDown();
  }

  bench::MadeCallCounter made_;
};

}  // namespace daa::test
