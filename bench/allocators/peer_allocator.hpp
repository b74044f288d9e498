// Allocators that must be told of each free: with a list of live temporaries, and without one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "allocators/allocators.hpp"

namespace daa::bench {

/// Keeps a list of live temporaries and frees them at the end of the phase. `Upstream` has a name (for
/// messages), allocate(bytes), deallocate(pointer, bytes), bytes_reserved() and pool_mapped_bytes(), all as
/// those of ScratchAllocator, and releases all its memory when it is destroyed.
template <class Upstream>
class PeerAllocator final : public ScratchAllocator {
 public:
  template <class... Args>
  explicit PeerAllocator(Args&&... args) : upstream_(std::forward<Args>(args)...) {}

  ~PeerAllocator() override {
    static_cast<void>(give_back_all());  // a destructor cannot report it
  }
  PeerAllocator(const PeerAllocator&) = delete;
  PeerAllocator& operator=(const PeerAllocator&) = delete;

  void* allocate(std::size_t bytes) override {
    live_.push_back({nullptr, bytes});  // before the call: it may throw
    try {
      live_.back().pointer = upstream_.allocate(bytes);
    } catch (...) {
      live_.pop_back();
      throw;
    }
    return live_.back().pointer;
  }

  // From the back: most temporaries are freed soon after they were allocated.
  void free(void* pointer, std::size_t bytes) override {
    const auto found = std::find_if(live_.rbegin(), live_.rend(), [pointer](const Temporary& temporary) {
      return temporary.pointer == pointer;
    });
    if (found == live_.rend())
      throw std::logic_error(std::string{Upstream::name} + ": a free of what is not live");
    upstream_.deallocate(pointer, bytes);
    live_.erase(std::next(found).base());
  }

  void end_phase() override {
    if (const std::exception_ptr first_error = give_back_all()) std::rethrow_exception(first_error);
  }

  std::size_t bytes_reserved() const override { return upstream_.bytes_reserved(); }
  std::size_t pool_mapped_bytes() const override { return upstream_.pool_mapped_bytes(); }

 private:
  struct Temporary {
    void* pointer;
    std::size_t bytes;
  };

  std::exception_ptr give_back_all() {
    std::exception_ptr first_error;
    for (const Temporary& temporary : live_) {
      try {
        upstream_.deallocate(temporary.pointer, temporary.bytes);
      } catch (...) {
        if (!first_error) first_error = std::current_exception();
      }
    }
    live_.clear();
    return first_error;
  }

  Upstream upstream_;
  std::vector<Temporary> live_;
};

/// For callers that free everything: forwards to `Upstream`.
template <class Upstream>
class UnlistedPeerAllocator final : public ScratchAllocator {
 public:
  template <class... Args>
  explicit UnlistedPeerAllocator(Args&&... args) : upstream_(std::forward<Args>(args)...) {}

  void* allocate(std::size_t bytes) override { return upstream_.allocate(bytes); }
  void free(void* pointer, std::size_t bytes) override { upstream_.deallocate(pointer, bytes); }
  void end_phase() override {}
  std::size_t bytes_reserved() const override { return upstream_.bytes_reserved(); }
  std::size_t pool_mapped_bytes() const override { return upstream_.pool_mapped_bytes(); }
  bool needs_every_free() const override { return true; }

 private:
  Upstream upstream_;
};

/// The one that fits `demand`. `args` are passed to `Upstream`.
template <class Upstream, class... Args>
[[nodiscard]] std::unique_ptr<ScratchAllocator> make_peer(const Demand& demand, Args&&... args) {
  if (demand.frees_all) return std::make_unique<UnlistedPeerAllocator<Upstream>>(std::forward<Args>(args)...);
  return std::make_unique<PeerAllocator<Upstream>>(std::forward<Args>(args)...);
}

}  // namespace daa::bench
