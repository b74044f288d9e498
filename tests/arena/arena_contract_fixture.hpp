// Arenas of every configuration, for tests of the contract on any runtime. Uses only the CUDA runtime API and
// the arena.
#pragma once

#include <optional>
#include <string>
#include <type_traits>

#include "daa/device_async_arena.hpp"
#include "stream_fixture.hpp"

namespace daa::test {

struct Chunked {
  static ArenaOptions options() { return {}; }
};
struct ChunkedThatKeepsNothing {
  static ArenaOptions options() { return {Backing::chunked, std::size_t{2} << 20, 0}; }
};
struct ChunkedFromSmall {
  static ArenaOptions options() { return {Backing::chunked, 1, std::size_t{1} << 20}; }
};
struct Individual {
  static ArenaOptions options() { return {Backing::individual, 0, 0}; }
};

struct Mapped {
  static ArenaOptions options() { return {Backing::mapped}; }
};
struct MappedThatKeepsNothing {
  static ArenaOptions options() { return {Backing::mapped, 0, 0}; }
};

struct CheckedChunked {
  static ArenaOptions options() {
    ArenaOptions options;
    options.checked = true;
    return options;
  }
};
struct CheckedIndividual {
  static ArenaOptions options() {
    ArenaOptions options;
    options.backing = Backing::individual;
    options.checked = true;
    return options;
  }
};

struct CheckedMapped {
  static ArenaOptions options() {
    ArenaOptions options;
    options.backing = Backing::mapped;
    options.checked = true;
    return options;
  }
};

struct BackingName {
  template <class T>
  static std::string GetName(int) {
    if (std::is_same_v<T, Chunked>) return "chunked";
    if (std::is_same_v<T, ChunkedThatKeepsNothing>) return "chunked_retain_0";
    if (std::is_same_v<T, ChunkedFromSmall>) return "chunked_initial_1_retain_1M";
    if (std::is_same_v<T, CheckedChunked>) return "checked_chunked";
    if (std::is_same_v<T, Mapped>) return "mapped";
    if (std::is_same_v<T, MappedThatKeepsNothing>) return "mapped_retain_0";
    if (std::is_same_v<T, CheckedMapped>) return "checked_mapped";
    if (std::is_same_v<T, CheckedIndividual>) return "checked_individual";
    return "individual";
  }
};

template <class Configuration>
class ArenaContract : public StreamFixture {
 protected:
  DeviceAsyncArena make_arena(std::optional<cudaMemPool_t> pool = {}) {
    return DeviceAsyncArena{stream(), pool, Configuration::options()};
  }
};

using Configurations =
    ::testing::Types<Chunked, ChunkedThatKeepsNothing, ChunkedFromSmall, Individual, Mapped,
                     MappedThatKeepsNothing, CheckedChunked, CheckedIndividual, CheckedMapped>;
TYPED_TEST_SUITE(ArenaContract, Configurations, BackingName);

/// On a pool that the test passes.
template <class Configuration>
class ArenaInPool : public ArenaContract<Configuration> {};

using PoolConfigurations = ::testing::Types<Chunked, ChunkedThatKeepsNothing, ChunkedFromSmall, Individual,
                                            CheckedChunked, CheckedIndividual>;
TYPED_TEST_SUITE(ArenaInPool, PoolConfigurations, BackingName);

inline void expect_same(const ArenaStats& before, const ArenaStats& after) {
  EXPECT_EQ(before.allocations, after.allocations);
  EXPECT_EQ(before.bytes_requested, after.bytes_requested);
  EXPECT_EQ(before.bytes_in_use, after.bytes_in_use);
  EXPECT_EQ(before.padding_bytes, after.padding_bytes);
  EXPECT_EQ(before.high_water_bytes, after.high_water_bytes);
  EXPECT_EQ(before.bytes_reserved, after.bytes_reserved);
  EXPECT_EQ(before.chunks, after.chunks);
  EXPECT_EQ(before.growths, after.growths);
}

}  // namespace daa::test
