// Backing::mapped: one range of addresses, the *home* of the arena, which is mapped as it grows. Memory stays
// where it is when the arena grows, so there are no chunks, and an offset is an address less the base.
//
// A phase that has holes of which none fits would take more than what is live. So a large allocation is
// *stitched* instead: free pages of the home are mapped a second time, side by side, and what is missing is
// mapped at its end. When the allocation is recycled, its pages are holes of the home again. Since all work
// is of one stream, the same memory at two addresses needs no wait. The offset of a stitch is that of its
// alias, which lies outside of the home. A plan has places in the home alone.
//
// Pages and aliases that are given back are unmapped when the stream has passed that point: an event is
// recorded, and later calls that map memory or give it back query it.

#include <algorithm>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "current_device.hpp"
#include "growth_range.hpp"
#include "layout_store.hpp"
#include "mapped_memory.hpp"

namespace daa::v0_1::detail {

namespace {

using Alias = MappedMemory::Alias;

constexpr std::size_t granule = MappedMemory::granule;
constexpr std::size_t largest_page = std::size_t{32} << 20;
// Smaller ones are not worth the calls, some 35 us a page, and seldom have whole pages.
constexpr std::size_t least_stitched = std::size_t{8} << 20;
constexpr std::size_t beyond_any_device = std::size_t{1} << 47;

constexpr std::size_t size_of(Range range) noexcept {
  return range.end - range.begin;
}

// The largest power of two, from a granule to a large page, that is at most `bytes`.
constexpr std::size_t page_up_to(std::size_t bytes) noexcept {
  std::size_t page = granule;
  while (page < largest_page && 2 * page <= bytes) page *= 2;
  return page;
}

// By what a home of `bytes` grows at least, and the pages in which it grows by `more`. A page costs the same
// whatever its size, but only whole free pages can be stitched, and a part of the last one is wasted.
constexpr std::size_t growth_of(std::size_t bytes) noexcept {
  return page_up_to(bytes / 128);
}
constexpr std::size_t page_of(std::size_t bytes, std::size_t more) noexcept {
  return page_up_to(std::max(bytes / 64, more / 8));
}

// Of free pages, which have `size` bytes, some of that size or little more; in ascending order.
std::vector<Range> choose(std::vector<Range> pages, std::size_t size) {
  std::sort(pages.begin(), pages.end(), [](Range a, Range b) {
    return size_of(a) != size_of(b) ? size_of(a) > size_of(b) : a.begin < b.begin;
  });
  std::vector<Range> chosen;
  std::size_t smallest_left = pages.size();
  std::size_t missing = size;
  for (std::size_t i = 0; i != pages.size(); ++i) {
    if (size_of(pages[i]) > missing) {
      smallest_left = i;
    } else {
      chosen.push_back(pages[i]);
      missing -= size_of(pages[i]);
    }
  }
  if (missing != 0) chosen.push_back(pages[smallest_left]);
  std::sort(chosen.begin(), chosen.end(), [](Range a, Range b) { return a.begin < b.begin; });
  return chosen;
}

class MappedStore final : public LayoutStore {
 public:
  MappedStore(StreamOrderedMemory memory, const ArenaOptions& options)
      : LayoutStore(memory, options),
        initial_bytes_(options.initial_bytes),
        retain_bytes_(options.retain_bytes),
        memory_options_{options.exportable, options.peers} {
    if (const std::optional<int> device = memory_.device()) refuse_unsupported(*device);
  }

  // What the stream has not passed yet is left to later slow paths of any arena.
  ~MappedStore() override {
    if (mapped_ == nullptr) return;
    const bool is_captured = memory_.capture().is_active;
    if (!is_captured && (memory_.record(event_) == cudaSuccess || memory_.record(event_) == cudaSuccess)) {
      retire(std::move(mapped_), event_);
      release_retired(calls_);
      return;
    }
    mapped_->forget();  // graphs or work may use it
    if (event_ != nullptr) static_cast<void>(taken(cudaEventDestroy(event_)));
  }

