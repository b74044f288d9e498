// Backing::chunked: allocations are cut from chunks that are kept.
//
// A phase is laid out as if in one endless chunk: each allocation has an *offset* there, at the *top*, which
// the bump pointer stands for, or in a hole that recycle() has left. A real chunk holds a stretch of these
// offsets, from Block::begin on. As long as the phase fits the first chunk, that is all. An offset that no
// chunk holds makes the arena grow: by as much as it has, so that a phase of n bytes grows O(log n) times, or
// by no more than is asked where that is over an eighth of it, or where the arena recycles: growth then
// strands nothing. How far the layout reached is exactly the size of the one chunk that reset() takes
// instead: a phase that comes again fits it and makes no CUDA call.

#include <algorithm>
#include <cstdint>
#include <exception>

#include "backing_store.hpp"
#include "nvtx.hpp"
#include "phase_layout.hpp"

namespace daa::detail {

namespace {

std::uintptr_t address_of(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

bool is_smaller(const Block& a, const Block& b) {
  return a.bytes < b.bytes;
}

// An allocation whose place in the layout has slack, so that it can be aligned wherever its chunk lies.
struct OverAligned {
  std::uintptr_t address;
  Range place;
};

struct Place {
  std::uintptr_t address = 0;
  std::size_t offset = 0;
};

struct ChunkGrowth {
  static constexpr const char* message = "chunk growth";
};

class ChunkedStore final : public BackingStore {
 public:
  ChunkedStore(StreamOrderedMemory memory, const ArenaOptions& options)
      : BackingStore(memory, options),
        initial_bytes_(footprint(options.initial_bytes)),
        retain_bytes_(options.retain_bytes) {}

  void* allocate(Bump& bump, std::size_t bytes, std::size_t alignment) override {
    const std::size_t size = footprint(bytes, alignment_slack(alignment));
    if (alignment > min_alignment) reserve_one_more(over_aligned_);
    Place place = cut_from_hole(bump, bytes, size);
    if (place.address == 0) place = cut_from_top(bump, bytes, size);
    set_limit(bump);
    ++bump.allocations;
    bump.bytes_requested += bytes;
    const std::uintptr_t aligned = round_up(place.address, alignment);
    if (alignment > min_alignment) over_aligned_.push_back({aligned, {place.offset, place.offset + size}});
    return reinterpret_cast<void*>(aligned);
  }

  void recycle(Bump& bump, void* pointer, std::size_t bytes) override {
    const std::uintptr_t address = address_of(pointer);
    const std::size_t end_of_phase = top(bump);
    const auto chunk = std::find_if(blocks_.begin(), blocks_.end(), [&](const Block& block) {
      return block.begin < end_of_phase && address - address_of(block.pointer) < block.bytes;
    });
    if (chunk == blocks_.end() || footprint(bytes) == 0) throw_foreign_pointer(pointer, bytes);
    const std::size_t in_chunk = address - address_of(chunk->pointer);
    const std::size_t offset = chunk->begin + in_chunk;
    Range place{offset, offset + footprint(bytes)};
    const bool can_be_one = address % min_alignment == 0 && footprint(bytes) <= bytes_in_use(bump) &&
                            footprint(bytes) <= chunk->bytes - in_chunk && place.end <= end_of_phase;
    if (!can_be_one) throw_foreign_pointer(pointer, bytes);
    const auto over_aligned = std::find_if(over_aligned_.rbegin(), over_aligned_.rend(),
                                           [&](const OverAligned& each) { return each.address == address; });
    if (over_aligned != over_aligned_.rend()) place = over_aligned->place;
    const std::size_t size = place.end - place.begin;

    const bool is_outer = !scopes_.empty() && place.begin < scopes_.back().begin;
    const std::size_t new_top = is_outer ? end_of_phase : layout_.give(place, end_of_phase);
    if (new_top == PhaseLayout::none) throw_foreign_pointer(pointer, bytes);
    if (over_aligned != over_aligned_.rend()) over_aligned_.erase(std::next(over_aligned).base());
    recycles_ = true;
    note_recycled(bump, size);
    if (is_outer) keep_for_outer_scope(place);
    if (new_top != end_of_phase) continue_at(bump, new_top);
    bump.origin += size;
    const bool is_graphs = chunk->capture != 0;
    if (is_graphs || (size == chunk->bytes && blocks_.size() > 1 && !keeps_all())) {  // a chunk of its own
      static_cast<void>(free_only(chunk->pointer));
      continue_at(bump, top(bump));
    }
    set_limit(bump);
  }

  void reset(Bump& bump) override {
    const std::size_t needed = std::max({layout_.highest_top(), top(bump), promised_bytes_});
    const bool spilled = std::any_of(blocks_.begin(), blocks_.end(), [](const Block& block) {
      return block.begin != 0 && block.begin != Block::idle;
    });
    end_phase(bump);
    if (needed != 0) expected_bytes_ = needed;
    promised_bytes_ = 0;
    layout_.clear();
    over_aligned_.clear();
    for (Block& block : blocks_) make_idle(block);

    cudaError_t error = free_blocks([](const Block& block) { return block.capture != 0; });
    const auto largest = std::max_element(blocks_.begin(), blocks_.end(), is_smaller);
    const bool keep = largest != blocks_.end() && largest->bytes >= needed &&
                      (keeps_all() || (largest->bytes <= retain_bytes_ &&
                                       (!spilled || largest->bytes - needed <= needed / 20)));
    if (keep) largest->begin = 0;
    const cudaError_t other_error = free_behind(keep ? 1 : 0);
    if (error == cudaSuccess) error = other_error;
    if (!keep && (keeps_all() || needed <= retain_bytes_)) merge(bump, needed);
    bump = {};
    continue_at(bump, 0);
    throw_failed_free(error);
  }

  void reserve(Bump& bump, std::size_t bytes) override {
    const std::size_t size = footprint(bytes);
    const std::size_t end = top(bump);
    const bool have = bytes <= room_end_ - bump.cursor ||
                      std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
                        return block.capture == 0 && block.begin >= end && block.bytes >= size && size != 0;
                      });
    if (!have && !grows_by_nodes()) {
      Block& block = grow(bump, bytes, blocks_.empty() ? initial_bytes_ : 0, size);
      if (end == 0) begin_with(bump, block);
    }
    promised_bytes_ = std::max(promised_bytes_, size);
  }

