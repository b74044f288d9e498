// Where an arena's memory comes from, one class a Backing. A *block* is one allocation from the pool.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store.hpp"
#include "stream_ordered_memory.hpp"

namespace daa::v0_1::detail {

struct Block {
  void* pointer;
  std::size_t bytes;
};

/// What to go back to when a nested phase ends.
struct ScopeMark {
  std::size_t begin;         ///< where its first allocation goes, in the order of the phase
  std::size_t bytes_in_use;  ///< by what was allocated before it and is not recycled
  bool ended = false;        ///< too early, while a scope inside it is open
};

/// A store over blocks from a pool. Each Backing says where in them an allocation goes. Stores of different
/// threads share no cache line.
///
/// What a phase has in use is cursor - origin of the Bump (bytes_in_use()): the inline path moves the cursor,
/// a store moves the origin (set_bytes_in_use()) where memory comes from or goes to another place.
class alignas(64) BackingStore : public Store {
 public:
  BackingStore(StreamOrderedMemory memory, const ArenaOptions& options);

  std::size_t begin_scope(Bump& bump) override;
  void end_scope(Bump& bump, std::size_t depth) noexcept override;
  std::size_t open_scopes() const noexcept override { return scopes_.size(); }
  bool take_misuse_of_scopes() noexcept override { return std::exchange(scopes_misused_, false); }

  ArenaStats stats(const Bump& bump) const noexcept override;
  std::vector<PhaseRecord> history() const override;
  void name_phase(const char* name) noexcept override { phase_name_ = name; }
  std::string described() const override;
  void abandon() noexcept override { unfreed_.clear(); }

 protected:
  [[nodiscard]] static std::size_t bytes_in_use(const Bump& bump) noexcept {
    return bump.cursor - bump.origin;
  }
  static void set_bytes_in_use(Bump& bump, std::size_t bytes) noexcept { bump.origin = bump.cursor - bytes; }

  /// Marks where the phase stands; what is allocated from now on must lie behind it. May throw
  /// std::bad_alloc; nothing is changed then.
  [[nodiscard]] virtual ScopeMark mark(Bump& bump) = 0;
  /// Gives back what was allocated since the mark. What the runtime fails to free is left to reset().
  virtual void unwind(Bump& bump, const ScopeMark& mark) noexcept = 0;
  /// Gives back, where memory is short, what this phase does not use. Returns whether there was any.
  virtual bool free_idle(Bump& bump) noexcept = 0;

  [[nodiscard]] PhaseStats phase(const Bump& bump) const noexcept;
  /// Before what is in use shrinks by `recycled` bytes.
  void note_recycled(const Bump& bump, std::size_t recycled) noexcept;
  /// Adds the phase to the arena's life and to its history, before the Bump is cleared.
  void end_phase(const Bump& bump) noexcept;

  /// A block of `preferred` bytes or, where the pool has not that much, of half of it and so on, but never
  /// less than `least`, for which what is idle is freed if need be. A size that has failed is not tried again
  /// until something was freed, but for `least`. Throws for an allocation of `asked` bytes; then nothing but
  /// idle memory is gone. 0 for `least` stands for a size that has overflowed.
  [[nodiscard]] Block take_block(Bump& bump, std::size_t asked, std::size_t preferred, std::size_t least,
                                 Capture capture);
  /// Takes a block of `block.bytes`, where no exception is wanted. Not while the stream is captured, and only
  /// where there has been a block before.
  cudaError_t try_block(Block& block) noexcept;
  /// Frees that belong together: the stream is asked once whether it is captured.
  struct Frees {
    std::optional<Capture> capture = {};
    cudaError_t error = cudaSuccess;  ///< the first
    const char* call = "";            ///< that has failed
  };
  /// Frees a block that nothing uses. One that cannot be freed, since the stream is captured (which is no
  /// error) or the runtime fails, is left to free_unfreed(), and never used again.
  void free_block(const Block& block, Frees& frees) noexcept;
  /// Tries again what could not be freed. To be called by reset(), trim() and the destructor.
  void free_unfreed(Frees& frees) noexcept;
  /// Whether the pool has failed to supply a block since this arena has freed one.
  [[nodiscard]] bool is_short() const noexcept { return failed_bytes_ != ~std::size_t{0}; }
  [[nodiscard]] bool has_unfreed() const noexcept { return !unfreed_.empty(); }
  /// Throws CudaError if a free has failed.
  static void throw_if_failed(const Frees& frees);

  [[noreturn]] static void throw_foreign_pointer(const void* pointer, std::size_t bytes);

  /// Whether memory is kept until the arena dies, because graphs may use it.
  [[nodiscard]] bool keeps_all() const noexcept { return capture_policy_ == CapturePolicy::presized; }

  StreamOrderedMemory memory_;
  std::vector<ScopeMark> scopes_;   // innermost last
  std::size_t reserved_bytes_ = 0;  // of all blocks
  PhaseStats phase_;                // of this phase, what the Bump does not know

 private:
  CapturePolicy capture_policy_;
  std::string name_;  // of the arena
  const char* phase_name_ = "";
  PhaseStats life_;         // of the phases before this one
  std::size_t phases_ = 0;  // that have ended
  std::size_t history_phases_;
  std::vector<PhaseRecord> history_;            // a ring: phase n stands at n % history_phases_
  std::size_t blocks_ = 0;                      // held
  std::vector<Block> unfreed_;                  // has room for all blocks
  std::size_t failed_bytes_ = ~std::size_t{0};  // the least size that the pool did not have
  bool scopes_misused_ = false;
};

/// Adds a phase, or several, to a sum.
void add(PhaseStats& sum, const PhaseStats& phase) noexcept;

/// Bytes lost at most to an alignment that the pool does not give by itself: it aligns to min_alignment.
/// (CUDA C++ Programming Guide, "Device Memory Accesses".)
[[nodiscard]] constexpr std::size_t alignment_slack(std::size_t alignment) noexcept {
  return alignment > min_alignment ? alignment - min_alignment : 0;
}

/// `bytes` rounded up to min_alignment plus `slack`, or 0 if that overflows.
[[nodiscard]] constexpr std::size_t footprint(std::size_t bytes, std::size_t slack = 0) noexcept {
  const std::size_t rounded = round_up(bytes, min_alignment);
  return rounded < bytes || rounded + slack < rounded ? 0 : rounded + slack;
}

[[nodiscard]] inline std::uintptr_t address_of(const void* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

[[nodiscard]] std::unique_ptr<BackingStore> make_chunked_store(StreamOrderedMemory memory,
                                                               const ArenaOptions& options);
[[nodiscard]] std::unique_ptr<BackingStore> make_individual_store(StreamOrderedMemory memory,
                                                                  const ArenaOptions& options);

/// So that the next push_back() cannot throw: what may throw comes first.
template <class T>
void reserve_one_more(std::vector<T>& vector) {
  if (vector.size() == vector.capacity()) vector.reserve(std::max<std::size_t>(16, 2 * vector.size()));
}

}  // namespace daa::v0_1::detail
