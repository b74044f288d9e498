#include "daa/device_async_arena.hpp"

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "mapped_memory.hpp"
#include "store.hpp"

namespace daa::v0_1 {

namespace {

std::string name_of(cudaStream_t stream) {
  if (stream == cudaStreamLegacy) return "cudaStreamLegacy";
  if (stream == cudaStreamPerThread) return "cudaStreamPerThread";
  std::ostringstream address;
  address << static_cast<const void*>(stream);
  return address.str();
}

}  // namespace

static_assert(std::is_same_v<DeviceAsyncArena, DAA_VERSION_NAMESPACE::DeviceAsyncArena>,
              "the inline namespace of the public headers must match the project's version");

DeviceAsyncArena::DeviceAsyncArena(detail::NamedStream, cudaStream_t stream,
                                   std::optional<cudaMemPool_t> pool, ArenaOptions options)
    : stream_(stream), store_(detail::make_store(stream, pool, std::move(options))) {}

DeviceAsyncArena::~DeviceAsyncArena() = default;

DeviceAsyncArena::DeviceAsyncArena(DeviceAsyncArena&& other) noexcept
    : bump_(std::exchange(other.bump_, {})), stream_(other.stream_), store_(std::move(other.store_)) {}

DeviceAsyncArena& DeviceAsyncArena::operator=(DeviceAsyncArena&& other) noexcept {
  if (this == &other) return *this;
  store_ = std::move(other.store_);
  bump_ = std::exchange(other.bump_, {});
  stream_ = other.stream_;
  return *this;
}

detail::Store& DeviceAsyncArena::store() const {
  if (!store_)
    throw std::logic_error("DeviceAsyncArena: this arena was moved from; assign a new one to it first");
  return *store_;
}

void* DeviceAsyncArena::alloc_slow(std::size_t bytes, std::size_t alignment) {
  if (!detail::is_power_of_two(alignment)) {
    throw std::invalid_argument("DeviceAsyncArena::alloc_bytes: alignment is " + std::to_string(alignment) +
                                "; it must be a power of two");
  }
  detail::Store& store = this->store();
  return bytes == 0 ? nullptr : store.allocate(bump_, bytes, alignment);
}

void DeviceAsyncArena::recycle(void* pointer, std::size_t bytes) {
  detail::Store& store = this->store();
  if (pointer != nullptr && bytes != 0) store.recycle(bump_, pointer, bytes);
}

void DeviceAsyncArena::reset() {
  detail::Store& store = this->store();
  if (store.open_scopes() != 0) {
    throw std::logic_error("DeviceAsyncArena::reset: " + std::to_string(store.open_scopes()) +
                           " ArenaScope(s) of this arena are open; end them first");
  }
  if (store.take_misuse_of_scopes()) {
    throw std::logic_error(
        "DeviceAsyncArena::reset: an ArenaScope was ended before one inside it; end them in reverse order. "
        "The phase has not ended; call reset() again to end it");
  }
  store.reset(bump_);
}

void DeviceAsyncArena::reserve(std::size_t bytes) {
  store().reserve(bump_, bytes);
}

void DeviceAsyncArena::trim() {
  store().trim(bump_);
}

void DeviceAsyncArena::abandon() noexcept {
  if (store_) store_->abandon();
  bump_ = {};
}

ArenaStats DeviceAsyncArena::stats() const noexcept {
  return store_ ? store_->stats(bump_) : ArenaStats{};
}

void trim_all() noexcept {
  std::size_t calls = 0;
  static_cast<void>(detail::release_retired(calls));
}

void detail::recycle_or_leave(DeviceAsyncArena& arena, cudaStream_t stream, void* pointer,
                              std::size_t bytes) noexcept {
  try {
    if (stream != arena.stream()) throw_foreign_stream("deallocate", stream, arena.stream());
    arena.recycle(pointer, bytes);
  } catch (const std::exception& error) {
    if (arena.store_) arena.store_->left_to_reset(error);
  }
}

void detail::throw_foreign_stream(const char* call, cudaStream_t asked, cudaStream_t own) {
  throw std::invalid_argument(std::string("ArenaResource::") + call + ": the stream is " + name_of(asked) +
                              ", and the arena's is " + name_of(own) +
                              "; pass the arena's stream, or use an arena of the other stream");
}

ArenaScope::ArenaScope(DeviceAsyncArena& arena)
    : arena_(arena), depth_(arena.store().begin_scope(arena.bump_)) {}

ArenaScope::~ArenaScope() {
  if (arena_.store_) arena_.store_->end_scope(arena_.bump_, depth_);
}

}  // namespace daa::v0_1