  void trim(Bump& bump) override {
    promised_bytes_ = 0;
    const cudaError_t error = free_behind(top(bump));
    continue_at(bump, top(bump));
    throw_failed_free(error);
  }

 private:
  // Where the next allocation goes if no hole takes it.
  std::size_t top(const Bump& bump) const noexcept { return bump.cursor - layout_base_; }

  // No address if no hole is large enough, or if the one that is has no memory behind it and none is to be
  // had for it.
  Place cut_from_hole(Bump& bump, std::size_t asked, std::size_t size) {
    if (size == 0 || layout_.empty()) return {};
    const std::size_t offset = layout_.take(size, top(bump));
    if (offset == PhaseLayout::none) return {};
    Place place{address_in_chunk(offset, size), offset};
    if (place.address == 0 && !keeps_all()) {
      try {
        Block& chunk = grow(bump, asked, 0, size);
        chunk.begin = place.offset;
        place.address = address_of(chunk.pointer);
      } catch (const std::exception&) {  // the top may have room, and throws if it has none
      }
    }
    if (place.address == 0) {
      layout_.put_back({offset, offset + size});
      return {};
    }
    bump.origin -= size;
    return place;
  }

  Place cut_from_top(Bump& bump, std::size_t asked, std::size_t size) {
    const std::size_t offset = top(bump);
    if (size == 0 || size > room_end_ - bump.cursor) {
      const void* const graphs = extend(bump, asked, size);
      if (graphs != nullptr) {
        continue_at(bump, offset + size);
        bump.origin -= size;
        return {address_of(graphs), offset};
      }
    }
    const std::uintptr_t address = bump.cursor;
    bump.cursor += size;
    return {address, offset};
  }

