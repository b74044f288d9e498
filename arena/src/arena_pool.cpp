#include "daa/arena_pool.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "backing_store.hpp"
#include "pool_state.hpp"
#include "stream_ordered_memory.hpp"

namespace daa::v0_1 {

namespace detail {

namespace {

// A number that is unique to this thread and never reused.
std::uint64_t this_thread() noexcept {
  static std::atomic<std::uint64_t> newest{0};
  static thread_local const std::uint64_t number = ++newest;
  return number;
}

// Throws CudaError if the stream is not valid. Must not be called while the stream is captured.
StreamKey key_of(cudaStream_t stream) {
  StreamKey key{0, -1, 0};
  DAA_CUDA_CHECK(cudaStreamGetId(stream, &key.id));
  if (is_default_stream(stream)) DAA_CUDA_CHECK(cudaGetDevice(&key.device));
  if (stream == cudaStreamPerThread) key.thread = this_thread();
  return key;
}

// Whether this thread can enqueue to the stream. It cannot if the stream is another thread's
// cudaStreamPerThread.
bool is_reachable(const StreamKey& key) noexcept {
  return key.thread == 0 || key.thread == this_thread();
}

// Whether the handle still names that stream. Querying a destroyed stream is undefined behaviour in CUDA, so
// call this only where the alternative is to leak the stream's memory.
bool still_names(cudaStream_t stream, const StreamKey& key) noexcept {
  if (is_default_stream(stream)) return is_reachable(key);
  for (int attempt = 0; attempt < 2; ++attempt) {  // there is no later opportunity to retry
    unsigned long long id = 0;
    auto status = cudaStreamCaptureStatusNone;
    const bool is_known = cudaStreamIsCapturing(stream, &status) == cudaSuccess;
    if (is_known && status != cudaStreamCaptureStatusNone) return false;  // memory cannot be freed now
    if (is_known && cudaStreamGetId(stream, &id) == cudaSuccess) return id == key.id;
    static_cast<void>(cudaGetLastError());
  }
  return false;
}

void report_leak(std::size_t bytes, const char* why) noexcept {
  if (bytes == 0) return;
  std::fprintf(stderr, "daa: the phase of a lease cannot end; %zu bytes are leaked: %s\n", bytes, why);
}

// Returns whether the arena may be leased again; `failed` says whether anything was thrown. The first reset()
// may throw only because scopes were misused, so it is tried twice. A reset() that fails to free memory has
// ended the phase all the same.
bool end_phase(PooledArena& leased, bool& failed) noexcept {
  DeviceAsyncArena& arena = leased.arena;
  if (arena.stream() != leased.stream) {
    report_leak(arena.stats().bytes_reserved, "an arena of another stream was assigned to the leased one");
    return false;
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      arena.reset();
      return true;
    } catch (const CudaError&) {
      failed = true;
      return true;
    } catch (const MemoryOverrun& error) {  // of a checked arena; a destructor cannot throw it
      std::fprintf(stderr, "daa: %s\n", error.what());
      failed = true;
      return true;
    } catch (const std::exception& error) {
      if (attempt == 1) report_leak(arena.stats().bytes_reserved, error.what());
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
  ArenaStats removed;
  removed.growths = shard.growths;
  removed.runtime_calls = shard.runtime_calls;
  removed.life = shard.life;
  add(sums, removed);
}

}  // namespace

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
      "ArenaPool::lease: the stream is being captured and has no idle arena; before the capture begins, "
      "hold as many leases of the stream at once as the capture needs, and end them");
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
  const bool has_ended = in_reach && end_phase(leased, failed);
  ArenaStats last = leased.arena.stats();
  const bool evicted = has_ended && trim_to_bound(leased, last);
  Shard& shard = shard_of(leased.key);
  std::unique_ptr<PooledArena> removed;
  bool closed = false;
  {
    const std::lock_guard lock(shard.mutex);
    const auto entry = std::find_if(shard.entries.begin(), shard.entries.end(),
                                    [&](const Entry& each) { return each.arena.get() == &leased; });
    leased.last = last;
    shard.counts.failed_ends += failed ? 1 : 0;
    shard.counts.evictions += evicted ? 1 : 0;
    closed = shard.closed;
    if (has_ended && !closed) {
      entry->idle = true;
      return;
    }
    removed = take_out(shard, entry);
  }
  if (has_ended) {
    removed.reset();
  } else if (!in_reach) {
    abandon(std::move(removed));
  } else {
    // An open ArenaScope still refers to its arena when it ends, so the object is kept.
    removed->arena.abandon();
    const std::lock_guard lock(shard.mutex);
    ++shard.counts.abandoned;
    shard.counts.abandoned_bytes += last.bytes_reserved;
    removed->next = std::move(shard.unusable);
    shard.unusable = std::move(removed);
  }
  if (closed) leave();
}

void PoolState::release(cudaStream_t stream) {
  if (is_captured(stream)) {
    throw std::logic_error(
        "ArenaPool::release: the stream is being captured; call release() before or after the capture");
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
                             " lease(s) of this stream still exist; end them first");
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
  uncount(*arena);
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

bool PoolState::count(PooledArena& arena, std::size_t bytes) noexcept {
  const std::size_t before = arena.counted_bytes;
  if (!arena.is_beyond_bound && bytes == before) return true;
  const bool always = !arena.is_beyond_bound && bytes < before;
  std::size_t now = bytes_.load(std::memory_order_relaxed);
  do {
    const std::size_t others = now - before;
    const bool fits = bytes <= options_.max_bytes && others <= options_.max_bytes - bytes;
    if (!always && !fits) return false;
  } while (!bytes_.compare_exchange_weak(now, now - before + bytes, std::memory_order_relaxed));
  arena.counted_bytes = bytes;
  arena.is_beyond_bound = false;
  return true;
}

void PoolState::uncount(PooledArena& arena) noexcept {
  bytes_.fetch_sub(std::exchange(arena.counted_bytes, 0), std::memory_order_relaxed);
}

bool PoolState::trim_to_bound(PooledArena& arena, ArenaStats& stats) noexcept {
  if (count(arena, stats.bytes_reserved)) return false;
  const std::size_t held = stats.bytes_reserved;
  try {
    arena.arena.trim();
  } catch (const std::exception&) {  // memory that could not be freed is still reserved
  }
  stats = arena.arena.stats();
  const std::size_t left = stats.bytes_reserved;
  if (!count(arena, left)) {
    uncount(arena);
    bytes_.fetch_add(left, std::memory_order_relaxed);
    arena.counted_bytes = left;
    arena.is_beyond_bound = true;
  }
  return left < held;
}

void PoolState::leave() noexcept {
  if (--owners_ == 0) delete this;
}

}  // namespace detail

void detail::ClosePool::operator()(PoolState* pool) const noexcept {
  pool->close();
}

ArenaLease::ArenaLease(detail::PooledArena& leased) noexcept : leased_(&leased), arena_(&leased.arena) {}

ArenaLease::ArenaLease(ArenaLease&& other) noexcept
    : leased_(std::exchange(other.leased_, nullptr)), arena_(std::exchange(other.arena_, nullptr)) {}

ArenaLease& ArenaLease::operator=(ArenaLease&& other) noexcept {
  if (this == &other) return *this;
  end();
  leased_ = std::exchange(other.leased_, nullptr);
  arena_ = std::exchange(other.arena_, nullptr);
  return *this;
}

void ArenaLease::end() noexcept {
  if (leased_ != nullptr) leased_->pool.give_back(*leased_);
}

ArenaPool::ArenaPool(ArenaPoolOptions options) : state_(new detail::PoolState(std::move(options))) {}

ArenaPool::~ArenaPool() = default;

ArenaLease ArenaPool::lease(detail::NamedStream, cudaStream_t stream) {
  return ArenaLease(state_->lease(stream));
}

void ArenaPool::release(detail::NamedStream, cudaStream_t stream) {
  state_->release(stream);
}

ArenaPoolStats ArenaPool::stats() const {
  return state_->stats();
}

}  // namespace daa::v0_1
