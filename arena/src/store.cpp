#include "store.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "backing_store.hpp"

namespace daa::v0_1::detail {

namespace {

bool environment_asks(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr) return false;
  const std::string text = value;
  return !text.empty() && text != "0" && text != "off" && text != "OFF" && text != "false" && text != "no";
}

// More than any device has. Added to any size that a device can hold, it does not overflow.
constexpr std::size_t most_initial_bytes = std::size_t{1} << 47;

template <class Number>
[[noreturn]] void refuse(const char* option, Number value, const std::string& remedy) {
  throw std::invalid_argument("DeviceAsyncArena: ArenaOptions::" + std::string(option) + " is " +
                              std::to_string(value) + "; use " + remedy);
}

std::unique_ptr<Store> make_backing_store(const StreamOrderedMemory& memory, const ArenaOptions& options) {
  switch (options.backing) {
    case Backing::chunked:
      return make_chunked_store(memory, options);
    case Backing::individual:
      return make_individual_store(memory, options);
    case Backing::mapped:
      return make_mapped_store(memory, options);
  }
  refuse("backing", static_cast<int>(options.backing), "chunked, individual or mapped");
}

}  // namespace

std::unique_ptr<Store> make_store(cudaStream_t stream, std::optional<cudaMemPool_t> pool,
                                  ArenaOptions options) {
  switch (options.capture) {
    case CapturePolicy::refuse_growth:
    case CapturePolicy::presized:
      break;
    default:
      refuse("capture", static_cast<int>(options.capture), "refuse_growth or presized");
  }
  if (options.initial_bytes > most_initial_bytes) {
    refuse("initial_bytes", options.initial_bytes,
           "at most " + std::to_string(most_initial_bytes) + " (2^47); is the number negative?");
  }
  if (options.backing == Backing::mapped && pool) {
    throw std::invalid_argument(
        "DeviceAsyncArena: Backing::mapped maps memory of the device and takes none from a pool; omit the "
        "pool, or use Backing::chunked");
  }
  if (options.backing != Backing::mapped && (options.exportable || !options.peers.empty())) {
    throw std::invalid_argument(
        "DeviceAsyncArena: ArenaOptions::exportable and peers need Backing::mapped; the properties of a "
        "memory pool are those that it was created with");
  }
  const StreamOrderedMemory memory{stream, pool};
  options.checked |= environment_asks("DAA_CHECKED");
  options.for_sanitizer |= environment_asks("DAA_SANITIZER");
  if (options.for_sanitizer) options.backing = Backing::individual;
  std::unique_ptr<Store> store = make_backing_store(memory, options);
  return options.checked ? make_checked_store(std::move(store), memory) : std::move(store);
}

}  // namespace daa::v0_1::detail
