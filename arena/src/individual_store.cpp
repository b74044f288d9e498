// Backing::individual: a block for each allocation, freed one by one at the end of the phase, or where it is
// recycled; kept and reused, best fit, where graphs may use it. A block begins at the number of the
// allocation in the phase.

#include <algorithm>
#include <cstdint>

#include "backing_store.hpp"

namespace daa::detail {

namespace {

class IndividualStore final : public BackingStore {
 public:
  using BackingStore::BackingStore;

  void* allocate(Bump& bump, std::size_t bytes, std::size_t alignment) override {
    const std::size_t slack = alignment_slack(alignment);
    const std::size_t size = footprint(bytes, slack) == 0 ? 0 : bytes + slack;
    Block* const kept = keeps_all() && size != 0 ? smallest_idle(bump, size) : nullptr;
    if (kept == nullptr && (keeps_all() || bump.allocations == 0)) capture_ = memory_.capture();
    Block& block = kept != nullptr ? *kept : take_block(bump, bump.allocations, bytes, size, size, capture_);
    block.begin = bump.allocations;
    ++bump.allocations;
    bump.bytes_requested += bytes;
    bump.origin -= block.bytes;
    return reinterpret_cast<void*>(round_up(reinterpret_cast<std::uintptr_t>(block.pointer), alignment));
  }

  // The most recent allocations are the likeliest to be recycled.
  void recycle(Bump& bump, void* pointer, std::size_t bytes) override {
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    const auto holds_it = [&](const Block& block) {
      return block.begin < bump.allocations &&
             address - reinterpret_cast<std::uintptr_t>(block.pointer) < block.bytes;
    };
    const auto found = std::find_if(blocks_.rbegin(), blocks_.rend(), holds_it);
    if (found == blocks_.rend() || bytes > found->bytes) throw_foreign_pointer(pointer, bytes);
    const std::size_t size = found->bytes;
    for (ScopeMark& scope : scopes_) {
      if (found->begin < scope.begin) scope.bytes_in_use -= size;
    }
    note_recycled(bump, size);
    bump.origin += size;
    static_cast<void>(free_blocks([freed = found->pointer](const Block& b) { return b.pointer == freed; }));
  }

  void reset(Bump& bump) override {
    end_phase(bump);
    bump = {};
    throw_failed_free(free_behind(0));
  }

  void reserve(Bump&, std::size_t) override {}

  void trim(Bump& bump) override { throw_failed_free(free_behind(bump.allocations)); }

 private:
  Block* smallest_idle(const Bump& bump, std::size_t size) noexcept {
    Block* smallest = nullptr;
    for (Block& block : blocks_) {
      const bool fits = block.capture == 0 && block.begin >= bump.allocations && block.bytes >= size;
      if (fits && (smallest == nullptr || block.bytes < smallest->bytes)) smallest = &block;
    }
    return smallest;
  }

  ScopeMark mark(Bump& bump) override { return {bump.allocations, bytes_in_use(bump), {}}; }

  void unwind(Bump& bump, const ScopeMark& mark) noexcept override {
    bump.origin = bump.cursor - mark.bytes_in_use;
    static_cast<void>(free_behind(mark.begin));
  }

  // Of the stream. To ask costs 6 % of a cudaMallocAsync, so that this is done once a phase unless graphs are
  // known to come.
  unsigned long long capture_ = 0;
};

}  // namespace

std::unique_ptr<BackingStore> make_individual_store(StreamOrderedMemory memory, const ArenaOptions& options) {
  return std::make_unique<IndividualStore>(memory, options);
}

}  // namespace daa::detail