  void reset(Bump& bump) override {
    const std::size_t highest = std::max(layout_.highest_top(), top(bump));
    const std::optional<std::size_t> planned = end_plan(!has_stitched_);
    left_plan_ = has_stitched_ = false;
    promised_before_ = std::exchange(promised_bytes_, 0);
    expected_bytes_ = std::max(planned.value_or(highest), promised_before_);
    end_phase(bump);
    layout_.clear();
    if (keeps_all()) layout_.stop_recording();  // a phase takes no more once it is captured than before
    over_aligned_.clear();
    drop_stitches_from(0);
    if (home_end_ > retain_bytes_ && !keeps_all() && !memory_.capture().is_active) {
      home_end_ = mapped_->pages_up_to(retain_bytes_);
    }
    bump = {};
    attach(bump, 0);
    const Frees given_back = give_back();
    if (planned && !keeps_all()) make_room_for_plan(bump, *planned);
    throw_if_failed(given_back);
  }

  void reserve(Bump& bump, std::size_t bytes) override {
    const std::size_t size = footprint(bytes);
    leave_plan(bump);
    layout_.stop_recording();  // a plan would not cover it
    lower_top(bump);
    if (bytes > room_end_ - bump.cursor) {
      try {
        grow(bump, bytes, size);
      } catch (const OutOfDeviceMemory&) {
        if (!layout_.has_hole(size)) throw;  // a scope could not use the hole
      }
    }
    promised_bytes_ = std::max(promised_bytes_, top(bump) + size);
  }

  void trim(Bump& bump) override {
    promised_bytes_ = 0;
    leave_plan(bump);
    if (mapped_ == nullptr) release_retired(calls_);
    if (keeps_all() || mapped_ == nullptr || memory_.capture().is_active) return;
    lower_top(bump);
    home_end_ = mapped_->pages_for(top(bump));
    layout_.forget_behind(home_end_);
    attach(bump, top(bump));
    if (home_end_ == 0) {
      retire_all();
    } else {
      throw_if_failed(give_back());
      if (is_marked_) throw_if_failed(give_back());  // the stream may be idle
    }
  }

  void abandon() noexcept override {
    BackingStore::abandon();
    if (mapped_ != nullptr) mapped_->forget();
    mapped_.reset();
  }

  ArenaStats stats(const Bump& bump) const noexcept override {
    ArenaStats stats = LayoutStore::stats(bump);
    stats.growths += growths_;
    stats.runtime_calls += calls_ + retired_calls_;
    if (mapped_ == nullptr) return stats;
    stats.chunks = mapped_->count_up_to(home_end_);
    stats.runtime_calls += mapped_->calls();
    stats.bytes_returning = mapped_->held() - home_end_;
    return stats;
  }

 private:
  struct Stitch {
    Range place;        // offsets
    std::size_t depth;  // of the scope that it was allocated in
    std::list<Alias>::iterator alias;
  };

  std::uintptr_t address_at(std::size_t offset) const noexcept override { return layout_base_ + offset; }

  std::optional<Location> locate(const Bump& bump, std::uintptr_t address) const noexcept override {
    const std::size_t offset = address - layout_base_;
    if (offset < top(bump)) return Location{offset, top(bump)};
    for (const Stitch& stitch : stitches_) {
      if (offset - stitch.place.begin < size_of(stitch.place)) return Location{offset, stitch.place.end};
    }
    return std::nullopt;
  }

  std::size_t position_of(Range place) const noexcept override {
    for (const Stitch& stitch : stitches_) {
      if (stitch.place.begin == place.begin) return stitch.alias->pages.front().begin;
    }
    return place.begin;
  }

  std::size_t give(Bump& bump, Range place) noexcept override {
    if (place.begin < top(bump)) return LayoutStore::give(bump, place);
    const auto stitch = std::find_if(stitches_.begin(), stitches_.end(), [&](const Stitch& each) {
      return each.place.begin == place.begin && each.place.end == place.end;
    });
    if (stitch == stitches_.end()) return none;
    layout_.gave(place);
    std::size_t new_top = top(bump);
    for (const Range& page : stitch->alias->pages) new_top = layout_.put_back(page, new_top);
    stitch->alias->use = Alias::Use::until_marked;
    stitches_.erase(stitch);
    return new_top;
  }

