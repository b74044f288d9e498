// Where an arena's memory comes from, one class a Backing. A *block* is one allocation from the pool.
//
// What a phase has in use is always cursor - origin of the Bump: the inline path moves the cursor, a store
// moves the origin where memory comes from or goes to another place than the cursor's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "free_ranges.hpp"
#include "store.hpp"
#include "stream_ordered_memory.hpp"

namespace daa::detail {

/// `begin` is the block's place in the order of the phase; each Backing says what that means. Blocks that
/// begin at or behind the phase's end have nothing in use and may be freed at any time, also when an earlier
/// attempt to free them failed.
struct Block {
  static constexpr std::size_t idle = ~std::size_t{0};

  void* pointer;
  std::size_t bytes;
  std::size_t begin;
  unsigned long long capture;  ///< in which it was allocated, as a node of a graph; 0 for ordinary memory
  std::size_t tail = 0;        ///< left unused at its end, where the phase outgrew it
};

/// What to go back to when a nested phase ends.
struct ScopeMark {
  std::size_t begin;                  ///< where its first allocation goes, in the order of the phase
  std::size_t bytes_in_use;           ///< by what was allocated before it and is not recycled
  std::unique_ptr<FreeRanges> holes;  ///< before it, if any: they serve again when it has ended
  bool ended = false;                 ///< too early, while a scope inside it is open
};

/// A store over blocks from a pool. Each Backing says where in them an allocation goes. Stores of different
/// threads share no cache line.
class alignas(64) BackingStore : public Store {
 public:
  BackingStore(StreamOrderedMemory memory, const ArenaOptions& options);
  ~BackingStore() override;

  std::size_t begin_scope(Bump& bump) override;
  void end_scope(Bump& bump, std::size_t depth) noexcept override;
  std::size_t open_scopes() const noexcept override { return scopes_.size(); }
  bool take_misuse_of_scopes() noexcept override { return std::exchange(scopes_misused_, false); }

  ArenaStats stats(const Bump& bump) const noexcept override;
  std::vector<PhaseRecord> history() const override;
  void name_phase(const char* name) noexcept override { phase_name_ = name; }
  std::string described() const override;
  void abandon() noexcept override { blocks_.clear(); }

 protected:
  [[nodiscard]] static std::size_t bytes_in_use(const Bump& bump) noexcept {
    return bump.cursor - bump.origin;
  }
  /// Marks where the phase stands; what is allocated from now on must lie behind it. May throw
  /// std::bad_alloc; nothing is changed then.
  [[nodiscard]] virtual ScopeMark mark(Bump& bump) = 0;
  /// Gives back what was allocated since the mark. What the runtime fails to free is left to reset().
  virtual void unwind(Bump& bump, const ScopeMark& mark) noexcept = 0;

  [[nodiscard]] PhaseStats phase(const Bump& bump) const noexcept;
  /// Before what is in use shrinks by `recycled` bytes.
  void note_recycled(const Bump& bump, std::size_t recycled) noexcept;
  /// Adds the phase to the arena's life and to its history, before the Bump is cleared.
  void end_phase(const Bump& bump) noexcept;

  /// Adds an idle block of `preferred` bytes or, where the pool has not that much, of `least`, for which
  /// blocks behind `end` are freed first if need be. Throws for an allocation of `asked` bytes; then nothing
  /// but those is gone. 0 for `least` stands for a size that has overflowed. `capture` is that of the stream.
  Block& take_block(const Bump& bump, std::size_t end, std::size_t asked, std::size_t preferred,
                    std::size_t least, unsigned long long capture);

  /// Frees the blocks that `unwanted` holds for, or makes them idle where they are kept for graphs, while the
  /// stream is captured, and where the free fails. Returns the first error. Blocks of a graph are freed in
  /// its capture, and forgotten after it. The order of the others is kept.
  template <class Predicate>
  cudaError_t free_blocks(Predicate unwanted) noexcept;
  /// Frees the blocks that begin at or behind `end`.
  cudaError_t free_behind(std::size_t end) noexcept;
  static void throw_failed_free(cudaError_t error);
  [[noreturn]] static void throw_foreign_pointer(const void* pointer, std::size_t bytes);

  /// Whether the stream is being captured and growth becomes a node of the graph.
  [[nodiscard]] bool grows_by_nodes() noexcept {
    return capture_policy_ == CapturePolicy::allocation_nodes && memory_.capture() != 0;
  }
  /// Whether memory is kept until the arena dies, because graphs may use it.
  [[nodiscard]] bool keeps_all() const noexcept { return capture_policy_ != CapturePolicy::refuse_growth; }

  StreamOrderedMemory memory_;
  std::vector<Block> blocks_;
  std::vector<ScopeMark> scopes_;   // innermost last
  std::size_t reserved_bytes_ = 0;  // of all blocks
  PhaseStats phase_;                // of this phase, what the Bump does not know
  PhaseStats life_;                 // of the phases before this one

 private:
  CapturePolicy capture_policy_;
  std::string name_;  // of the arena
  const char* phase_name_ = "";
  std::size_t phases_ = 0;  // that have ended
  std::size_t history_phases_;
  std::vector<PhaseRecord> history_;  // a ring: phase n stands at n % history_phases_
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

[[nodiscard]] std::unique_ptr<BackingStore> make_chunked_store(StreamOrderedMemory memory,
                                                               const ArenaOptions& options);
[[nodiscard]] std::unique_ptr<BackingStore> make_individual_store(StreamOrderedMemory memory,
                                                                  const ArenaOptions& options);

/// So that the next push_back() cannot throw: what may throw comes first.
template <class T>
void reserve_one_more(std::vector<T>& vector) {
  if (vector.size() == vector.capacity()) vector.reserve(std::max<std::size_t>(16, 2 * vector.size()));
}

template <class Predicate>
cudaError_t BackingStore::free_blocks(Predicate unwanted) noexcept {
  cudaError_t first_error = cudaSuccess;
  std::optional<unsigned long long> capture;  // asked for once, and only if need be
  const auto gone = [&](Block& block) {
    if (!unwanted(block)) return false;
    block.begin = Block::idle;
    const bool is_graphs = block.capture != 0;
    if (keeps_all() && !is_graphs) return false;
    if (!capture) capture = memory_.capture();
    if (!is_graphs && *capture != 0) return false;
    cudaError_t error = cudaSuccess;
    if (block.capture == *capture) error = memory_.free(block.pointer);
    if (first_error == cudaSuccess) first_error = error;
    if (error == cudaSuccess) reserved_bytes_ -= block.bytes;
    return error == cudaSuccess;
  };
  blocks_.erase(std::remove_if(blocks_.begin(), blocks_.end(), gone), blocks_.end());
  return first_error;
}

}  // namespace daa::detail
