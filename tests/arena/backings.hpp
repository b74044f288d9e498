// The backings of an arena, for suites that test each.
#pragma once

#include <gtest/gtest.h>

#include <ostream>

#include "daa/device_async_arena.hpp"

namespace daa {

/// For GoogleTest's messages and test names.
inline void PrintTo(Backing backing, std::ostream* out) {
  constexpr const char* names[]{"chunked", "individual", "mapped"};
  *out << names[static_cast<int>(backing)];
}

}  // namespace daa

namespace daa::test {

/// Those that take memory from a pool.
inline auto pool_backings() {
  return ::testing::Values(Backing::chunked, Backing::individual);
}

inline auto all_backings() {
  return ::testing::Values(Backing::chunked, Backing::individual, Backing::mapped);
}

}  // namespace daa::test
