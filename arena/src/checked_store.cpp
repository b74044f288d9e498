// ArenaOptions::checked: each allocation gets guards before and after it, and new and freed memory is filled
// with a pattern, all in stream order. When an allocation is freed, its guards are copied to the host, which
// waits for the copies and compares them.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <utility>

#include "backing_store.hpp"

namespace daa::v0_1::detail {

namespace {

constexpr std::size_t most_compared = 4096;  // bytes of a guard that is large because of the alignment

constexpr std::uint8_t guard_byte = 0xA5;
constexpr std::uint8_t fresh_byte = 0xFF;  // NaN as float and double, -1 as an integer
constexpr std::uint8_t returned_byte = 0xDD;

struct Allocation {
  std::byte* pointer;
  std::size_t bytes;
  std::size_t front;   // the guard before it
  std::size_t back;    // the guard behind it
  std::size_t number;  // in the phase, from 1
  bool guarded;        // false if the stream was captured: each launch would write the guards again
};

struct Scope {
  std::size_t allocations_before;
  bool ended;
};

std::string at(const void* pointer) {
  char text[32];
  std::snprintf(text, sizeof text, "%p", pointer);
  return text;
}

std::string described(const Allocation& allocation) {
  return "allocation " + std::to_string(allocation.number) + " (" + std::to_string(allocation.bytes) +
         " bytes at " + at(allocation.pointer) + ")";
}

// Describes what was written into a guard; empty if nothing was. `distance(i)` is the distance of byte i from
// the allocation.
template <class Distance>
std::string damage(const std::vector<std::uint8_t>& guard, const char* where, Distance distance) {
  std::size_t changed = 0;
  std::size_t farthest = 0;
  for (std::size_t i = 0; i < guard.size(); ++i) {
    if (guard[i] == guard_byte) continue;
    ++changed;
    farthest = std::max<std::size_t>(farthest, distance(i));
  }
  if (changed == 0) return {};
  return std::to_string(changed) + " bytes " + where + " it were overwritten, up to " +
         std::to_string(farthest) + " bytes away";
}

class CheckedStore final : public Store {
 public:
  CheckedStore(std::unique_ptr<Store> checked, const StreamOrderedMemory& memory)
      : checked_(std::move(checked)), memory_(memory) {
    static_cast<void>(find_stream());
  }

  // A destructor must not throw: reports to stderr.
  ~CheckedStore() override {
    const cudaError_t error = find_stream();
    if (is_about_handle(error)) {
      report(described() + " outlives its stream: its memory cannot be freed in stream order and is leaked");
      checked_->abandon();
      return;
    }
    try {
      if (error != cudaSuccess) throw unfound_stream(error);
      for (const std::string& finding : verify(0)) report(finding);
    } catch (const std::exception& failure) {
      report(failure.what());
    }
  }

  void* allocate(Bump& bump, std::size_t bytes, std::size_t alignment) override {
    const Use use{*this, bump};
    reserve_one_more(live_);
    const std::size_t front = std::max(alignment, min_alignment);
    const std::size_t back = footprint(bytes) - bytes + min_alignment;
    const bool overflows =
        footprint(bytes) == 0 || footprint(bytes) > ~std::size_t{0} - front - min_alignment;
    const std::size_t size = overflows ? ~std::size_t{0} : front + bytes + back;
    const std::size_t requested = bump.bytes_requested;
    auto* const base = static_cast<std::byte*>(allocate_with_guards(bump, size, front, bytes));
    // Without guards if they cannot be written: an error of the stream is reported where it matters.
    const bool guarded = !memory_.capture().is_active &&
                         memory_.fill(base, guard_byte, size) == cudaSuccess &&
                         memory_.fill(base + front, fresh_byte, bytes) == cudaSuccess;
    bump.bytes_requested = requested + bytes;
    live_.push_back({base + front, bytes, front, back, bump.allocations, guarded});
    return base + front;
  }

  void recycle(Bump& bump, void* pointer, std::size_t bytes) override {
    const Use use{*this, bump};
    const auto found = find(pointer, bytes);
    const Allocation allocation = *found;
    const auto index = static_cast<std::size_t>(found - live_.begin());
    reserve_one_more(recycled_);
    const std::vector<std::string> findings = verify(index, index + 1);
    poison(allocation);
    checked_->recycle(bump, allocation.pointer - allocation.front,
                      allocation.front + allocation.bytes + allocation.back);
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(index));
    recycled_.push_back(allocation);
    throw_if_any(findings);
  }

  void left_to_reset(const std::exception& why) noexcept override {
    report(why.what());
    if (dynamic_cast<const MemoryOverrun*>(&why) == nullptr) return;
    try {
      findings_left_.emplace_back(why.what());
    } catch (const std::bad_alloc&) {  // already reported
    }
  }

