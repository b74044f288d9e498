// The stores behind an arena, one class for each Backing. A *block* is one allocation from the pool.
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

/// The state to return to when a nested phase ends.
struct ScopeMark {
  std::size_t begin;         ///< where the scope's first allocation goes, in the order of the phase
  std::size_t bytes_in_use;  ///< by earlier allocations that were not recycled
  bool ended = false;        ///< out of order, while a scope inside it is open
};

/// A store over blocks from a pool. The derived class of each Backing places allocations in them. Stores of
/// different threads share no cache line.
///
/// The bytes in use by a phase are cursor - origin of the Bump; only bytes_in_use() and set_bytes_in_use()
/// compute that. The inline path moves the cursor. A store moves the origin when memory is allocated or freed
/// elsewhere than at the cursor.
class alignas(64) BackingStore : public Store {
 public:
  BackingStore(StreamOrderedMemory memory, const ArenaOptions& options);

  std::size_t begin_scope(Bump& bump) override;
  void end_scope(Bump& bump, std::size_t depth) noexcept override;
  std::size_t open_scopes() const noexcept override { return scopes_.size(); }
  bool take_misuse_of_scopes() noexcept override { return std::exchange(scopes_misused_, false); }

  ArenaStats stats(const Bump& bump) const noexcept override;
  std::string described() const override;
  void abandon() noexcept override { unfreed_.clear(); }

 protected:
  [[nodiscard]] static std::size_t bytes_in_use(const Bump& bump) noexcept {
    return bump.cursor - bump.origin;
  }
  static void set_bytes_in_use(Bump& bump, std::size_t bytes) noexcept { bump.origin = bump.cursor - bytes; }

  /// Marks the current position of the phase; later allocations must lie behind it. May throw std::bad_alloc,
  /// with nothing changed.
  [[nodiscard]] virtual ScopeMark mark(Bump& bump) = 0;
  /// Frees what was allocated since the mark. Memory that the runtime fails to free is left to reset().
  virtual void unwind(Bump& bump, const ScopeMark& mark) noexcept = 0;
  /// Frees memory that this phase does not use; called when memory is short. Returns whether there was any.
  virtual bool free_idle(Bump& bump) noexcept = 0;

  [[nodiscard]] PhaseStats phase(const Bump& bump) const noexcept;
  /// The most in use at once in any phase so far.
  [[nodiscard]] std::size_t high_water(const Bump& bump) const noexcept {
    return std::max(life_.peak_bytes, phase(bump).peak_bytes);
  }
  /// Must be called before bytes_in_use() decreases by `recycled`.
  void note_recycled(const Bump& bump, std::size_t recycled) noexcept;
  /// Adds the phase to the arena's totals. Must be called before the Bump is cleared.
  void end_phase(const Bump& bump) noexcept;

  /// Allocates a block of `preferred` bytes. If the pool cannot supply that, tries half of it and so on, but
  /// never less than `least`; idle memory is freed if even `least` fails. A size that failed is not tried
  /// again until memory was freed, except for `least`. Throws for an allocation of `asked` bytes; then only
  /// idle memory has been freed. `least` is 0 for a size that has overflowed.
  [[nodiscard]] Block take_block(Bump& bump, std::size_t asked, std::size_t preferred, std::size_t least,
                                 Capture capture);
  /// Allocates a block of `block.bytes` without throwing. Must not be called while the stream is captured,
  /// nor before the first take_block().
  cudaError_t try_block(Block& block) noexcept;
  /// A group of frees, for which the capture state of the stream is queried once.
  struct Frees {
    std::optional<Capture> capture = {};
    cudaError_t error = cudaSuccess;  ///< of the first call that failed
    const char* call = "";            ///< its name
  };
  /// Frees an unused block. A block that cannot be freed, because the stream is captured (which is not an
  /// error) or the runtime fails, is left to free_unfreed() and never used again.
  void free_block(const Block& block, Frees& frees) noexcept;
  /// Retries failed frees. Called by reset(), trim() and the destructor.
  void free_unfreed(Frees& frees) noexcept;
  /// Whether the pool has failed to supply a block since this arena last freed one.
  [[nodiscard]] bool is_short() const noexcept { return failed_bytes_ != ~std::size_t{0}; }
  [[nodiscard]] bool has_unfreed() const noexcept { return !unfreed_.empty(); }
  /// Throws CudaError if a free has failed.
  static void throw_if_failed(const Frees& frees);

  [[noreturn]] static void throw_foreign_pointer(const void* pointer, std::size_t bytes);

  /// Whether memory is kept until the arena is destroyed, because graphs may use it.
  [[nodiscard]] bool keeps_all() const noexcept { return capture_policy_ == CapturePolicy::presized; }

  StreamOrderedMemory memory_;
  std::vector<ScopeMark> scopes_;   // innermost last
  std::size_t reserved_bytes_ = 0;  // of all blocks
  PhaseStats phase_;                // of this phase: the parts that the Bump does not track

 private:
  /// The remedy for GrowthDuringCapture with these options.
  [[nodiscard]] std::string capture_remedy() const;

  Backing backing_;
  CapturePolicy capture_policy_;
  std::string name_;                            // of the arena
  PhaseStats life_;                             // of the phases before this one
  std::size_t phases_ = 0;                      // that have ended
  std::size_t blocks_ = 0;                      // held
  std::vector<Block> unfreed_;                  // failed frees; has capacity for all blocks
  std::size_t failed_bytes_ = ~std::size_t{0};  // the smallest size that the pool could not supply
  bool scopes_misused_ = false;
};

/// Adds a phase, or several, to a sum.
void add(PhaseStats& sum, const PhaseStats& phase) noexcept;

/// Maximum number of bytes lost to an alignment beyond min_alignment, which the pool guarantees. (CUDA C++
/// Programming Guide, "Device Memory Accesses".)
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
/// Throws std::invalid_argument if the device has no virtual memory management.
[[nodiscard]] std::unique_ptr<BackingStore> make_mapped_store(StreamOrderedMemory memory,
                                                              const ArenaOptions& options);
[[nodiscard]] std::unique_ptr<BackingStore> make_individual_store(StreamOrderedMemory memory,
                                                                  const ArenaOptions& options);
/// A store that places each allocation between guards and compares them when it is freed
/// (ArenaOptions::checked).
[[nodiscard]] std::unique_ptr<Store> make_checked_store(std::unique_ptr<Store> checked,
                                                        const StreamOrderedMemory& memory);

/// Ensures that the next push_back() cannot throw. May throw std::bad_alloc, with nothing changed.
template <class T>
void reserve_one_more(std::vector<T>& vector) {
  if (vector.size() == vector.capacity()) vector.reserve(std::max<std::size_t>(16, 2 * vector.size()));
}

}  // namespace daa::v0_1::detail
