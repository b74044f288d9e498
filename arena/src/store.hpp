// The implementation behind an arena: everything except the inline allocation path.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <string>

#include "daa/device_async_arena.hpp"

namespace daa::v0_1::detail {

/// Each function gives the guarantee that device_async_arena.hpp states for the member of the same name. The
/// Bump belongs to the arena; a store updates it.
class Store {
 public:
  Store() = default;
  virtual ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Serves requests that the inline path cannot: `bytes` is not 0 and `alignment` is a power of two.
  [[nodiscard]] virtual void* allocate(Bump& bump, std::size_t bytes, std::size_t alignment) = 0;
  /// `pointer` is not null and `bytes` is not 0.
  virtual void recycle(Bump& bump, void* pointer, std::size_t bytes) = 0;
  /// Receives an error of recycle() in a context that must not throw.
  virtual void left_to_reset(const std::exception& /*why*/) noexcept {}
  virtual void reset(Bump& bump) = 0;
  virtual void reserve(Bump& bump, std::size_t bytes) = 0;
  virtual void trim(Bump& bump) = 0;
  /// Leaks all memory. Only destruction may follow.
  virtual void abandon() noexcept = 0;

  /// Opens a nested phase and returns its depth, from 1.
  [[nodiscard]] virtual std::size_t begin_scope(Bump& bump) = 0;
  /// Ends the scope of this depth; if it is not the innermost one, once the scopes inside it have ended.
  virtual void end_scope(Bump& bump, std::size_t depth) noexcept = 0;
  [[nodiscard]] virtual std::size_t open_scopes() const noexcept = 0;
  /// Whether a scope was ended before one inside it, since the last call of this function.
  [[nodiscard]] virtual bool take_misuse_of_scopes() noexcept = 0;

  [[nodiscard]] virtual ArenaStats stats(const Bump& bump) const noexcept = 0;
  /// The arena and its phase, for messages.
  [[nodiscard]] virtual std::string described() const = 0;
};

/// Creates the store that the options and the environment select.
[[nodiscard]] std::unique_ptr<Store> make_store(cudaStream_t stream, std::optional<cudaMemPool_t> pool,
                                                ArenaOptions options);

}  // namespace daa::v0_1::detail
