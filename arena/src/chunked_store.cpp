// Backing::chunked: allocations are cut from chunks, which are kept between phases.
//
// The chunks that a phase uses are laid out one behind the other in a space of offsets, in the order in which
// they were opened, with a gap between them: no hole extends from one chunk into the next, and each offset
// has memory behind it. An allocation goes into the hole that fits best or to the top, in the chunk that was
// opened last. If that chunk has no room, the first of the other chunks with enough room is opened, in the
// order in which the chunks were allocated; if there is none, the arena grows. A repeated phase on the same
// chunks therefore gets the same layout and allocates no chunk.
//
// A chunk is *open* while this phase uses it, otherwise *closed*. The *tail* of a chunk is what was left at
// its end when the phase outgrew it. A phase is *mixed* once it has several chunks and holes: from then on
// tails are holes as well, every allocation takes the slow path, and the phase is logged.
//
// That is all for a phase that fits into its first chunk. For a phase that outgrew it, reset() finds the
// exact size of the one chunk that replaces the others: the phase's plan has it, or a replay of the layout as
// in one endless chunk (PhaseLog). A repeated phase fits into that chunk and makes no CUDA call. If the size
// is not known, or the pool cannot supply that much, the chunks are kept as they are.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "growth_range.hpp"
#include "layout_store.hpp"
#include "phase_log.hpp"

namespace daa::v0_1::detail {

namespace {

struct Chunk : Block {
  std::size_t number;       // in the order of allocation from the pool
  std::size_t begin = 0;    // its offset while it is open
  std::size_t tail = 0;     // bytes unused at its end when the phase outgrew it
  bool was_opened = false;  // in this phase

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
    close_from(0);
    Frees frees;
    free_closed(frees);
    frees = {};
    free_unfreed(frees);
  }