  ScopeMark mark(Bump& bump) override {
    leave_plan(bump);
    lower_top(bump);
    return LayoutStore::mark(bump);
  }

  void unwind(Bump& bump, const ScopeMark& mark) noexcept override {
    over_aligned_.remove_deeper_than(scopes_.size());
    drop_stitches_from(scopes_.size() + 1);
    move_top(bump, layout_.end_scope(top(bump)));
    set_bytes_in_use(bump, mark.bytes_in_use);
    set_limit(bump);
  }

  void drop_stitches_from(std::size_t depth) noexcept {
    const auto first = std::partition_point(stitches_.begin(), stitches_.end(),
                                            [&](const Stitch& stitch) { return stitch.depth < depth; });
    for (auto stitch = first; stitch != stitches_.end(); ++stitch) {
      stitch->alias->use = Alias::Use::until_marked;
    }
    stitches_.erase(first, stitches_.end());
  }

  void refuse_unsupported(int device) {
    std::size_t calls = 0;  // not for memory
    const cudaError_t error = MappedMemory::find_support(device, is_supported_, calls);
    if (error != cudaSuccess) throw CudaError(error, "cuDeviceGetAttribute", __FILE__, __LINE__);
    if (!is_supported_) {
      throw std::invalid_argument("DeviceAsyncArena: device " + std::to_string(device) +
                                  " has no virtual memory management, which Backing::mapped needs; use "
                                  "Backing::chunked");
    }
  }

  // Makes the home end at home_end_, and continues at offset `top` in it.
  void attach(Bump& bump, std::size_t top) noexcept {
    reserved_bytes_ = home_end_;
    layout_base_ = home_end_ == 0 ? 0 : mapped_->base();
    room_end_ = layout_base_ + home_end_;
    move_top(bump, top);
    set_limit(bump);
  }

  void lower_top(Bump& bump) noexcept {
    move_top(bump, layout_.lower_top(top(bump)));
    set_limit(bump);
  }

  // A plan that takes hardly more than what was live at most is worth the memory: its phase needs no
  // stitches.
  void make_room_for_plan(Bump& bump, std::size_t bytes) noexcept {
    const std::size_t live = high_water(bump);
    if (mapped_ == nullptr || bytes <= home_end_ || bytes > live + live / 20) return;
    if (std::max(round_up(bytes, granule), mapped_->pages_for(bytes)) > retain_bytes_) return;
    try {
      map_up_to(bump, bytes, bytes, round_up(bytes, granule), round_up(bytes, granule));
      attach(bump, 0);
    } catch (const std::exception&) {  // the phase stitches again
    }
  }

  std::size_t make_room(Bump& bump, std::size_t asked, std::size_t size) override {
    if (size != 0 && home_end_ != 0) {
      lower_top(bump);
      if (size <= room_end_ - bump.cursor) return none;
      const std::size_t stitched = stitch(bump, asked, size);
      if (stitched != none) return stitched;
    }
    grow(bump, asked, size);
    return none;
  }

  // The home's end that has room for `size` bytes more at the top.
  std::size_t grown_end(const Bump& bump, std::size_t size) const noexcept {
    const std::size_t mapped = mapped_->bytes();
    const std::size_t needed = top(bump) + size - std::min(mapped, top(bump) + size);
    return mapped + round_up(needed, growth_of(mapped + size));
  }

  // Ensures room at the top for an allocation of `asked` bytes, `size` with padding.
  void grow(Bump& bump, std::size_t asked, std::size_t size) {
    const GrowthRange range{asked};
    if (size == 0 || size > beyond_any_device) throw_out_of_memory(asked, stats(bump), size);
    if (mapped_ == nullptr) begin(asked);
    static_cast<void>(give_back());
    std::size_t wanted = grown_end(bump, size);
    if (mapped_->bytes() == 0) {
      wanted = std::max(wanted, round_up(std::max(initial_bytes_, expected_bytes_), granule));
    }
    map_up_to(bump, asked, size, wanted, round_up(top(bump) + size, granule));
    attach(bump, top(bump));
  }