  void reset(Bump& bump) override {
    cudaError_t unfound = cudaSuccess;
    const Use use{*this, bump, &unfound};
    std::exception_ptr failure;
    if (unfound != cudaSuccess) failure = std::make_exception_ptr(unfound_stream(unfound));
    std::vector<std::string> findings = std::exchange(findings_left_, {});
    try {
      for (std::string& finding : verify(0)) findings.push_back(std::move(finding));
    } catch (const CudaError&) {
      if (!failure) failure = std::current_exception();
    }
    for (const Allocation& allocation : live_) poison(allocation);
    live_.clear();
    recycled_.clear();
    try {
      checked_->reset(bump);
    } catch (const CudaError&) {
      if (!failure) failure = std::current_exception();
    }
    if (failure) {
      findings_left_ = std::move(findings);
      std::rethrow_exception(failure);
    }
    throw_if_any(findings);
  }

  void reserve(Bump& bump, std::size_t bytes) override {
    const Use use{*this, bump};
    checked_->reserve(bump, bytes);
  }

  void trim(Bump& bump) override {
    const Use use{*this, bump};
    checked_->trim(bump);
  }

  void abandon() noexcept override {
    live_.clear();
    checked_->abandon();
  }

  std::size_t begin_scope(Bump& bump) override {
    const Use use{*this, bump};
    reserve_one_more(scopes_);
    const std::size_t depth = checked_->begin_scope(bump);
    scopes_.push_back({bump.allocations, false});
    return depth;
  }

  void end_scope(Bump& bump, std::size_t depth) noexcept override {
    if (depth > scopes_.size()) return;
    scopes_[depth - 1].ended = true;
    std::size_t left = scopes_.size();
    while (left != 0 && scopes_[left - 1].ended) --left;
    if (left != scopes_.size()) {
      const std::size_t first = first_since(scopes_[left].allocations_before);
      try {
        for (const std::string& finding : verify(first)) {
          report(finding);
          findings_left_.push_back(finding);
        }
      } catch (const std::exception& error) {
        report(error.what());
      }
      for (std::size_t i = first; i < live_.size(); ++i) poison(live_[i]);
      live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(first), live_.end());
      scopes_.erase(scopes_.begin() + static_cast<std::ptrdiff_t>(left), scopes_.end());
    }
    checked_->end_scope(bump, depth);
    bump.limit = bump.cursor;
  }

  std::size_t open_scopes() const noexcept override { return checked_->open_scopes(); }
  bool take_misuse_of_scopes() noexcept override { return checked_->take_misuse_of_scopes(); }
  ArenaStats stats(const Bump& bump) const noexcept override { return checked_->stats(bump); }
  std::string described() const override { return checked_->described(); }

 private:
  // One call on the arena. Throws if another thread is in a call, if the stream is gone, or if the stream
  // cannot be queried; that last error goes to `unfound` instead, if it is given. At the end of the call the
  // inline path is left without room, so that every allocation comes here.
  class Use {
   public:
    Use(CheckedStore& store, Bump& bump, cudaError_t* unfound = nullptr) : store_(store), bump_(bump) {
      if (store_.in_use_.exchange(true, std::memory_order_acquire)) {
        throw std::logic_error(
            store_.described() +
            " is used by two threads at once; an arena is not thread-safe: use one for each "
            "thread, or guard it with a mutex");
      }
      const cudaError_t error = store_.find_stream();
      if (error == cudaSuccess) return;
      const bool is_gone = is_about_handle(error);
      if (!is_gone && unfound != nullptr) {
        *unfound = error;
        return;
      }
      store_.in_use_.store(false, std::memory_order_release);
      if (!is_gone) throw unfound_stream(error);
      throw std::logic_error(
          store_.described() +
          ": its stream was destroyed, or its handle now names another stream; an arena must "
          "not outlive its stream");
    }
    ~Use() {
      bump_.limit = bump_.cursor;
      store_.in_use_.store(false, std::memory_order_release);
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    CheckedStore& store_;
    Bump& bump_;
  };

  // OutOfDeviceMemory reports the size that was requested, without the guards.
  void* allocate_with_guards(Bump& bump, std::size_t size, std::size_t alignment, std::size_t asked) try {
    return checked_->allocate(bump, size, alignment);
  } catch (const OutOfDeviceMemory& error) {
    MemoryShortage shortage = error.shortage();
    shortage.bytes_asked = asked;
    throw OutOfDeviceMemory(shortage, described());
  }

  // Returns cudaSuccess if the handle still names the same stream, cudaErrorInvalidResourceHandle if it names
  // another one, or the runtime's error. A captured stream must not be queried for its id; it exists.
  cudaError_t find_stream() noexcept {
    if (memory_.capture().is_active) return cudaSuccess;
    unsigned long long id = 0;
    const cudaError_t error = memory_.stream_id(id);
    if (error != cudaSuccess) return error;
    if (stream_id_ == 0) stream_id_ = id;
    return id == stream_id_ ? cudaSuccess : cudaErrorInvalidResourceHandle;
  }

  // Whether an error of find_stream() means that the stream is gone. Other errors may come from earlier work.
  static bool is_about_handle(cudaError_t error) noexcept {
    return error == cudaErrorInvalidResourceHandle || error == cudaErrorContextIsDestroyed;
  }