  void reset(Bump& bump) override {
    const bool fitted = open_ <= 1 && !mixed_;
    std::optional<std::size_t> needed;  // bytes in one chunk, if known
    if (fitted) needed = std::max(layout_.highest_top(), top(bump));
    if (!fitted && !mixed_) needed = bytes_in_use(bump);
    const std::optional<std::size_t> planned = end_plan(fitted);
    if (planned) fits_plans_ = false;
    // A phase that had begun by another plan may do so again, and then needs as much again.
    const bool is_as_planned = planned && !left_plan_;
    if (!needed && log_ && !is_as_planned) needed = log_->replay();
    if (planned) needed = is_as_planned ? *planned : std::max(needed.value_or(0), *planned);
    left_plan_ = false;
    const std::size_t promised = promised_before_ = std::exchange(promised_bytes_, 0);
    if (needed) needed = std::max(*needed, promised);
    if (needed && *needed != 0) expected_bytes_ = *needed;
    end_phase(bump);
    for (Chunk& chunk : chunks_) chunk.tail = 0;
    layout_.clear();
    if (keeps_all()) layout_.stop_recording();  // a phase takes no more once it is captured than before
    over_aligned_.clear();
    log_.reset();
    mixed_ = is_logged_ = false;
    close_from(0);

    Frees frees;
    if (has_unfreed()) free_unfreed(frees);
    bool settled = true;
    if (!keeps_all()) {
      if ((grew_ && chunks_.size() > 1) || reserved_bytes_ > retain_bytes_) {
        settled = settle(needed, fitted, promised != 0, frees);
      } else if (followed_in_a_row_ >= followed_before_fit_ && !fits_plans_ && promised == 0) {
        fit_plans(frees);
      }
    }
    if (grew_ && has_fitted_) {  // too soon
      has_fitted_ = false;
      followed_before_fit_ = std::min<std::size_t>(2 * followed_before_fit_, std::size_t{1} << 20);
    }
    grew_ = grew_ && !settled;
    for (Chunk& chunk : chunks_) chunk.was_opened = false;
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
        grow(bump, bytes, keeps_all() || chunks_.empty() ? preferred_growth(size) : 0, size);
        if (open_ <= 1 && top(bump) == 0) begin_with_newest(bump);
      } catch (const OutOfDeviceMemory&) {
        if (!layout_.has_hole(size)) throw;  // a scope could not use the hole
      }
    }
    // The next phase must have room for that much at this point, too.
    if (log_) log_->reserved(size);
    const std::size_t before = mixed_ ? 0 : bytes_in_use(bump);
    promised_bytes_ = std::max(promised_bytes_, (open_ <= 1 ? top(bump) : before) + size);
  }

  void trim(Bump& bump) override {
    promised_bytes_ = 0;
    unmergeable_bytes_ = none;
    leave_plan(bump);
    Frees frees;
    if (!keeps_all()) {
      close_empty(bump);
      if (chunks_.size() != open_) frees.capture = memory_.capture();
      if (!frees.capture || !frees.capture->is_active) free_closed(frees);
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

  void placed(Range place) noexcept override {
    if (log_) log_->allocated(place);
  }

  std::size_t give(Bump& bump, Range place) noexcept override {
    if (open_ > 1) mix(bump);
    const std::size_t new_top = LayoutStore::give(bump, place);
    if (log_ && new_top != none) log_->recycled(place);
    return new_top;
  }

  // Ensures `size` bytes at the top by moving to another chunk, and returns none; or returns an offset in a
  // tail if the pool cannot supply more.
  std::size_t make_room(Bump& bump, std::size_t asked, std::size_t size) override {
    const bool is_first = open_ <= 1 && top(bump) == 0;
    std::size_t chunk = size == 0 ? chunks_.size() : first_closed(size);
    if (chunk == chunks_.size()) {
      const auto in_tail = [&] {
        if (size == 0 || mixed_ || open_ <= 1) return none;
        mix(bump);
        return layout_.empty() ? none : layout_.take(size, top(bump));
      };
      // If memory is short, tails come first: a repeated phase then needs no failing call.
      std::size_t offset = is_short() ? in_tail() : none;
      if (offset != none) return offset;
      try {
        grow(bump, asked, is_first ? first_growth(size) : preferred_growth(size), size);
      } catch (const OutOfDeviceMemory&) {
        if (offset = in_tail(); offset == none) throw;
        return offset;
      } catch (const GrowthDuringCapture&) {
        if (offset = in_tail(); offset == none) throw;
        return offset;
      }
      if (is_first) {
        begin_with_newest(bump);
        return none;
      }
      chunk = chunks_.size() - 1;
    }
    if (is_first && open_ == 1) {
      const std::size_t number = chunks_[chunk].number;
      close_from(0);
      chunk = position_of(number);
    }
    open(bump, chunk);
    return none;
  }

  // A phase whose first allocation exceeds what the arena had may keep growing; adds slack, as merge() does.
  std::size_t first_growth(std::size_t size) const noexcept {
    if (chunks_.empty() || !began_with_memory_ || keeps_all()) return preferred_growth(size);
    return std::max(size, std::min(size + round_up(size / 8, min_alignment), retain_bytes_));
  }

  std::size_t preferred_growth(std::size_t size) const noexcept {
    constexpr std::size_t large = std::size_t{1} << 30;
    if (chunks_.empty()) return std::max(initial_bytes_, expected_bytes_);
    if (keeps_all()) return reserved_bytes_;  // bounds the sum of chunks that one allocation outgrew
    if (size > reserved_bytes_ / 8) return size;
    if (recycles_) return round_up(reserved_bytes_ / 8, min_alignment);
    return reserved_bytes_ <= large ? reserved_bytes_ : round_up(reserved_bytes_ / 4, min_alignment);
  }

  // Adds a closed chunk. If it throws, idle chunks may have been freed; nothing else has changed.
  void grow(Bump& bump, std::size_t asked, std::size_t preferred, std::size_t least) {
    const GrowthRange range{asked};
    reserve_one_more(chunks_);
    chunks_.push_back({take_block(bump, asked, preferred, least, memory_.capture()), ++newest_number_});
    grew_ = true;
  }

  // Begins the phase, which has nothing in use, in the newest chunk. Frees smaller chunks, which would be
  // opened first.
  void begin_with_newest(Bump& bump) noexcept {
    close_from(0);
    const Chunk newest = chunks_.back();
    if (!keeps_all() && reserved_bytes_ - newest.bytes <= newest.bytes) {
      chunks_.pop_back();
      Frees frees;  // failed frees are left to reset()
      free_closed(frees);
      chunks_.push_back(newest);
    }
    open(bump, chunks_.size() - 1);
  }

  // Opens a closed chunk and continues at its beginning.
  void open(Bump& bump, std::size_t position) noexcept {
    if (open_ == 1 && !mixed_ && !layout_.untouched()) begin_log(layout_, top(bump));
    const auto at = [&](std::size_t i) { return chunks_.begin() + static_cast<std::ptrdiff_t>(i); };
    std::rotate(at(open_), at(position), at(position) + 1);
    Chunk& chunk = chunks_[open_];
    chunk.was_opened = true;
    chunk.begin = 0;
    const std::size_t outgrown_at = top(bump);
    if (open_ != 0) {
      Chunk& outgrown = chunks_[open_ - 1];
      chunk.begin = outgrown.end() + min_alignment;
      outgrown.tail = outgrown.end() - outgrown_at;
      phase_.tail_bytes += outgrown.tail;
    }
    ++open_;
    continue_at(bump, chunk.begin);
    if (mixed_ && open_ > 1) use_tail(bump, chunks_[open_ - 2]);
  }

  // From now on allocations may also go into holes and tails, so each one is logged.
  void mix(Bump& bump) noexcept {
    if (mixed_) return;
    try {
      begin_log(PhaseLayout{}, bytes_in_use(bump));
    } catch (const std::bad_alloc&) {
      mixed_ = true;
    }
    for (std::size_t i = 0; i + 1 < open_; ++i) use_tail(bump, chunks_[i]);
    set_limit(bump);
  }

  // Up to now the open chunks are consecutive stretches of one endless chunk.
  void begin_log(const PhaseLayout& layout, std::size_t top) noexcept {
    mixed_ = true;
    if (keeps_all()) return;  // chunks are never merged
    try {
      std::vector<PhaseLog::Stretch> stretches;
      std::size_t in_one = 0;
      for (std::size_t i = 0; i < open_; ++i) {
        stretches.push_back({chunks_[i].begin, in_one});
        in_one += chunks_[i].bytes - chunks_[i].tail;
      }
      PhaseLayout unrecorded = layout;
      unrecorded.stop_recording();
      log_.emplace(std::move(unrecorded), top, std::move(stretches));
      is_logged_ = true;
    } catch (const std::bad_alloc&) {
    }
  }

  void use_tail(const Bump& bump, Chunk& chunk) noexcept {
    const std::size_t tail = std::exchange(chunk.tail, 0);
    phase_.tail_bytes -= tail;
    if (tail != 0) layout_.add_hole({chunk.end() - tail, chunk.end()}, top(bump));
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
    began_with_memory_ = !chunks_.empty();
    if (began_with_memory_) open(bump, 0);
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

  std::size_t position_of(std::size_t number) const noexcept {
    std::size_t i = 0;
    while (chunks_[i].number != number) ++i;
    return i;
  }

  // Closes all open chunks from index `first` on. Closed chunks are sorted by the order of their allocation.
  void close_from(std::size_t first) noexcept {
    if (open_ <= first) return;
    for (std::size_t i = first; i != open_; ++i) phase_.tail_bytes -= std::exchange(chunks_[i].tail, 0);
    open_ = first;
    std::sort(chunks_.begin() + static_cast<std::ptrdiff_t>(open_), chunks_.end(),
              [](const Chunk& a, const Chunk& b) { return a.number < b.number; });
  }

  // Closes unused chunks at the end of the phase, up to the first one in which a scope began.
  void close_empty(Bump& bump) noexcept {
    while (open_ != 0 && top(bump) == chunks_[open_ - 1].begin &&
           (scopes_.empty() || scopes_.back().begin < top(bump))) {
      close_from(open_ - 1);
      if (open_ == 0) {
        bump.cursor = bump.limit = 0;
        set_bytes_in_use(bump, 0);
        layout_base_ = room_end_ = 0;
        layout_.forget_behind(0);
        return;
      }
      const std::size_t end = chunks_[open_ - 1].end();
      layout_.forget_behind(end);
      continue_at(bump, layout_.lower(end));
    }
  }

  void free_closed(Frees& frees) noexcept {
    for (; chunks_.size() > open_; chunks_.pop_back()) free_block(chunks_.back(), frees);
  }

  bool free_idle(Bump& bump) noexcept override {
    const std::size_t reserved = reserved_bytes_;
    Frees frees;
    if (!keeps_all()) {
      if (open_ == 1 && scopes_.empty()) close_empty(bump);
      free_closed(frees);
    }
    free_unfreed(frees);
    return reserved_bytes_ != reserved;
  }

  // Between two phases: replaces several chunks by one, as far as retain_bytes allows. `fitted`: the phase
  // used at most one chunk. `has_promised`: reserve() was called. Returns false, with nothing changed, during
  // a capture.
  bool settle(std::optional<std::size_t> needed, bool fitted, bool has_promised, Frees& frees) noexcept {
    if (!frees.capture) frees.capture = memory_.capture();
    if (frees.capture->is_active) return false;
    const auto largest = std::max_element(chunks_.begin(), chunks_.end(),
                                          [](const Block& a, const Block& b) { return a.bytes < b.bytes; });
    if (needed && largest != chunks_.end()) {
      const bool serves = largest->bytes >= *needed && largest->bytes <= retain_bytes_ &&
                          (fitted || largest->bytes - *needed <= *needed / 20);
      const bool merges = !serves && *needed != 0 && *needed <= retain_bytes_;
      if (!merges || *needed < unmergeable_bytes_) {
        const Chunk kept = *largest;
        if (serves) chunks_.erase(largest);
        free_closed(frees);
        if (serves) chunks_.push_back(kept);
        if (merges && frees.error == cudaSuccess) merge(*needed);
        return true;
      }
    }
    // Keeps the chunks as they are, except that a chunk which a growing phase did not use is freed: it is too
    // small for later phases, and such chunks would add up.
    const bool fit = reserved_bytes_ <= retain_bytes_;
    const bool keeps_unused = !grew_ || has_promised;
    const auto kept = std::stable_partition(chunks_.begin(), chunks_.end(), [&](const Chunk& chunk) {
      return fit && (keeps_unused || chunk.was_opened);
    });
    for (auto chunk = kept; chunk != chunks_.end(); ++chunk) free_block(*chunk, frees);
    chunks_.erase(kept, chunks_.end());
    return true;
  }

  // Between two phases, when some in a row have followed plans: replaces a chunk that is larger than any plan
  // needs. Where phases then need more after all, it takes more phases in a row the next time.
  void fit_plans(Frees& frees) noexcept {
    if (chunks_.size() != 1) return;
    const std::size_t needed = std::max({plans_.bytes(), initial_bytes_, min_alignment});
    fits_plans_ = chunks_[0].bytes - std::min(chunks_[0].bytes, needed) <= needed / 128;
    if (fits_plans_) return;
    if (!frees.capture) frees.capture = memory_.capture();
    if (frees.capture->is_active) return;
    fits_plans_ = has_fitted_ = true;
    free_closed(frees);
    if (frees.error == cudaSuccess) merge(needed);
  }

  // Allocates the one chunk for the next phase. If the pool cannot supply it, that phase grows again.
  void merge(std::size_t needed) noexcept {
    const GrowthRange range{needed};
    // Later phases may keep growing; slack avoids a new chunk for each of them.
    const std::size_t slack = grew_ && began_with_memory_ ? std::min(needed / 8, retain_bytes_ - needed) : 0;
    Block block{nullptr, round_up(needed + slack, min_alignment)};
    if (try_block(block) != cudaSuccess) {
      block.bytes = needed;
      if (slack == 0 || try_block(block) != cudaSuccess) {
        unmergeable_bytes_ = needed;
        return;
      }
    }
    chunks_.push_back({block, ++newest_number_});  // cannot throw: there was room for more chunks before
  }

  ScopeMark mark(Bump& bump) override {
    if (open_ > 1) mix(bump);
    const ScopeMark mark = LayoutStore::mark(bump);
    if (log_) log_->scope_began();
    return mark;
  }

  void unwind(Bump& bump, const ScopeMark& mark) noexcept override {
    over_aligned_.remove_deeper_than(scopes_.size());
    const std::size_t new_top = layout_.end_scope(top(bump));
    if (log_) log_->scope_ended();
    std::size_t still_open = open_;
    while (still_open > 1 && chunks_[still_open - 1].begin > new_top) --still_open;
    if (still_open != open_) {
      close_from(still_open);
      layout_.forget_behind(chunks_[open_ - 1].end());
    }
    if (open_ != 0) continue_at(bump, new_top);
    set_bytes_in_use(bump, mark.bytes_in_use);
  }

  std::size_t initial_bytes_;
  std::size_t retain_bytes_;
  std::vector<Chunk> chunks_;       // the open ones, in the order of their offsets, then the closed ones
  std::size_t open_ = 0;            // how many are
  std::optional<PhaseLog> log_;     // of a mixed phase, unless the host is out of memory
  std::size_t expected_bytes_ = 0;  // what the last phase needed
  std::size_t unmergeable_bytes_ = none;  // the size of a merged chunk that the pool could not supply
  std::size_t newest_number_ = 0;
  bool began_with_memory_ = false;       // this phase
  bool grew_ = false;                    // in this phase
  bool mixed_ = false;                   // this phase
  bool fits_plans_ = true;               // there is nothing to cut down until a phase is planned
  bool has_fitted_ = false;              // memory was cut down, and no phase has grown since
  std::size_t followed_before_fit_ = 2;  // phases that follow plans in a row
};

}  // namespace

std::unique_ptr<BackingStore> make_chunked_store(StreamOrderedMemory memory, const ArenaOptions& options) {
  return std::make_unique<ChunkedStore>(memory, options);
}

}  // namespace daa::v0_1::detail