  void begin(std::size_t asked) {
    const std::optional<int> device = memory_.device();
    if (!device)
      throw GrowthDuringCapture(asked, described(), "construct the arena before the capture begins");
    if (!is_supported_) refuse_unsupported(*device);
    mapped_ = std::make_unique<MappedMemory>(*device, memory_options_);
  }

  // Makes the home end at `wanted` or, if memory is short, at `least`.
  void map_up_to(const Bump& bump, std::size_t asked, std::size_t size, std::size_t wanted,
                 std::size_t least) {
    const auto try_up_to = [&](std::size_t end) {
      const std::size_t mapped = mapped_->bytes();
      if (mapped >= end) return cudaSuccess;
      const cudaError_t error = mapped_->grow(end - mapped, page_of(end, end - mapped));
      if (error == cudaSuccess) ++growths_;
      return error;
    };
    cudaError_t error = try_up_to(wanted);
    if (error == cudaErrorMemoryAllocation && least < wanted) error = try_up_to(least);
    if (error == cudaErrorMemoryAllocation) {
      const ArenaStats before = stats(bump);
      if (release_idle()) error = try_up_to(least);
      if (error == cudaErrorMemoryAllocation) throw_out_of_memory(asked, before, size);
    }
    if (error != cudaSuccess) throw CudaError(error, mapped_->failed_call(), __FILE__, __LINE__);
    home_end_ = std::max(home_end_, mapped_->pages_for(std::min(wanted, mapped_->bytes())));
    idle_from_ = std::max(idle_from_, home_end_);
  }

  [[noreturn]] void throw_out_of_memory(std::size_t asked, const ArenaStats& stats, std::size_t size) {
    memory_.throw_failed_allocation(cudaErrorMemoryAllocation, {asked, stats, 0, 0, size}, described());
  }

  bool free_idle(Bump& /*bump*/) noexcept override { return release_idle(); }

  bool release_idle() noexcept {
    const std::size_t before = mapped_->bytes();
    static_cast<void>(give_back());
    return release_retired(calls_) || mapped_->bytes() != before;
  }

  // Places an allocation in pages of holes. Returns none, and leaves it to growth, if that is the better way:
  // while the home is hardly larger than what was live at most, and during a capture, since a graph may use
  // the pages again while it uses the alias.
  std::size_t stitch(Bump& bump, std::size_t asked, std::size_t size) {
    if (size < least_stitched || size > beyond_any_device || keeps_all()) return none;
    const std::size_t live = std::max(high_water(bump), bytes_in_use(bump) + size);
    if (grown_end(bump, size) <= live + live * 3 / 100) return none;
    static_cast<void>(give_back());  // of earlier stitches
    std::vector<Range> holes = layout_.holes();
    if (top(bump) != home_end_) holes.push_back({top(bump), home_end_});
    std::vector<Range> pages = mapped_->pages_in(holes);
    std::size_t free = 0;
    for (const Range& page : pages) free += size_of(page);
    const std::size_t missing = round_up(size, granule) - std::min(free, round_up(size, granule));
    if (free == 0 || home_end_ + missing >= grown_end(bump, size)) return none;
    if (memory_.capture().is_active) return none;

    stitches_.reserve(stitches_.size() + 1);
    if (missing != 0) {
      const GrowthRange range{asked};
      const std::size_t page = growth_of(home_end_ + missing);
      map_up_to(bump, asked, size, std::max(home_end_ + round_up(missing, page), mapped_->bytes()),
                home_end_ + missing);
      attach(bump, top(bump));
      holes = layout_.holes();
      holes.push_back({top(bump), home_end_});
      pages = mapped_->pages_in(holes);
    }
    const std::vector<Range> chosen = choose(std::move(pages), size);
    if (mapped_->add_alias(chosen) != cudaSuccess) return none;
    const auto alias = std::prev(mapped_->aliases().end());
    alias->use = Alias::Use::until_marked;  // should the host be out of memory now
    take(bump, chosen);
    alias->use = Alias::Use::now;
    const std::size_t begin = alias->addresses.begin - layout_base_;
    stitches_.push_back({{begin, begin + size}, scopes_.size(), alias});
    layout_.took(size, begin);
    has_stitched_ = true;
    return begin;
  }

