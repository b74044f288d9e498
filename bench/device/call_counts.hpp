// CUDA calls by what they are for.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace daa::bench {

enum class CallKind {
  allocate,     ///< takes memory: cudaMalloc, cudaMallocAsync, cuMemCreate, ...
  free,         ///< gives memory back: cudaFree, cudaFreeAsync, cuMemRelease, ...
  launch,       ///< of a kernel, a host function or a graph
  copy,         ///< copies or sets memory
  synchronise,  ///< only waits: cudaStreamSynchronize, cudaEventSynchronize, ...
  other,        ///< everything else, including address reservation and mapping (cuMemMap)
};
inline constexpr std::size_t call_kinds = 6;

struct CallMeaning {
  CallKind kind = CallKind::other;
  /// Whether the host waits for the device in the call, as far as its name tells: calls of the kind
  /// `synchronise`; cudaFree, cudaFreeHost and their driver counterparts, which wait for all work that might
  /// use the memory; copies that are not asynchronous. Not cudaMalloc, which may wait but need not.
  bool waits = false;
};

/// By the name in the API or in CUPTI. Versions and variants of a function ("cuMemFree_v2",
/// "cudaFreeAsync_ptsz") count as that function.
[[nodiscard]] CallMeaning meaning_of(std::string_view function);

/// Calls of either API, and what they are for. By kind only outermost calls are counted: cudaMalloc is one
/// allocation although it calls cuMemAlloc. So kinds are comparable between code that calls the runtime and
/// code that calls the driver.
struct CallCounts {
  std::size_t runtime = 0;                           // of the runtime API
  std::optional<std::size_t> driver;                 // of the driver API, those that the runtime makes
                                                     // included; nothing where there is no driver
  std::array<std::size_t, call_kinds> by_kind = {};  // of the outermost calls
  std::size_t synchronisations = 0;                  // of these, those that wait for the device

  [[nodiscard]] std::size_t of(CallKind kind) const { return by_kind[static_cast<std::size_t>(kind)]; }

  /// Adds `calls` outermost calls of `function` to the kinds.
  void add_by_kind(std::string_view function, std::size_t calls = 1);
};

/// Whether `function` only queries the error state or the text of an error. Such calls are not counted.
[[nodiscard]] bool is_error_query(std::string_view function);

}  // namespace daa::bench
