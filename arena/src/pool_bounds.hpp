// How much a pool may keep.
#pragma once

#include <atomic>
#include <cstddef>

#include "daa/arena_pool.hpp"

namespace daa::v0_1::detail {

/// Counts arenas and their bytes, from the end of their first lease on, whether they are leased or idle: so
/// the totals, which all threads share, change only where an arena comes, goes or has another size.
class PoolBounds {
 public:
  /// What one arena is counted with.
  struct Share {
    bool has_place = false;
    bool is_beyond = false;  ///< the bounds
    std::size_t bytes = 0;
  };

  PoolBounds(std::size_t max_arenas, std::size_t max_bytes) noexcept
      : max_arenas_(max_arenas), max_bytes_(max_bytes) {}

  /// Counts an arena with `bytes`. Returns false where the bounds do not allow it; it is then counted with no
  /// more than before, but for a place.
  [[nodiscard]] bool count(Share& share, std::size_t bytes) noexcept {
    if (!share.has_place) share.has_place = add(arenas_, 1, max_arenas_);
    if (!share.has_place) return false;
    if (bytes > share.bytes) {
      if (!add(bytes_, bytes - share.bytes, max_bytes_)) return false;
    } else if (bytes < share.bytes) {
      bytes_.fetch_sub(share.bytes - bytes, std::memory_order_relaxed);
    }
    share.bytes = bytes;
    return true;
  }

  /// As count(), without asking. leave() before the next count().
  void count_beyond(Share& share, std::size_t bytes) noexcept {
    leave(share);
    arenas_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    share = {true, true, bytes};
  }

  void leave(Share& share) noexcept {
    arenas_.fetch_sub(share.has_place ? 1 : 0, std::memory_order_relaxed);
    bytes_.fetch_sub(share.bytes, std::memory_order_relaxed);
    share = {};
  }

 private:
  // Adds `amount` unless there would then be more than `most`.
  static bool add(std::atomic<std::size_t>& total, std::size_t amount, std::size_t most) noexcept {
    std::size_t now = total.load(std::memory_order_relaxed);
    do {
      if (amount > most || now > most - amount) return false;
    } while (!total.compare_exchange_weak(now, now + amount, std::memory_order_relaxed));
    return true;
  }

  const std::size_t max_arenas_;
  const std::size_t max_bytes_;
  std::atomic<std::size_t> arenas_{0};
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace daa::v0_1::detail
