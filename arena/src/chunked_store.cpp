// Backing::chunked: allocations are cut from chunks, which are kept between phases.
//
// The chunks that a phase uses are laid out one behind the other in a space of offsets, in the order in which
// they were opened, with a gap between them: no hole extends from one chunk into the next, and each offset
// has memory behind it. An allocation goes into the hole that fits best or to the top, in the chunk that was
// opened last. If that chunk has no room, the first of the other chunks with enough room is opened, in the
// order in which the chunks were allocated; if there is none, the arena grows. A repeated phase on the same
// chunks therefore gets the same layout and allocates no chunk.
//
// A chunk is *open* while this phase uses it, otherwise *closed*. The *tail* of a chunk, what is left at its
// end when the phase outgrows it, is a hole like any other.
//
// reset() replaces several chunks by one. A phase that frees nothing early needs, in one chunk, the most that
// it has in use at once; a phase that is planned needs what its plan takes. These sizes are exact: repeated,
// the phase fits and makes no CUDA call. Any other phase is given as much as it has taken of its chunks. It
// mostly fits into that, since holes may join in one chunk that could not in several; where it chooses other
// holes and does not fit, it grows again, and is then given more. If the pool cannot supply that much, the
// chunks are kept as they are.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "growth_range.hpp"
#include "layout_store.hpp"

namespace daa::v0_1::detail {

namespace {

struct Chunk : Block {
  std::size_t number;     // in the order of allocation from the pool
  std::size_t begin = 0;  // its offset while it is open
  std::size_t tail = 0;   // bytes of its tail while it is open

  [[nodiscard]] std::uintptr_t address() const noexcept { return address_of(pointer); }
  [[nodiscard]] std::size_t end() const noexcept { return begin + bytes; }
};

class ChunkedStore final : public LayoutStore {
 public:
  ChunkedStore(StreamOrderedMemory memory, const ArenaOptions& options)
      : LayoutStore(memory, options),
        initial_bytes_(footprint(options.initial_bytes)),
        retain_bytes_(options.retain_bytes - options.retain_bytes % min_alignment) {}

  // Retries failed frees a last time.
  ~ChunkedStore() override {
    Frees frees;
    free_from(0, frees);
    frees = {};
    free_unfreed(frees);
  }

  void reset(Bump& bump) override {
    const bool fitted = open_ <= 1;
    // Later phases may keep growing; slack avoids a new chunk for each of them.
    const bool with_slack = grew_ && expected_bytes_ != 0 && frees_nothing();
    note_highest(bump);
    std::size_t needed = frees_nothing() ? phase(bump).peak_bytes : highest_;
    highest_ = 0;
    if (const std::optional<std::size_t> planned = end_plan(fitted)) {
      // A phase that had begun by another plan may do so again, and then needs as much again.
      needed = left_plan_ ? std::max(needed, *planned) : *planned;
    }
    left_plan_ = false;
    promised_before_ = std::exchange(promised_bytes_, 0);
    needed = std::max(needed, promised_before_);
    if (needed != 0) expected_bytes_ = needed;
    end_phase(bump);
    layout_.clear();
    if (keeps_all()) layout_.stop_recording();  // a phase takes no more once it is captured than before
    over_aligned_.clear();
    close_all();

    Frees frees;
    if (has_unfreed()) free_unfreed(frees);
    if (!keeps_all()) {
      if ((grew_ && chunks_.size() > 1) || reserved_bytes_ > retain_bytes_) {
        settle(needed, fitted, with_slack, frees);
      } else {
        grew_ = false;
        if (followed_in_a_row_ >= followed_before_fit_ && promised_before_ == 0) fit_plans(frees);
      }
    }
    begin_phase(bump);
    throw_if_failed(frees);
  }

  void reserve(Bump& bump, std::size_t bytes) override {
    const std::size_t size = footprint(bytes);
    leave_plan(bump);
    layout_.stop_recording();  // a plan would not cover it
    const bool have = bytes <= room_end_ - bump.cursor || (size != 0 && first_closed(size) != chunks_.size());
    if (!have) {
      try {
        grow(bump, bytes, keeps_all() || chunks_.empty() ? preferred_growth(bump, size) : 0, size);
        if (open_ == 0 || is_empty(bump)) move_to(bump, newest_number_);
      } catch (const OutOfDeviceMemory&) {
        if (!layout_.has_hole(size)) throw;  // a scope could not use the hole
      }
    }
    // The next phase must have room for that much at this point, too.
    promised_bytes_ =
        std::max(promised_bytes_, (frees_nothing() ? bytes_in_use(bump) : taken_so_far(top(bump))) + size);
  }

