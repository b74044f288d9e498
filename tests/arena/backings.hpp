// Both backings of an arena, for suites that test either.
#pragma once

#include <gtest/gtest.h>

#include <ostream>

#include "daa/device_async_arena.hpp"

namespace daa {

/// For GoogleTest's messages and test names.
inline void PrintTo(Backing backing, std::ostream* out) {
  *out << (backing == Backing::chunked ? "chunked" : "individual");
}

}  // namespace daa

namespace daa::test {

inline auto both_backings() {
  return ::testing::Values(Backing::chunked, Backing::individual);
}

}  // namespace daa::test
