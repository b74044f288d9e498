// Backing::individual: a block for each allocation, freed one by one at the end of the phase.

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
    Block& block = take_block(bump, bytes, size, size);
    block.used = size;
    in_use_ += size;
    ++bump.allocations;
    bump.bytes_requested += bytes;
    return reinterpret_cast<void*>(round_up(reinterpret_cast<std::uintptr_t>(block.pointer), alignment));
  }

  void reset(Bump& bump) override {
    high_water_bytes_ = std::max(high_water_bytes_, in_use_);
    in_use_ = 0;
    bump = {};
    throw_failed_free(free_blocks([](const Block&) { return true; }));
  }

  void reserve(Bump&, std::size_t) override {}

  void trim(Bump&) override { throw_failed_free(free_unused_blocks()); }

 private:
  std::size_t bytes_in_use(const Bump&) const noexcept override { return in_use_; }

  std::size_t in_use_ = 0;
};

}  // namespace

std::unique_ptr<BackingStore> make_individual_store(StreamOrderedMemory memory) {
  return std::make_unique<IndividualStore>(memory);
}

}  // namespace daa::detail