  void trim(Bump& bump) override {
    promised_bytes_ = 0;
    unmergeable_bytes_ = none;
    leave_plan(bump);
    Frees frees;
    if (!keeps_all()) {
      close_empty(bump);
      if (chunks_.size() != open_) frees.capture = memory_.capture();
      if (!frees.capture || !frees.capture->is_active) free_from(open_, frees);
    }
    if (has_unfreed()) free_unfreed(frees);
    throw_if_failed(frees);
  }

  void abandon() noexcept override {
    BackingStore::abandon();
    chunks_.clear();
    open_ = 0;
  }

 private:
  std::uintptr_t address_at(std::size_t offset) const noexcept override {
    const Chunk& chunk = chunk_at(offset);
    return chunk.address() + (offset - chunk.begin);
  }

  std::optional<Location> locate(const Bump& bump, std::uintptr_t address) const noexcept override {
    const Chunk* const chunk = open_chunk_of(address);
    if (chunk == nullptr) return std::nullopt;
    const std::size_t end = chunk == &chunks_[open_ - 1] ? top(bump) : chunk->end();
    return Location{chunk->begin + (address - chunk->address()), end};
  }

  // Moves to another chunk, and returns none.
  std::size_t make_room(Bump& bump, std::size_t asked, std::size_t size) override {
    const std::size_t closed = size == 0 ? chunks_.size() : first_closed(size);
    if (closed == chunks_.size()) {
      grow(bump, asked, preferred_growth(bump, size), size);
      move_to(bump, newest_number_);
    } else {
      move_to(bump, chunks_[closed].number);
    }
    return none;
  }

  std::size_t preferred_growth(const Bump& bump, std::size_t size) const noexcept {
    constexpr std::size_t large = std::size_t{1} << 30;
    if (chunks_.empty()) return std::max(initial_bytes_, expected_bytes_);
    if (keeps_all()) return reserved_bytes_;  // bounds the sum of chunks that one allocation outgrew
    // A phase whose first allocation exceeds what the arena had may keep growing; slack as in reset().
    if (expected_bytes_ != 0 && has_nothing(bump))
      return std::min(round_up(size + size / 8, min_alignment), retain_bytes_);
    if (size > reserved_bytes_ / (recycles_ ? 16 : 8)) return size;
    if (recycles_) return round_up(reserved_bytes_ / 8, min_alignment);
    return reserved_bytes_ <= large ? reserved_bytes_ : round_up(reserved_bytes_ / 4, min_alignment);
  }

  // Adds a closed chunk, the newest. If the phase has nothing in use, smaller ones are freed, which would be
  // opened first. If it throws, idle chunks may have been freed; nothing else has changed.
  void grow(Bump& bump, std::size_t asked, std::size_t preferred, std::size_t least) {
    const GrowthRange range{asked};
    reserve_one_more(chunks_);
    const Capture capture = memory_.capture();
    const Block block = take_block(bump, asked, preferred, least, capture);
    if (has_nothing(bump) && !keeps_all() && reserved_bytes_ - block.bytes <= block.bytes) {
      if (open_ != 0) close_last(bump);
      Frees frees{capture};  // failed ones are left to reset()
      free_from(0, frees);
    }
    chunks_.push_back({block, ++newest_number_});
    grew_ = true;
  }

  // Opens a closed chunk, in place of the one that was opened last if that is empty.
  void move_to(Bump& bump, std::size_t number) noexcept {
    if (open_ != 0 && is_empty(bump)) close_last(bump);
    std::size_t index = open_;
    while (chunks_[index].number != number) ++index;
    open(bump, index);
  }

  // Opens a closed chunk and continues at its beginning.
  void open(Bump& bump, std::size_t index) noexcept {
    std::rotate(at(open_), at(index), at(index) + 1);
    Chunk& chunk = chunks_[open_];
    chunk.begin = chunk.tail = 0;
    if (open_ != 0) {
      Chunk& outgrown = chunks_[open_ - 1];
      outgrown.tail = outgrown.end() - top(bump);
      phase_.tail_bytes += outgrown.tail;
      layout_.raise_top(top(bump), outgrown.end());
      chunk.begin = outgrown.end() + min_alignment;
    }
    ++open_;
    continue_at(bump, chunk.begin);
  }

