// PeerAllocator over an allocator that writes down what it is told and fails on demand.

#include "allocators/peer_allocator.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace daa::test {
namespace {

struct Log {
  std::vector<std::string> lines;
  std::set<std::size_t> failing;  // sizes that allocate() and deallocate() throw for
};

class LoggingUpstream {
 public:
  static constexpr const char* name = "logging";

  explicit LoggingUpstream(Log& log) : log_(log) {}
  ~LoggingUpstream() { log_.lines.emplace_back("destroyed"); }

  void* allocate(std::size_t bytes) {
    tell("allocate ", bytes);
    return &memory_[bytes];
  }
  void deallocate(void* pointer, std::size_t bytes) {
    EXPECT_EQ(pointer, &memory_[bytes]);
    tell("deallocate ", bytes);
  }
  std::size_t bytes_reserved() const { return 7; }
  std::size_t pool_mapped_bytes() const { return 8; }

 private:
  void tell(const char* what, std::size_t bytes) {
    log_.lines.push_back(what + std::to_string(bytes));
    if (log_.failing.contains(bytes)) throw std::runtime_error(log_.lines.back());
  }

  Log& log_;
  char memory_[10]{};
};

class PeerAllocatorTest : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;

  Lines told() { return std::exchange(log.lines, {}); }

  Log log;
  std::optional<bench::PeerAllocator<LoggingUpstream>> peer{log};
};

TEST_F(PeerAllocatorTest, ThePhaseEndsForWhatWasNotFreed) {
  static_cast<void>(peer->allocate(1));
  void* const second = peer->allocate(2);
  static_cast<void>(peer->allocate(3));
  peer->free(second, 2);
  told();
  peer->end_phase();
  EXPECT_EQ(told(), (Lines{"deallocate 1", "deallocate 3"}));
  peer->end_phase();
  EXPECT_EQ(told(), Lines{});
}

TEST_F(PeerAllocatorTest, WhatLivesIsGivenBackBeforeTheUpstreamIsDestroyed) {
  static_cast<void>(peer->allocate(1));
  static_cast<void>(peer->allocate(2));
  log.failing = {1};
  told();
  peer.reset();
  EXPECT_EQ(told(), (Lines{"deallocate 1", "deallocate 2", "destroyed"}));
}

TEST_F(PeerAllocatorTest, AnAllocationThatFailedIsNotGivenBack) {
  log.failing = {2};
  static_cast<void>(peer->allocate(1));
  EXPECT_THROW(static_cast<void>(peer->allocate(2)), std::runtime_error);
  told();
  peer->end_phase();
  EXPECT_EQ(told(), Lines{"deallocate 1"});
}

TEST_F(PeerAllocatorTest, AFreeThatFailedIsMadeUpForAtTheEndOfThePhase) {
  void* const first = peer->allocate(1);
  log.failing = {1};
  EXPECT_THROW(peer->free(first, 1), std::runtime_error);
  log.failing = {};
  told();
  peer->end_phase();
  EXPECT_EQ(told(), Lines{"deallocate 1"});
}

TEST_F(PeerAllocatorTest, APhaseEndsWholeAndThenTellsTheFirstFailure) {
  for (const std::size_t bytes : {1u, 2u, 3u}) static_cast<void>(peer->allocate(bytes));
  log.failing = {1, 2};
  told();
  try {
    peer->end_phase();
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "deallocate 1");
  }
  EXPECT_EQ(told(), (Lines{"deallocate 1", "deallocate 2", "deallocate 3"}));
  peer->end_phase();
  EXPECT_EQ(told(), Lines{});
}

TEST_F(PeerAllocatorTest, AFreeOfWhatDoesNotLiveIsRefusedByName) {
  void* const first = peer->allocate(1);
  peer->free(first, 1);
  told();
  try {
    peer->free(first, 1);
    FAIL() << "freed twice";
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "logging: a free of what is not live");
  }
  EXPECT_EQ(told(), Lines{});
}

TEST_F(PeerAllocatorTest, WhereAllIsFreedNothingStandsBetween) {
  const bench::Demand frees_all{.frees_all = true};
  EXPECT_FALSE(bench::make_peer<LoggingUpstream>(bench::Demand{}, log)->needs_every_free());
  const auto unlisted = bench::make_peer<LoggingUpstream>(frees_all, log);
  EXPECT_TRUE(unlisted->needs_every_free());
  void* const first = unlisted->allocate(1);
  void* const second = unlisted->allocate(2);
  unlisted->free(first, 1);
  told();
  unlisted->end_phase();
  EXPECT_EQ(told(), Lines{}) << "there is no list";
  unlisted->free(second, 2);
  EXPECT_EQ(told(), Lines{"deallocate 2"});
  EXPECT_EQ(unlisted->bytes_reserved(), 7u);
  EXPECT_EQ(unlisted->pool_mapped_bytes(), 8u);
}

TEST_F(PeerAllocatorTest, WhatItHoldsIsTheUpstreams) {
  EXPECT_EQ(peer->bytes_reserved(), 7u);
  EXPECT_EQ(peer->pool_mapped_bytes(), 8u);
}

}  // namespace
}  // namespace daa::test