  // Takes pages that are free.
  void take(Bump& bump, const std::vector<Range>& pages) {
    layout_.raise_top(top(bump), home_end_);
    move_top(bump, home_end_);
    set_limit(bump);  // the inline path must not go on behind the top, should this throw
    layout_.take_parts(pages);
  }

  // Unmaps what the stream has passed, and marks the point to pass for the rest.
  Frees give_back() noexcept {
    if (mapped_ == nullptr) return {};
    if (const cudaError_t left = mapped_->drop_unfinished(); left != cudaSuccess)
      return {{}, left, mapped_->failed_call()};
    if (is_marked_) {
      const cudaError_t error = query(event_, mapped_->device(), calls_);
      if (error == cudaErrorNotReady) return {};
      if (error != cudaSuccess) return {{}, error, "cudaEventQuery"};
      is_marked_ = false;
      if (const cudaError_t left = unmap_passed(); left != cudaSuccess)
        return {{}, left, mapped_->failed_call()};
    }
    auto& aliases = mapped_->aliases();
    const bool has_dropped = std::any_of(aliases.begin(), aliases.end(), [](const Alias& alias) {
      return alias.use == Alias::Use::until_marked;
    });
    if (!has_dropped && mapped_->bytes() == home_end_) return {};
    const Capture capture = memory_.capture();
    if (capture.is_active) return {};
    if (capture.error != cudaSuccess) return {capture, capture.error, Capture::call};
    if (const cudaError_t error = memory_.record(event_); error != cudaSuccess)
      return {capture, error, "cudaEventRecord"};
    for (Alias& alias : aliases) {
      if (alias.use == Alias::Use::until_marked) alias.use = Alias::Use::until_passed;
    }
    idle_from_ = home_end_;
    is_marked_ = true;
    return {};
  }

  // Between two phases: leaves all memory to release_retired(), so that it need not wait for a later call of
  // this arena.
  void retire_all() {
    const cudaError_t error = memory_.record(event_);
    throw_if_failed({{}, error, "cudaEventRecord"});
    retired_calls_ += mapped_->calls();
    retire(std::move(mapped_), std::exchange(event_, nullptr));
    is_marked_ = false;
    release_retired(calls_);
  }

  // What cannot be unmapped is marked again.
  cudaError_t unmap_passed() noexcept {
    cudaError_t error = cudaSuccess;
    auto& aliases = mapped_->aliases();
    for (auto next = aliases.begin(); next != aliases.end();) {
      const auto alias = next++;
      if (alias->use != Alias::Use::until_passed) continue;
      alias->use = Alias::Use::until_marked;
      if (error == cudaSuccess) error = mapped_->remove_alias(alias);
    }
    return error == cudaSuccess ? mapped_->shrink(std::max(idle_from_, home_end_)) : error;
  }

  std::size_t initial_bytes_;
  std::size_t retain_bytes_;
  MappedMemory::Options memory_options_;
  std::unique_ptr<MappedMemory> mapped_;  // null before the first growth
  std::size_t home_end_ = 0;              // what is mapped behind it is being given back
  std::vector<Stitch> stitches_;          // live, in the order of allocation
  cudaEvent_t event_ = nullptr;           // at the point to pass, if is_marked_
  std::size_t idle_from_ = 0;             // what is mapped behind it is idle once the event has passed
  std::size_t expected_bytes_ = 0;        // what the last phase needed
  std::size_t growths_ = 0;
  std::size_t calls_ = 0;          // in whatever MappedMemory does not count
  std::size_t retired_calls_ = 0;  // by memory that is retired, before it was
  bool is_supported_ = false;      // by the device, as far as it is known
  bool is_marked_ = false;
  bool has_stitched_ = false;  // in this phase
};

}  // namespace

std::unique_ptr<BackingStore> make_mapped_store(StreamOrderedMemory memory, const ArenaOptions& options) {
  return std::make_unique<MappedStore>(memory, options);
}

}  // namespace daa::v0_1::detail