  // Closes the chunk that was opened last, in which nothing is in use, and continues behind what is in use in
  // the one before. Closed chunks are sorted by number.
  void close_last(Bump& bump) noexcept {
    note_highest(bump);
    --open_;
    const auto behind = std::upper_bound(at(open_) + 1, chunks_.end(), *at(open_), by_number);
    std::rotate(at(open_), at(open_) + 1, behind);
    if (open_ == 0) {
      layout_.forget_behind(0);
      bump.cursor = bump.limit = layout_base_ = room_end_ = 0;
      set_bytes_in_use(bump, 0);
      return;
    }
    Chunk& last = chunks_[open_ - 1];
    layout_.forget_behind(last.end());
    phase_.tail_bytes -= last.tail;
    last.tail = 0;
    continue_at(bump, layout_.lower_top(last.end()));
  }

  void close_all() noexcept {
    if (open_ == 0) return;
    open_ = 0;
    std::sort(chunks_.begin(), chunks_.end(), by_number);
  }

  // Closes the chunks at the end of the phase that are empty, up to the first one in which a scope began.
  void close_empty(Bump& bump) noexcept {
    while (open_ != 0 && is_empty(bump) && (scopes_.empty() || scopes_.back().begin < top(bump))) {
      close_last(bump);
    }
  }

  // Moves the cursor to `offset`, in the chunk that was opened last.
  void continue_at(Bump& bump, std::size_t offset) noexcept {
    const std::size_t in_use = bytes_in_use(bump);
    const Chunk& chunk = chunks_[open_ - 1];
    layout_base_ = chunk.address() - chunk.begin;
    room_end_ = chunk.address() + chunk.bytes;
    bump.cursor = layout_base_ + offset;
    set_bytes_in_use(bump, in_use);
    set_limit(bump);
  }

  void begin_phase(Bump& bump) noexcept {
    bump = {};
    layout_base_ = room_end_ = 0;
    if (!chunks_.empty()) open(bump, 0);
  }

  // Whether the chunk that was opened last has nothing in use.
  bool is_empty(const Bump& bump) const noexcept { return top(bump) == chunks_[open_ - 1].begin; }
  // Whether the phase has freed nothing but scopes, so that its bytes in use are its top in one chunk.
  bool frees_nothing() const noexcept { return !layout_.frees() && !layout_.follows() && !left_plan_; }
  // Whether the phase has nothing in use.
  bool has_nothing(const Bump& bump) const noexcept { return open_ == 0 || (open_ == 1 && is_empty(bump)); }

  // Bytes of the open chunks up to an offset in the last one.
  std::size_t taken_so_far(std::size_t offset) const noexcept {
    return offset - (open_ <= 1 ? 0 : (open_ - 1) * min_alignment);
  }
  // Must be called before a chunk is closed.
  void note_highest(const Bump& bump) noexcept {
    highest_ = std::max(highest_, taken_so_far(std::max(layout_.highest_top(), top(bump))));
  }

  const Chunk& chunk_at(std::size_t offset) const noexcept {
    std::size_t i = open_ - 1;
    if (offset >= chunks_[i].begin) return chunks_[i];
    const auto behind =
        std::upper_bound(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(i), offset,
                         [](std::size_t each, const Chunk& chunk) { return each < chunk.begin; });
    return *std::prev(behind);
  }

  const Chunk* open_chunk_of(std::uintptr_t address) const noexcept {
    for (std::size_t i = open_; i-- != 0;) {
      if (address - chunks_[i].address() < chunks_[i].bytes) return &chunks_[i];
    }
    return nullptr;
  }

  // The first closed chunk of at least `size` bytes, or the number of chunks.
  std::size_t first_closed(std::size_t size) const noexcept {
    std::size_t i = open_;
    while (i != chunks_.size() && chunks_[i].bytes < size) ++i;
    return i;
  }

  static bool by_number(const Chunk& a, const Chunk& b) noexcept { return a.number < b.number; }

  std::vector<Chunk>::iterator at(std::size_t index) noexcept {
    return chunks_.begin() + static_cast<std::ptrdiff_t>(index);
  }

  void free_from(std::size_t first, Frees& frees) noexcept {
    for (; chunks_.size() > first; chunks_.pop_back()) free_block(chunks_.back(), frees);
  }

