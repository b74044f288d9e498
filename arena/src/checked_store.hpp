#pragma once

#include <memory>

#include "store.hpp"
#include "stream_ordered_memory.hpp"

namespace daa::v0_1::detail {

/// A store whose allocations stand between guards, which are looked at when they are given back
/// (ArenaOptions::checked).
[[nodiscard]] std::unique_ptr<Store> make_checked_store(std::unique_ptr<Store> checked,
                                                        const StreamOrderedMemory& memory);

}  // namespace daa::v0_1::detail
