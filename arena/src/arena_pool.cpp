#include "daa/arena_pool.hpp"

#include <utility>

#include "pool_state.hpp"

namespace daa::v0_1 {

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
