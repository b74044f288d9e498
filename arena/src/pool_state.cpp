#include "pool_state.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "backing_store.hpp"
#include "stream_ordered_memory.hpp"

namespace daa::v0_1::detail {

namespace {

void tell_leak(std::size_t bytes, const char* why) noexcept {
  if (bytes == 0) return;
  std::fprintf(stderr, "daa: the phase of a lease cannot end, and %zu bytes are leaked: %s\n", bytes, why);
}

// Returns whether the arena may serve again; `failed` says whether anything was thrown. The first reset() may
// only report that scopes were misused. One that failed to free memory has ended the phase all the same.
bool end_phase(PooledArena& leased, bool& failed) noexcept {
  DeviceAsyncArena& arena = leased.arena;
  if (arena.stream() != leased.stream) {
    tell_leak(arena.stats().bytes_reserved, "an arena of another stream was assigned to its own");
    return false;
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      arena.reset();
      return true;
    } catch (const CudaError&) {
      failed = true;
      return true;
    } catch (const MemoryOverrun& error) {  // of a checked arena; nobody is left to catch it
      std::fprintf(stderr, "daa: %s\n", error.what());
      failed = true;
      return true;
    } catch (const std::exception& error) {
      if (attempt == 1) tell_leak(arena.stats().bytes_reserved, error.what());
      failed = true;
    }
  }
  return false;
}

void add(ArenaPoolStats& sums, const ArenaStats& arena) noexcept {
  sums.growths += arena.growths;
  sums.runtime_calls += arena.runtime_calls;
  detail::add(sums.life, arena.life);
}

void add(ArenaPoolStats& sums, const ArenaPoolStats& shard) noexcept {
  sums.warm_leases += shard.warm_leases;
  sums.cold_leases += shard.cold_leases;
  sums.evictions += shard.evictions;
  sums.failed_ends += shard.failed_ends;
  sums.abandoned += shard.abandoned;
  sums.abandoned_bytes += shard.abandoned_bytes;
  ArenaStats gone;
  gone.growths = shard.growths;
  gone.runtime_calls = shard.runtime_calls;
  gone.life = shard.life;
  add(sums, gone);
}

}  // namespace

PoolState::Shard& PoolState::shard_of(const StreamKey& key) noexcept {
  return shards_[hash(key) >> 58];
}

PooledArena& PoolState::lease(cudaStream_t stream) {
  if (is_captured(stream)) return lease_in_capture(stream);
  const StreamKey key = key_of(stream);
  Shard& shard = shard_of(key);
  PooledArena* const warm = lease_warm(shard, [&](const Entry& entry) { return entry.key == key; });
  if (warm != nullptr) return *warm;
  std::unique_ptr<PooledArena> fresh{
      new PooledArena{DeviceAsyncArena{stream, options_.memory_pool, options_.arena}, *this, key, stream}};
  abandon_predecessors(stream, key);
  const std::lock_guard lock(shard.mutex);
  PooledArena& leased = *fresh;
  reserve_one_more(shard.entries);
  shard.entries.push_back({key, stream, false, std::move(fresh)});
  ++shard.counts.cold_leases;
  return leased;
}

PooledArena& PoolState::lease_in_capture(cudaStream_t stream) {
  int device = -1;
  if (is_default_stream(stream)) DAA_CUDA_CHECK(cudaGetDevice(&device));
  for (Shard& shard : shards_) {
    PooledArena* const warm = lease_warm(shard, [&](const Entry& entry) {
      return entry.stream == stream && entry.key.device == device && is_reachable(entry.key);
    });
    if (warm != nullptr) return *warm;
  }
  throw std::logic_error(
      "ArenaPool::lease: the stream is being captured and has no idle arena; before the capture begins, let "
      "as "
      "many leases of it end as are out at once in the capture");
}

template <class Predicate>
PooledArena* PoolState::lease_warm(Shard& shard, Predicate wanted) noexcept {
  const std::lock_guard lock(shard.mutex);
  const auto found = std::find_if(shard.entries.begin(), shard.entries.end(),
                                  [&](const Entry& entry) { return entry.idle && wanted(entry); });
  if (found == shard.entries.end()) return nullptr;
  found->idle = false;
  ++shard.counts.warm_leases;
  return found->arena.get();
}

