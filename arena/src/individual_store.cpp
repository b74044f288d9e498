// Backing::individual: one block for each allocation, freed at the end of the phase or when it is recycled.
// If graphs may use the blocks, they are kept instead and reused by size class: a repeated phase finds as
// many blocks of each class as it had, and allocates none.

#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <unordered_map>

#include "backing_store.hpp"

namespace daa::v0_1::detail {

namespace {

// Size classes of kept blocks: four per power of two, so that a size that grows from phase to phase uses few.
constexpr std::size_t class_of(std::size_t bytes) noexcept {
  std::size_t step = min_alignment;
  while (step <= bytes / 8) step *= 2;
  const std::size_t rounded = round_up(bytes, step);
  return rounded < bytes ? bytes : rounded;
}

struct Allocation : Block {
  std::uintptr_t address;
  std::size_t number;  // in the phase
};

class IndividualStore final : public BackingStore {
 public:
  IndividualStore(StreamOrderedMemory memory, const ArenaOptions& options)
      : BackingStore(memory, options),
        always_asks_(keeps_all() || options.checked || options.for_sanitizer) {}

  // Retries failed frees a last time.
  ~IndividualStore() override {
    Frees frees;
    for (const Allocation& allocation : live_) free_block(allocation, frees);
    for (const auto& [size, blocks] : kept_) {
      for (const Block& block : blocks) free_block(block, frees);
    }
    frees = {};
    free_unfreed(frees);
  }

  void* allocate(Bump& bump, std::size_t bytes, std::size_t alignment) override {
    const std::size_t slack = alignment_slack(alignment);
    const std::size_t needed = footprint(bytes, slack) == 0 ? 0 : bytes + slack;
    const std::size_t size = keeps_all() ? class_of(needed) : needed;
    by_address_.try_emplace(0);  // allocates the map node now: nothing throws once there is a block
    std::list<Allocation>* const kept = keeps_all() ? &kept_[size] : nullptr;
    std::list<Allocation> fresh;
    if (kept != nullptr && !kept->empty()) {
      fresh.splice(fresh.end(), *kept, std::prev(kept->end()));
    } else {
      fresh.emplace_back();
      if (always_asks_ || bump.allocations == 0) capture_ = memory_.capture();
      static_cast<Block&>(fresh.back()) = take_block(bump, bytes, size, size, capture_);
    }
    Allocation& allocation = fresh.back();
    allocation.number = bump.allocations;
    allocation.address = round_up(address_of(allocation.pointer), alignment);
    auto entry = by_address_.extract(0);
    entry.key() = allocation.address;
    entry.mapped() = fresh.begin();
    by_address_.insert(std::move(entry));
    live_.splice(live_.end(), fresh);
    ++bump.allocations;
    bump.bytes_requested += bytes;
    set_bytes_in_use(bump, bytes_in_use(bump) + allocation.bytes);
    return reinterpret_cast<void*>(allocation.address);
  }

  void recycle(Bump& bump, void* pointer, std::size_t bytes) override {
    const auto found = by_address_.find(address_of(pointer));
    const bool is_one = found != by_address_.end() && found->second->pointer != nullptr &&
                        bytes <= found->second->bytes - (found->first - address_of(found->second->pointer));
    if (!is_one) throw_foreign_pointer(pointer, bytes);
    const auto allocation = found->second;
    for (ScopeMark& scope : scopes_) {
      if (allocation->number < scope.begin) scope.bytes_in_use -= allocation->bytes;
    }
    note_recycled(bump, allocation->bytes);
    set_bytes_in_use(bump, bytes_in_use(bump) - allocation->bytes);
    Frees frees;
    give_back(allocation, frees);
  }

  void reset(Bump& bump) override {
    end_phase(bump);
    bump = {};
    Frees frees;
    free_unfreed(frees);
    while (!live_.empty()) give_back(std::prev(live_.end()), frees);
    throw_if_failed(frees);
  }

  void reserve(Bump&, std::size_t) override {}

  void trim(Bump&) override {
    Frees frees;
    free_unfreed(frees);
    throw_if_failed(frees);
  }

  void abandon() noexcept override {
    BackingStore::abandon();
    live_.clear();
    kept_.clear();
    by_address_.clear();
  }

 private:
  void give_back(std::list<Allocation>::iterator allocation, Frees& frees) noexcept {
    by_address_.erase(allocation->address);
    if (keeps_all()) {
      std::list<Allocation>& kept = kept_.find(allocation->bytes)->second;
      kept.splice(kept.end(), live_, allocation);
      return;
    }
    free_block(*allocation, frees);
    live_.erase(allocation);
  }

  bool free_idle(Bump&) noexcept override {
    const std::size_t reserved = reserved_bytes_;
    Frees frees;
    free_unfreed(frees);
    return reserved_bytes_ != reserved;
  }

  ScopeMark mark(Bump& bump) override { return {bump.allocations, bytes_in_use(bump)}; }

  void unwind(Bump& bump, const ScopeMark& mark) noexcept override {
    set_bytes_in_use(bump, mark.bytes_in_use);
    Frees frees;
    while (!live_.empty() && live_.back().number >= mark.begin) give_back(std::prev(live_.end()), frees);
  }

  std::list<Allocation> live_;  // in the order of allocation
  std::unordered_map<std::uintptr_t, std::list<Allocation>::iterator> by_address_;  // and 0, for the next
  std::map<std::size_t, std::list<Allocation>> kept_;  // by their size, where graphs may use them
  Capture capture_;                                    // the result of the last query
  // Whether the capture state is queried for each new block, or once per phase: each query costs 6 % of a
  // cudaMallocAsync.
  bool always_asks_;
};

}  // namespace

std::unique_ptr<BackingStore> make_individual_store(StreamOrderedMemory memory, const ArenaOptions& options) {
  return std::make_unique<IndividualStore>(memory, options);
}

}  // namespace daa::v0_1::detail