  static CudaError unfound_stream(cudaError_t error) {
    return CudaError{error, "cudaStreamGetId", __FILE__, __LINE__};
  }

  std::size_t first_since(std::size_t allocations) const noexcept {
    const auto first = std::find_if(live_.begin(), live_.end(), [&](const Allocation& allocation) {
      return allocation.number > allocations;
    });
    return static_cast<std::size_t>(first - live_.begin());
  }

  std::vector<Allocation>::iterator find(void* pointer, std::size_t bytes) {
    const auto is_it = [&](const Allocation& allocation) { return allocation.pointer == pointer; };
    const auto found = std::find_if(live_.begin(), live_.end(), is_it);
    std::string why;
    if (found == live_.end()) {
      const auto before = std::find_if(recycled_.rbegin(), recycled_.rend(), is_it);
      const auto around = std::find_if(live_.begin(), live_.end(), [&](const Allocation& allocation) {
        return static_cast<std::byte*>(pointer) - allocation.pointer > 0 &&
               static_cast<std::byte*>(pointer) < allocation.pointer + allocation.bytes;
      });
      if (around != live_.end()) {
        why = "the pointer is " + std::to_string(static_cast<std::byte*>(pointer) - around->pointer) +
              " bytes into " + detail::described(*around);
      } else if (before != recycled_.rend()) {
        why = detail::described(*before) + " was already recycled";
      } else {
        why = "this phase has no allocation there";
      }
    } else if (found->bytes != bytes) {
      why = detail::described(*found) + " has a different size";
    } else {
      return found;
    }
    throw std::invalid_argument(
        "DeviceAsyncArena::recycle: " + std::to_string(bytes) + " bytes at " + at(pointer) + " in " +
        described() + ": " + why +
        "; pass, once, the pointer that alloc_bytes() returned and the size that was requested");
  }

  // Describes the damaged guards of live_[first, last). Waits for the stream.
  std::vector<std::string> verify(std::size_t first, std::size_t last = ~std::size_t{0}) {
    last = std::min(last, live_.size());
    std::vector<std::string> findings;
    if (first >= last || memory_.capture().is_active) return findings;
    std::vector<std::vector<std::uint8_t>> guards;
    for (std::size_t i = first; i < last; ++i) {
      const Allocation& allocation = live_[i];
      guards.emplace_back(allocation.guarded ? std::min(allocation.front, most_compared) : 0);
      guards.emplace_back(allocation.guarded ? allocation.back : 0);
    }
    for (std::size_t i = first; i < last; ++i) {
      std::vector<std::uint8_t>& front = guards[2 * (i - first)];
      std::vector<std::uint8_t>& back = guards[2 * (i - first) + 1];
      memory_.read(front.data(), live_[i].pointer - front.size(), front.size());
      memory_.read(back.data(), live_[i].pointer + live_[i].bytes, back.size());
    }
    memory_.wait();
    for (std::size_t i = first; i < last; ++i) {
      const std::vector<std::uint8_t>& front = guards[2 * (i - first)];
      const std::vector<std::uint8_t>& back = guards[2 * (i - first) + 1];
      for (const std::string& found :
           {damage(front, "before", [&](std::size_t byte) { return front.size() - byte; }),
            damage(back, "after", [](std::size_t byte) { return byte + 1; })}) {
        if (!found.empty())
          findings.push_back(described() + ": " + detail::described(live_[i]) + ": " + found);
      }
    }
    return findings;
  }

  // Best effort: an error here is returned again when the memory is freed.
  void poison(const Allocation& allocation) noexcept {
    if (!allocation.guarded || memory_.capture().is_active) return;
    static_cast<void>(memory_.fill(allocation.pointer, returned_byte, allocation.bytes));
  }

  static void report(const std::string& finding) noexcept { report(finding.c_str()); }
  static void report(const char* finding) noexcept { std::fprintf(stderr, "daa: %s\n", finding); }

  static void throw_if_any(const std::vector<std::string>& findings) {
    if (findings.empty()) return;
    std::string text = findings[0];
    const std::size_t listed = std::min<std::size_t>(findings.size(), 10);
    for (std::size_t i = 1; i < listed; ++i) text += "; " + findings[i];
    if (findings.size() > listed) text += "; and " + std::to_string(findings.size() - listed) + " more";
    throw MemoryOverrun(text);
  }

  std::unique_ptr<Store> checked_;
  StreamOrderedMemory memory_;
  unsigned long long stream_id_ = 0;  // from the first query that was possible; 0 before that
  std::atomic<bool> in_use_{false};
  std::vector<Allocation> live_;            // in the order of allocation
  std::vector<Allocation> recycled_;        // in this phase
  std::vector<Scope> scopes_;               // innermost last
  std::vector<std::string> findings_left_;  // of functions that must not throw; thrown by reset()
};

}  // namespace

std::unique_ptr<Store> make_checked_store(std::unique_ptr<Store> checked, const StreamOrderedMemory& memory) {
  return std::make_unique<CheckedStore>(std::move(checked), memory);
}

}  // namespace daa::v0_1::detail
