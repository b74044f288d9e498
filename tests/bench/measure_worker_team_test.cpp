// Threads that do one piece of work together, again and again.

#include "measure/worker_team.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include "daa/error.hpp"
#include "daa/host_runtime.hpp"

namespace daa::bench {
namespace {

TEST(WorkerTeamTest, EachThreadDoesItsPartOfEachWork) {
  WorkerTeam team{4};
  std::set<std::thread::id> all;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::thread::id> ids(4);
    team.run([&](std::size_t i) { ids[i] = std::this_thread::get_id(); });
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(all.size(), 4u) << "four threads, the same each time";
  EXPECT_FALSE(all.contains(std::this_thread::get_id()));
}

TEST(WorkerTeamTest, NoneBeginsBeforeAllAreThere) {
  WorkerTeam team{3};
  std::atomic<int> begun = 0;
  team.run([&](std::size_t) {
    ++begun;
    while (begun < 3) std::this_thread::yield();  // for ever, if they came one after the other
  });
  EXPECT_EQ(begun, 3);
}

TEST(WorkerTeamTest, WhatAThreadThrowsIsThrownOnceAllAreThroughAndTheyGoOn) {
  WorkerTeam team{3};
  std::atomic<int> done = 0;
  const auto fail_in_two = [&](std::size_t i) {
    ++done;
    if (i > 0) throw std::runtime_error("thread " + std::to_string(i));
  };
  try {
    team.run(fail_in_two);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "thread 1");
  }
  EXPECT_EQ(done, 3);
  team.run([&](std::size_t) { ++done; });
  EXPECT_EQ(done, 6);
}

TEST(WorkerTeamTest, WorksOnTheDeviceOfWhoMadeIt) {
  host_runtime::set_device_count(2);
  DAA_CUDA_CHECK(cudaSetDevice(1));
  WorkerTeam team{2};
  DAA_CUDA_CHECK(cudaSetDevice(0));
  std::vector<int> devices(2);
  team.run([&](std::size_t i) { DAA_CUDA_CHECK(cudaGetDevice(&devices[i])); });
  EXPECT_EQ(devices, (std::vector<int>{1, 1}));
  host_runtime::reset();
}

TEST(WorkerTeamTest, IsNotMadeWhereAThreadCannotHaveTheDevice) {
  host_runtime::fail_call(2, cudaErrorDevicesUnavailable, "cudaSetDevice");
  EXPECT_THROW(WorkerTeam{3}, CudaError);
  host_runtime::reset();
}

}  // namespace
}  // namespace daa::bench
