#include "backing_store.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace daa::v0_1::detail {

void add(PhaseStats& sum, const PhaseStats& phase) noexcept {
  sum.allocations += phase.allocations;
  sum.bytes_requested += phase.bytes_requested;
  sum.padding_bytes += phase.padding_bytes;
  sum.recycled_bytes += phase.recycled_bytes;
  sum.tail_bytes += phase.tail_bytes;
  sum.peak_bytes = std::max(sum.peak_bytes, phase.peak_bytes);
}

BackingStore::BackingStore(StreamOrderedMemory memory, const ArenaOptions& options)
    : memory_(memory), backing_(options.backing), capture_policy_(options.capture), name_(options.name) {}

PhaseStats BackingStore::phase(const Bump& bump) const noexcept {
  PhaseStats phase = phase_;
  phase.allocations = bump.allocations;
  phase.bytes_requested = bump.bytes_requested;
  phase.padding_bytes = bytes_in_use(bump) + phase.recycled_bytes - phase.bytes_requested;
  phase.peak_bytes = std::max(phase.peak_bytes, bytes_in_use(bump));
  return phase;
}

ArenaStats BackingStore::stats(const Bump& bump) const noexcept {
  ArenaStats stats;
  static_cast<PhaseStats&>(stats) = phase(bump);
  stats.bytes_in_use = bytes_in_use(bump);
  stats.bytes_reserved = reserved_bytes_;
  stats.chunks = blocks_;
  stats.growths = memory_.allocations();
  stats.runtime_calls = memory_.calls();
  stats.phases = phases_;
  stats.life = life_;
  add(stats.life, stats);
  stats.high_water_bytes = stats.life.peak_bytes;
  return stats;
}

std::size_t BackingStore::begin_scope(Bump& bump) {
  reserve_one_more(scopes_);
  scopes_.push_back(mark(bump));
  return scopes_.size();
}

void BackingStore::end_scope(Bump& bump, std::size_t depth) noexcept {
  if (depth > scopes_.size()) return;  // the arena was assigned to meanwhile
  scopes_[depth - 1].ended = true;
  if (depth != scopes_.size()) scopes_misused_ = true;
  while (!scopes_.empty() && scopes_.back().ended) {
    const ScopeMark innermost = std::move(scopes_.back());
    scopes_.pop_back();
    note_recycled(bump, bytes_in_use(bump) - innermost.bytes_in_use);
    unwind(bump, innermost);
  }
}

std::string BackingStore::described() const {
  std::string text = name_.empty() ? "an arena" : "the arena \"" + name_ + "\"";
  return text + " in phase " + std::to_string(phases_ + 1);
}

void BackingStore::note_recycled(const Bump& bump, std::size_t recycled) noexcept {
  phase_.peak_bytes = std::max(phase_.peak_bytes, bytes_in_use(bump));
  phase_.recycled_bytes += recycled;
}

void BackingStore::end_phase(const Bump& bump) noexcept {
  add(life_, phase(bump));
  ++phases_;
  phase_ = {};
}

std::string BackingStore::capture_remedy() const {
  const bool chunked = backing_ == Backing::chunked;
  std::string text = keeps_all() || chunked ? "" : "choose CapturePolicy::presized and ";
  text += chunked ? "run the phase once, or reserve() what it needs, before the capture begins"
                  : "run the phase once before the capture begins";
  if (!keeps_all() && chunked)
    text += "; CapturePolicy::presized keeps that memory whatever retain_bytes says";
  return text;
}

Block BackingStore::take_block(Bump& bump, std::size_t asked, std::size_t preferred, std::size_t least,
                               Capture capture) {
  const auto out_of_memory = [&](const ArenaStats& stats) {
    memory_.throw_failed_allocation(cudaErrorMemoryAllocation, {asked, stats, 0, 0, least}, described());
  };
  if (least == 0) out_of_memory(stats(bump));
  if (capture.error != cudaSuccess) throw CudaError(capture.error, Capture::call, __FILE__, __LINE__);
  if (capture.is_active) throw GrowthDuringCapture(asked, described(), capture_remedy());
  if (unfreed_.capacity() <= blocks_) unfreed_.reserve(std::max<std::size_t>(16, 2 * blocks_));

  Block block{nullptr, std::max(least, std::min(preferred, round_up(failed_bytes_ / 2, min_alignment)))};
  cudaError_t error = try_block(block);
  while (error == cudaErrorMemoryAllocation && block.bytes > least) {
    block.bytes = std::max(least, round_up(block.bytes / 2, min_alignment));
    error = try_block(block);
  }
  if (error == cudaErrorMemoryAllocation) {
    const ArenaStats before = stats(bump);
    if (free_idle(bump)) error = try_block(block);
    if (error == cudaErrorMemoryAllocation) out_of_memory(before);
  }
  if (error != cudaSuccess) memory_.throw_failed_allocation(error, {}, described());
  return block;
}

cudaError_t BackingStore::try_block(Block& block) noexcept {
  const cudaError_t error = memory_.allocate(&block.pointer, block.bytes);
  if (error == cudaErrorMemoryAllocation) failed_bytes_ = std::min(failed_bytes_, block.bytes);
  if (error != cudaSuccess) return error;
  ++blocks_;
  reserved_bytes_ += block.bytes;
  return error;
}

void BackingStore::free_block(const Block& block, Frees& frees) noexcept {
  if (!frees.capture) frees.capture = memory_.capture();
  const char* call = Capture::call;
  cudaError_t error = frees.capture->error;
  if (!frees.capture->is_active && error == cudaSuccess) {
    call = "cudaFreeAsync";
    error = memory_.free(block.pointer);
    if (error == cudaSuccess) {
      --blocks_;
      reserved_bytes_ -= block.bytes;
      failed_bytes_ = ~std::size_t{0};
      return;
    }
  }
  unfreed_.push_back(block);  // reserved: cannot throw
  if (frees.capture->is_active || frees.error != cudaSuccess) return;
  frees.error = error;
  frees.call = call;
}

void BackingStore::free_unfreed(Frees& frees) noexcept {
  for (std::size_t i = unfreed_.size(); i-- != 0;) {
    const Block block = std::exchange(unfreed_[i], unfreed_.back());
    unfreed_.pop_back();
    free_block(block, frees);
    if (frees.capture->is_active) return;
  }
}

void BackingStore::throw_if_failed(const Frees& frees) {
  if (frees.error != cudaSuccess) throw CudaError(frees.error, frees.call, __FILE__, __LINE__);
}

void BackingStore::throw_foreign_pointer(const void* pointer, std::size_t bytes) {
  char address[32];
  std::snprintf(address, sizeof address, "%p", pointer);
  throw std::invalid_argument(
      "DeviceAsyncArena::recycle: " + std::to_string(bytes) + " bytes at " + address +
      " are not an allocation of this arena's current phase; pass, once, the pointer that "
      "alloc_bytes() returned and the size that was requested");
}

}  // namespace daa::v0_1::detail