void PoolState::give_back(PooledArena& leased) noexcept {
  const bool in_reach = is_reachable(leased.key);
  bool failed = false;
  bool evicted = false;
  const bool has_ended = in_reach && end_phase(leased, failed);
  ArenaStats last = leased.arena.stats();
  const bool usable = has_ended && keep(leased, last, evicted);
  Shard& shard = shard_of(leased.key);
  std::unique_ptr<PooledArena> gone;
  bool closed = false;
  {
    const std::lock_guard lock(shard.mutex);
    const auto entry = std::find_if(shard.entries.begin(), shard.entries.end(),
                                    [&](const Entry& each) { return each.arena.get() == &leased; });
    leased.last = last;
    shard.counts.failed_ends += failed ? 1 : 0;
    shard.counts.evictions += evicted ? 1 : 0;
    closed = shard.closed;
    if (usable && !closed) {
      entry->idle = true;
      return;
    }
    gone = take_out(shard, entry);
  }
  if (has_ended) {
    gone.reset();
  } else if (!in_reach) {
    abandon(std::move(gone));
  } else {
    // An ArenaScope that is open will want its arena when it ends.
    gone->arena.abandon();
    const std::lock_guard lock(shard.mutex);
    ++shard.counts.abandoned;
    shard.counts.abandoned_bytes += last.bytes_reserved;
    gone->next = std::move(shard.unusable);
    shard.unusable = std::move(gone);
  }
  if (closed) leave();
}

void PoolState::release(cudaStream_t stream) {
  if (is_captured(stream)) {
    throw std::logic_error("ArenaPool::release: the stream is being captured; release it before or after");
  }
  const StreamKey key = key_of(stream);
  Shard& shard = shard_of(key);
  const auto is_its = [&](const Entry& entry) { return entry.key == key; };
  {
    const std::lock_guard lock(shard.mutex);
    const auto leased = std::count_if(shard.entries.begin(), shard.entries.end(),
                                      [&](const Entry& entry) { return is_its(entry) && !entry.idle; });
    if (leased != 0) {
      throw std::logic_error("ArenaPool::release: " + std::to_string(leased) +
                             " lease(s) of this stream are out; let them end first");
    }
  }
  while (take_idle(shard, is_its) != nullptr) continue;
}

ArenaPoolStats PoolState::stats() const {
  ArenaPoolStats sums;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    add(sums, shard.counts);
    for (const Entry& entry : shard.entries) {
      add(sums, entry.arena->last);
      ++(entry.idle ? sums.arenas_idle : sums.arenas_leased);
      if (entry.idle) sums.idle_bytes += entry.arena->last.bytes_reserved;
    }
  }
  return sums;
}

void PoolState::close() noexcept {
  for (Shard& shard : shards_) {
    {
      const std::lock_guard lock(shard.mutex);
      shard.closed = true;
      for (const Entry& entry : shard.entries) owners_ += entry.idle ? 0 : 1;
    }
    while (auto idle = take_idle(shard, [](const Entry&) { return true; })) {
      if (!still_names(idle->stream, idle->key)) abandon(std::move(idle));
    }
  }
  leave();
}

void PoolState::leave() noexcept {
  if (--owners_ == 0) delete this;
}

template <class Predicate>
std::unique_ptr<PooledArena> PoolState::take_idle(Shard& shard, Predicate wanted) noexcept {
  const std::lock_guard lock(shard.mutex);
  const auto found = std::find_if(shard.entries.begin(), shard.entries.end(),
                                  [&](const Entry& entry) { return entry.idle && wanted(entry); });
  return found == shard.entries.end() ? nullptr : take_out(shard, found);
}

std::unique_ptr<PooledArena> PoolState::take_out(Shard& shard, std::vector<Entry>::iterator entry) noexcept {
  std::unique_ptr<PooledArena> arena = std::move(entry->arena);
  shard.entries.erase(entry);
  add(shard.counts, arena->last);
  bounds_.leave(arena->share);
  return arena;
}

void PoolState::abandon(std::unique_ptr<PooledArena> arena) noexcept {
  arena->arena.abandon();
  Shard& shard = shard_of(arena->key);
  const std::lock_guard lock(shard.mutex);
  ++shard.counts.abandoned;
  shard.counts.abandoned_bytes += arena->last.bytes_reserved;
}

void PoolState::abandon_predecessors(cudaStream_t stream, const StreamKey& key) noexcept {
  if (is_default_stream(stream)) return;
  for (Shard& shard : shards_) {
    while (auto idle = take_idle(
               shard, [&](const Entry& entry) { return entry.stream == stream && !(entry.key == key); })) {
      abandon(std::move(idle));
    }
  }
}

bool PoolState::keep(PooledArena& arena, ArenaStats& stats, bool& evicted) noexcept {
  if (arena.share.is_beyond) bounds_.leave(arena.share);
  if (bounds_.count(arena.share, stats.bytes_reserved)) return true;
  const std::size_t held = stats.bytes_reserved;
  try {
    arena.arena.trim();
  } catch (const std::exception&) {  // what could not be freed is still reserved
  }
  stats = arena.arena.stats();
  const std::size_t left = stats.bytes_reserved;
  const bool within = bounds_.count(arena.share, left);
  if (!within && left != 0) bounds_.count_beyond(arena.share, left);
  evicted = left < held || left == 0;
  return within || left != 0;
}

}  // namespace daa::v0_1::detail