  bool free_idle(Bump& bump) noexcept override {
    const std::size_t reserved = reserved_bytes_;
    Frees frees;
    if (!keeps_all()) {
      close_empty(bump);
      free_from(open_, frees);
    }
    free_unfreed(frees);
    return reserved_bytes_ != reserved;
  }

  // Between two phases: leaves one chunk of at least `needed` bytes, if retain_bytes allows, or nothing. The
  // chunks are kept as they are if the pool could not supply that much before, and during a capture.
  // `fitted`: the phase used at most one chunk.
  void settle(std::size_t needed, bool fitted, bool with_slack, Frees& frees) noexcept {
    if (!frees.capture) frees.capture = memory_.capture();
    if (frees.capture->is_active) return;
    const auto largest = std::max_element(chunks_.begin(), chunks_.end(),
                                          [](const Block& a, const Block& b) { return a.bytes < b.bytes; });
    const bool serves =
        fitted && largest != chunks_.end() && largest->bytes >= needed && largest->bytes <= retain_bytes_;
    const bool is_kept = needed >= unmergeable_bytes_ && reserved_bytes_ <= retain_bytes_;
    if (serves) {
      std::iter_swap(chunks_.begin(), largest);
      free_from(1, frees);
    } else if (!is_kept) {
      const bool fits = needed <= retain_bytes_;
      const std::size_t slack = with_slack && fits ? std::min(needed / 8, retain_bytes_ - needed) : 0;
      free_from(0, frees);
      if (fits && needed < unmergeable_bytes_) merge(needed, slack, frees);
    }
    grew_ = false;
  }

  // Between two phases, when some in a row have followed plans: replaces a chunk that is larger than any plan
  // needs. Each time, it takes twice as many phases in a row the next time.
  void fit_plans(Frees& frees) noexcept {
    if (chunks_.size() != 1) return;
    const std::size_t needed = std::max(plans_.bytes(), initial_bytes_);
    if (chunks_[0].bytes <= needed + needed / 128) return;
    if (!frees.capture) frees.capture = memory_.capture();
    if (frees.capture->is_active) return;
    followed_before_fit_ = std::min<std::size_t>(2 * followed_before_fit_, std::size_t{1} << 20);
    free_from(0, frees);
    merge(needed, 0, frees);
  }

  // Allocates the one chunk for the next phase, unless freeing the others has failed. If the pool cannot
  // supply it, that phase grows again.
  void merge(std::size_t needed, std::size_t slack, const Frees& frees) noexcept {
    if (needed == 0 || frees.error != cudaSuccess) return;
    const GrowthRange range{needed};
    Block block{nullptr, round_up(needed + slack, min_alignment)};
    cudaError_t error = try_block(block);
    if (error != cudaSuccess && slack != 0) {
      block.bytes = needed;
      error = try_block(block);
    }
    if (error == cudaSuccess) {
      chunks_.push_back({block, ++newest_number_});  // cannot throw: there was room for more chunks before
    } else {
      unmergeable_bytes_ = needed;
    }
  }

  void unwind(Bump& bump, const ScopeMark& mark) noexcept override {
    over_aligned_.remove_deeper_than(scopes_.size());
    const std::size_t new_top = layout_.end_scope(top(bump));
    while (open_ > 1 && chunks_[open_ - 1].begin > new_top) close_last(bump);
    if (open_ != 0) continue_at(bump, new_top);
    set_bytes_in_use(bump, mark.bytes_in_use);
  }

  std::size_t initial_bytes_;
  std::size_t retain_bytes_;
  std::vector<Chunk> chunks_;       // the open ones, in the order of their offsets, then the closed ones
  std::size_t open_ = 0;            // how many are
  std::size_t highest_ = 0;         // most that this phase has taken of chunks
  std::size_t expected_bytes_ = 0;  // what the last phase needed
  std::size_t unmergeable_bytes_ = none;  // the size of a merged chunk that the pool could not supply
  std::size_t newest_number_ = 0;
  std::size_t followed_before_fit_ = 2;  // phases that follow plans in a row
  bool grew_ = false;                    // since the last settle()
};

}  // namespace

std::unique_ptr<BackingStore> make_chunked_store(StreamOrderedMemory memory, const ArenaOptions& options) {
  return std::make_unique<ChunkedStore>(memory, options);
}

}  // namespace daa::v0_1::detail
