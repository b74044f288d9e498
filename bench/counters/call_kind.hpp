// What the functions of the CUDA runtime API and of the driver API do, by name.
#pragma once

#include <cstddef>
#include <string_view>

namespace daa::bench {

enum class CallKind {
  allocate,     ///< takes memory: cudaMalloc, cudaMallocAsync, cuMemCreate, ...
  free,         ///< gives memory back: cudaFree, cudaFreeAsync, cuMemRelease, ...
  launch,       ///< of a kernel, a host function or a graph
  copy,         ///< copies or sets memory
  synchronise,  ///< does nothing but to wait: cudaStreamSynchronize, cudaEventSynchronize, ...
  other,        ///< everything else, addresses and mappings of memory (cuMemMap) among it
};
inline constexpr std::size_t call_kinds = 6;

struct CallMeaning {
  CallKind kind = CallKind::other;
  /// Whether the host waits for the device in it, as far as that is known by name: in what is of the kind
  /// `synchronise`; in cudaFree, cudaFreeHost and their kin of the driver API, which wait for all work that
  /// might use the memory; in copies that are not asynchronous. cudaMalloc is not among them: it may wait,
  /// but need not.
  bool waits = false;
};

/// `function` as the APIs or CUPTI name it; versions and variants of a function ("cuMemFree_v2",
/// "cudaFreeAsync_ptsz") are that function.
[[nodiscard]] CallMeaning meaning_of(std::string_view function);

/// Whether `function` only asks for the error state or the text of an error, which is not counted.
[[nodiscard]] bool is_error_query(std::string_view function);

}  // namespace daa::bench
