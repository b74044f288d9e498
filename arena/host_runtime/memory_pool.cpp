#include "memory_pool.hpp"

#include <algorithm>
#include <iterator>

namespace daa::host_runtime {

void Watermark::add(std::size_t bytes) {
  current += bytes;
  high = std::max(high, current);
}

std::uintptr_t MemoryPool::take(std::size_t bytes, const Stream* stream) {
  std::uintptr_t address = take_fitting(bytes, stream);
  if (address == 0 && stream != nullptr) {
    join(*stream);
    address = take_fitting(bytes, stream);
  }
  if (address == 0 && reuse_allow_opportunistic) {
    settle(stream);
    if (stream != nullptr) join(*stream);
    address = take_fitting(bytes, stream);
  }
  if (address != 0) used.add(bytes);
  return address;
}

std::uintptr_t MemoryPool::take_fitting(std::size_t bytes, const Stream* stream) {
  std::pair<std::size_t, std::uintptr_t> best{0, 0};
  for (const Stream* owner : {static_cast<const Stream*>(nullptr), stream}) {
    const auto owned = free_.find(owner);
    if (owned == free_.end()) continue;
    const auto fit = owned->second.lower_bound({bytes, 0});
    if (fit != owned->second.end() && (best.second == 0 || *fit < best)) best = *fit;
  }
  if (best.second == 0) return 0;

  const auto block = blocks_.find(best.second);
  unindex(block);
  if (block->second.bytes > bytes) {
    Block rest = block->second;
    rest.bytes -= bytes;
    index(blocks_.emplace(block->first + bytes, std::move(rest)).first);
  }
  block->second.bytes = bytes;
  block->second.is_used = true;
  block->second.freed = {};
  return block->first;
}

void MemoryPool::give(std::uintptr_t address, StreamPoint freed) {
  const auto block = blocks_.find(address);
  used.subtract(block->second.bytes);
  block->second.is_used = false;
  block->second.freed = std::move(freed);
  index(block);
  merge(block, false);
}

void MemoryPool::add(std::shared_ptr<Segment> segment) {
  const Range range = segment->range();
  reserved.add(range.bytes());
  const auto block = blocks_.emplace(range.begin, Block{segment.get(), range.bytes(), false, {}}).first;
  index(block);
  segments_.emplace(range.begin, std::move(segment));
}

std::vector<std::shared_ptr<Segment>> MemoryPool::release(std::size_t keep) {
  std::vector<std::shared_ptr<Segment>> released;
  settle(nullptr);
  if (reserved.current <= keep) return released;
  for (auto it = segments_.begin(); it != segments_.end();) {
    const std::size_t bytes = it->second->range().bytes();
    const auto block = blocks_.find(it->first);
    const bool is_idle =
        !block->second.is_used && !block->second.freed.stream && block->second.bytes == bytes;
    if (!is_idle || reserved.current < bytes || reserved.current - bytes < keep) {
      ++it;
      continue;
    }
    unindex(block);
    blocks_.erase(block);
    reserved.subtract(bytes);
    released.push_back(std::move(it->second));
    it = segments_.erase(it);
  }
  return released;
}

std::shared_ptr<Segment> MemoryPool::segment(std::uintptr_t address) const {
  auto it = segments_.upper_bound(address);
  if (it == segments_.begin()) return nullptr;
  --it;
  return address < it->second->range().end ? it->second : nullptr;
}

void MemoryPool::settle(const Stream* except) {
  std::vector<std::uintptr_t> reached;
  for (const auto& [owner, blocks] : free_) {
    if (owner == nullptr || owner == except) continue;
    for (const auto& [bytes, address] : blocks) {
      if (blocks_.at(address).freed.reached()) reached.push_back(address);
    }
  }
  for (const std::uintptr_t address : reached) {
    const auto block = blocks_.find(address);
    unindex(block);
    block->second.freed = {};
    index(block);
  }
  for (const std::uintptr_t address : reached) {
    const auto block = blocks_.find(address);
    if (block != blocks_.end()) merge(block, false);
  }
}

void MemoryPool::join(const Stream& stream) {
  const auto owned = free_.find(&stream);
  if (owned == free_.end()) return;
  std::vector<std::uintptr_t> addresses;
  for (const auto& [bytes, address] : owned->second) addresses.push_back(address);
  for (const std::uintptr_t address : addresses) {
    const auto block = blocks_.find(address);
    if (block != blocks_.end()) merge(block, true);
  }
}

MemoryPool::Blocks::iterator MemoryPool::merge(Blocks::iterator block, bool with_nobody) {
  const auto mergeable = [&](const Block& a, const Block& b) {
    if (a.segment != b.segment || a.is_used || b.is_used) return false;
    if (a.freed.stream == b.freed.stream) return true;
    return with_nobody && (!a.freed.stream || !b.freed.stream);
  };
  const auto absorb = [&](Blocks::iterator first, Blocks::iterator second) {
    unindex(first);
    unindex(second);
    StreamPoint& freed = first->second.freed;
    if (second->second.freed.ticket > freed.ticket) freed = second->second.freed;
    first->second.bytes += second->second.bytes;
    blocks_.erase(second);
    index(first);
    return first;
  };
  while (true) {
    const auto next = std::next(block);
    if (next == blocks_.end() || !mergeable(block->second, next->second)) break;
    block = absorb(block, next);
  }
  while (block != blocks_.begin()) {
    const auto previous = std::prev(block);
    if (!mergeable(previous->second, block->second)) break;
    block = absorb(previous, block);
  }
  return block;
}

void MemoryPool::index(Blocks::iterator block) {
  free_[block->second.freed.stream.get()].emplace(block->second.bytes, block->first);
}

void MemoryPool::unindex(Blocks::iterator block) {
  const auto owned = free_.find(block->second.freed.stream.get());
  owned->second.erase({block->second.bytes, block->first});
  if (owned->second.empty()) free_.erase(owned);
}

}  // namespace daa::host_runtime
