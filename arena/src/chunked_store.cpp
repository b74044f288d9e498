// Backing::chunked: allocations are cut in sequence from the last block, the current chunk.
//
// While a phase outgrows its chunk, each new one is as large as all before it together, so that a phase of n
// bytes grows O(log n) times. reset() replaces several chunks by one of the phase's size: from then on phases
// of that size grow no more and make no CUDA call.

#include <algorithm>
#include <cstdint>
#include <exception>

#include "backing_store.hpp"
#include "nvtx.hpp"

namespace daa::detail {

namespace {

bool is_smaller(const Block& a, const Block& b) {
  return a.bytes < b.bytes;
}

std::uintptr_t begin_of(const Block& block) {
  return reinterpret_cast<std::uintptr_t>(block.pointer);
}

struct ChunkGrowth {
  static constexpr const char* message = "chunk growth";
};

class ChunkedStore final : public BackingStore {
 public:
  ChunkedStore(StreamOrderedMemory memory, const ArenaOptions& options)
      : BackingStore(memory),
        initial_bytes_(footprint(options.initial_bytes)),
        retain_bytes_(options.retain_bytes) {}

  void* allocate(Bump& bump, std::size_t bytes, std::size_t alignment) override {
    if (void* const result = cut(bump, bytes, alignment)) return result;
    const std::size_t least = footprint(bytes, alignment_slack(alignment));
    add_chunk(bump, bytes, blocks_.empty() ? std::max(initial_bytes_, expected_bytes_) : reserved_bytes_,
              least);
    return cut(bump, bytes, alignment);
  }

  void reset(Bump& bump) override {
    const std::size_t in_use = bytes_in_use(bump);
    const bool spilled = !blocks_.empty() && bump.origin != begin_of(blocks_.back());
    const std::size_t needed = std::max(spilled ? in_use + unused_slack_ : in_use, promised_bytes_);
    high_water_bytes_ = std::max(high_water_bytes_, in_use);
    if (needed != 0) expected_bytes_ = needed;
    promised_bytes_ = 0;
    unused_slack_ = 0;
    bump = {};
    for (Block& block : blocks_) block.used = 0;

    const auto largest = std::max_element(blocks_.begin(), blocks_.end(), is_smaller);
    const bool keep = largest != blocks_.end() && largest->bytes >= needed &&
                      largest->bytes <= retain_bytes_ && (!spilled || largest->bytes - needed <= needed / 20);
    if (keep) std::iter_swap(largest, blocks_.end() - 1);
    const cudaError_t error = free_all_but(keep ? blocks_.back().pointer : nullptr);
    continue_in_last(bump);
    if (!keep && needed <= retain_bytes_) merge(bump, needed);
    throw_failed_free(error);
  }

  void reserve(Bump& bump, std::size_t bytes) override {
    if (bytes > bump.limit - bump.cursor) add_chunk(bump, bytes, 0, footprint(bytes));
    promised_bytes_ = std::max(promised_bytes_, footprint(bytes));
  }

  void trim(Bump& bump) override {
    promised_bytes_ = 0;
    settle(bump);
    const cudaError_t error = free_unused_blocks();
    continue_in_last(bump);
    throw_failed_free(error);
  }

 private:
  std::size_t bytes_in_use(const Bump& bump) const noexcept override { return bump.cursor - bump.origin; }

  // From the current chunk, or null if it does not fit there.
  void* cut(Bump& bump, std::size_t bytes, std::size_t alignment) noexcept {
    const std::uintptr_t start = round_up(bump.cursor, std::max(alignment, min_alignment));
    if (start < bump.cursor || start > bump.limit || bytes > bump.limit - start) return nullptr;
    unused_slack_ += alignment_slack(alignment) - (start - bump.cursor);
    bump.cursor = start + round_up(bytes, min_alignment);
    ++bump.allocations;
    bump.bytes_requested += bytes;
    return reinterpret_cast<void*>(start);
  }

  void add_chunk(Bump& bump, std::size_t asked, std::size_t preferred, std::size_t least) {
    const nvtx3::scoped_range_in<NvtxDomain> range{nvtx3::event_attributes{
        nvtx3::registered_string_in<NvtxDomain>::get<ChunkGrowth>(), nvtx3::payload{asked}}};
    const bool between_phases = bytes_in_use(bump) == 0;
    settle(bump);
    try {
      take_block(bump, asked, preferred, least);
    } catch (...) {
      continue_in_last(bump);
      throw;
    }
    // A chunk that was idle and too small is replaced; if it cannot be freed now, reset() tries again.
    if (between_phases) static_cast<void>(free_all_but(blocks_.back().pointer));
    continue_in_last(bump);
  }

  // Takes one chunk for the next phase. Without it that phase grows as it needs.
  void merge(Bump& bump, std::size_t bytes) noexcept {
    if (bytes == 0) return;
    try {
      add_chunk(bump, bytes, 0, bytes);
    } catch (const std::exception&) {
    }
  }

  cudaError_t free_all_but(const void* kept) noexcept {
    return free_blocks([kept](const Block& block) { return block.pointer != kept; });
  }

  void settle(const Bump& bump) noexcept {
    if (!blocks_.empty()) blocks_.back().used = bump.cursor - begin_of(blocks_.back());
  }

  // Makes what is unused of the last block the room to bump in.
  void continue_in_last(Bump& bump) noexcept {
    bump.cursor = bump.limit = bump.origin = 0;
    if (blocks_.empty()) return;
    std::size_t used = 0;
    for (const Block& block : blocks_) used += block.used;
    const Block& last = blocks_.back();
    bump.cursor = begin_of(last) + last.used;
    bump.limit = begin_of(last) + last.bytes;
    bump.origin = bump.cursor - used;
  }

  std::size_t initial_bytes_;
  std::size_t retain_bytes_;
  std::size_t expected_bytes_ = 0;  // what the last phase needed
  std::size_t promised_bytes_ = 0;  // by reserve(), for the next phase
  std::size_t unused_slack_ = 0;    // room that over-aligned allocations of this phase might need elsewhere
};

}  // namespace

std::unique_ptr<BackingStore> make_chunked_store(StreamOrderedMemory memory, const ArenaOptions& options) {
  return std::make_unique<ChunkedStore>(memory, options);
}

}  // namespace daa::detail