  // Where [offset, offset + size) lies in a chunk that holds all of it, or 0.
  std::uintptr_t address_in_chunk(std::size_t offset, std::size_t size) const noexcept {
    for (const Block& block : blocks_) {
      const bool holds =
          block.begin <= offset && size <= block.bytes && offset - block.begin <= block.bytes - size;
      if (holds) return address_of(block.pointer) + (offset - block.begin);
    }
    return 0;
  }

  // Makes a chunk hold `size` bytes at the top, for an allocation of `asked` bytes, and bumps on there. If
  // the memory is a graph's, returns it: it is for this allocation alone.
  const void* extend(Bump& bump, std::size_t asked, std::size_t size) {
    const std::size_t end = top(bump);
    Block* chunk = nullptr;
    for (Block& block : blocks_) {
      const bool fits = size != 0 && block.capture == 0 && block.begin >= end && block.bytes >= size;
      if (fits && (chunk == nullptr || is_smaller(*chunk, block))) chunk = &block;
    }
    const std::uintptr_t left = room_end_;
    const std::size_t tail = room_end_ - bump.cursor;
    if (chunk == nullptr) chunk = &grow(bump, asked, preferred_growth(size), size);
    if (chunk->capture != 0) {
      chunk->begin = end;
      return chunk->pointer;
    }
    if (end == 0) {
      begin_with(bump, *chunk);
      return nullptr;
    }
    chunk->begin = end;
    for (Block& block : blocks_) {
      if (address_of(block.pointer) + block.bytes == left) block.tail = tail;
    }
    continue_at(bump, end);
    return nullptr;
  }

  std::size_t preferred_growth(std::size_t size) const noexcept {
    if (blocks_.empty()) return std::max(initial_bytes_, expected_bytes_);
    if (!recycles_) return size > reserved_bytes_ / 8 ? 0 : reserved_bytes_;
    // Small ones do not each get a chunk once there are very many.
    const bool is_one_of_many = blocks_.size() >= 128 && size <= initial_bytes_ / 16;
    return is_one_of_many ? footprint(std::min(initial_bytes_, reserved_bytes_ / 16)) : 0;
  }

  // An idle chunk more. If that throws, idle ones may be gone and nothing else has changed.
  Block& grow(Bump& bump, std::size_t asked, std::size_t preferred, std::size_t least) {
    const nvtx3::scoped_range_in<NvtxDomain> range{nvtx3::event_attributes{
        nvtx3::registered_string_in<NvtxDomain>::get<ChunkGrowth>(), nvtx3::payload{asked}}};
    const std::size_t end = top(bump);
    try {
      Block& block = take_block(bump, end, asked, preferred, least, memory_.capture());
      continue_at(bump, end);  // its chunk may have been idle, and be gone
      return block;
    } catch (...) {
      continue_at(bump, end);
      throw;
    }
  }

  // Of a phase that has nothing in use, this is the one chunk; those that were too small are freed, or, if
  // they cannot be freed now, left to reset().
  void begin_with(Bump& bump, Block& chunk) noexcept {
    for (Block& block : blocks_) make_idle(block);
    chunk.begin = 0;
    static_cast<void>(free_behind(1));
    continue_at(bump, 0);
  }

  // Takes one chunk for the next phase. Without it that phase grows as it needs.
  void merge(Bump& bump, std::size_t bytes) noexcept {
    if (bytes == 0 || memory_.capture() != 0) return;
    try {
      grow(bump, bytes, 0, bytes).begin = 0;
    } catch (const std::exception&) {
    }
  }

  static void make_idle(Block& block) noexcept {
    block.begin = Block::idle;
    block.tail = 0;
  }

  cudaError_t free_only(const void* pointer) noexcept {
    return free_blocks([pointer](const Block& block) { return block.pointer == pointer; });
  }

  // Bumps on from `offset`, in the chunk that has most room there.
  void continue_at(Bump& bump, std::size_t offset) noexcept {
    const std::size_t in_use = bytes_in_use(bump);
    bump.cursor = room_end_ = 0;
    Block* chunk = nullptr;
    for (Block& block : blocks_) {
      if (block.capture != 0 || block.begin > offset || offset - block.begin > block.bytes) continue;
      const std::uintptr_t end = address_of(block.pointer) + block.bytes;
      const std::uintptr_t cursor = address_of(block.pointer) + (offset - block.begin);
      if (room_end_ != 0 && end - cursor <= room_end_ - bump.cursor) continue;
      bump.cursor = cursor;
      room_end_ = end;
      chunk = &block;
    }
    if (chunk != nullptr) chunk->tail = 0;
    layout_base_ = bump.cursor - offset;
    bump.origin = bump.cursor - in_use;
    set_limit(bump);
  }

  // Where there are holes, every allocation has to ask for them first: the inline path finds no room.
  void set_limit(Bump& bump) const noexcept { bump.limit = layout_.empty() ? room_end_ : bump.cursor; }

  // What a scope recycles of the phase around it serves again when the scope has ended: what a scope has
  // allocated lies all behind its beginning, and so is given back at once.
  void keep_for_outer_scope(Range range) noexcept {
    const auto owner = std::find_if(scopes_.begin(), scopes_.end(),
                                    [&](const ScopeMark& scope) { return range.begin < scope.begin; });
    for (auto scope = owner; scope != scopes_.end(); ++scope) scope->bytes_in_use -= range.end - range.begin;
    try {
      if (!owner->holes) owner->holes = std::make_unique<FreeRanges>();
      owner->holes->insert(range);
    } catch (const std::bad_alloc&) {  // as FreeRanges::insert: forgotten until the phase ends
    }
  }

  ScopeMark mark(Bump& bump) override {
    ScopeMark mark{top(bump), bytes_in_use(bump), nullptr};
    FreeRanges& holes = layout_.by_hand();
    if (!holes.empty()) {
      mark.holes = std::make_unique<FreeRanges>();
      std::swap(*mark.holes, holes);
    }
    set_limit(bump);
    return mark;
  }

  void unwind(Bump& bump, const ScopeMark& mark) noexcept override {
    over_aligned_.erase(
        std::remove_if(over_aligned_.begin(), over_aligned_.end(),
                       [&](const OverAligned& each) { return each.place.begin >= mark.begin; }),
        over_aligned_.end());
    static_cast<void>(
        free_blocks([&](const Block& block) { return block.capture != 0 && block.begin >= mark.begin; }));
    FreeRanges& holes = layout_.by_hand();
    holes.clear();
    if (mark.holes) std::swap(*mark.holes, holes);
    layout_.note_top(top(bump));
    continue_at(bump, holes.take_ending_at(mark.begin));
    bump.origin = bump.cursor - mark.bytes_in_use;
  }

  std::size_t initial_bytes_;
  std::size_t retain_bytes_;
  PhaseLayout layout_;  // below the top; of the innermost scope
  std::vector<OverAligned> over_aligned_;
  std::uintptr_t layout_base_ = 0;  // an address less its offset, in the chunk of the cursor
  std::uintptr_t room_end_ = 0;     // of the chunk of the cursor
  std::size_t expected_bytes_ = 0;  // what the last phase needed
  std::size_t promised_bytes_ = 0;  // by reserve(), for the next phase
  bool recycles_ = false;           // has ever been asked to recycle
};

}  // namespace

std::unique_ptr<BackingStore> make_chunked_store(StreamOrderedMemory memory, const ArenaOptions& options) {
  return std::make_unique<ChunkedStore>(memory, options);
}

}  // namespace daa::detail
