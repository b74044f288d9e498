#include "device/call_counts.hpp"

#include <algorithm>

namespace daa::bench {

namespace {

struct Function {
  std::string_view name;
  CallMeaning meaning;
};

constexpr CallMeaning allocates{CallKind::allocate, false};
constexpr CallMeaning frees{CallKind::free, false};
constexpr CallMeaning frees_and_waits{CallKind::free, true};
constexpr CallMeaning launches{CallKind::launch, false};
constexpr CallMeaning synchronises{CallKind::synchronise, true};

constexpr Function functions[]{
    {"cudaMalloc", allocates},
    {"cudaMalloc3D", allocates},
    {"cudaMallocAsync", allocates},
    {"cudaMallocFromPoolAsync", allocates},
    {"cudaMallocManaged", allocates},
    {"cudaMallocPitch", allocates},
    {"cudaMallocHost", allocates},
    {"cudaHostAlloc", allocates},
    {"cuMemAlloc", allocates},
    {"cuMemAllocAsync", allocates},
    {"cuMemAllocFromPoolAsync", allocates},
    {"cuMemAllocManaged", allocates},
    {"cuMemAllocPitch", allocates},
    {"cuMemAllocHost", allocates},
    {"cuMemHostAlloc", allocates},
    {"cuMemCreate", allocates},

    {"cudaFreeAsync", frees},
    {"cuMemFreeAsync", frees},
    {"cuMemRelease", frees},
    {"cudaFree", frees_and_waits},
    {"cudaFreeHost", frees_and_waits},
    {"cuMemFree", frees_and_waits},
    {"cuMemFreeHost", frees_and_waits},

    {"cudaLaunchKernel", launches},
    {"cudaLaunchKernelExC", launches},
    {"cudaLaunchCooperativeKernel", launches},
    {"cudaLaunchHostFunc", launches},
    {"cudaGraphLaunch", launches},
    {"cuLaunchKernel", launches},
    {"cuLaunchKernelEx", launches},
    {"cuLaunchCooperativeKernel", launches},
    {"cuLaunchHostFunc", launches},
    {"cuGraphLaunch", launches},

    {"cudaDeviceSynchronize", synchronises},
    {"cudaStreamSynchronize", synchronises},
    {"cudaEventSynchronize", synchronises},
    {"cuCtxSynchronize", synchronises},
    {"cuStreamSynchronize", synchronises},
    {"cuEventSynchronize", synchronises},
};

constexpr std::string_view error_queries[]{"cudaGetLastError",   "cudaPeekAtLastError", "cudaGetErrorName",
                                           "cudaGetErrorString", "cuGetErrorName",      "cuGetErrorString"};

// Without "_v2", "_v3020", "_ptsz", "_ptds": no function has an underscore in its own name.
std::string_view base_of(std::string_view function) {
  return function.substr(0, function.find('_'));
}

}  // namespace

CallMeaning meaning_of(std::string_view function) {
  const std::string_view name = base_of(function);
  const auto* const found = std::ranges::find(functions, name, &Function::name);
  if (found != std::end(functions)) return found->meaning;
  // There are dozens of these.
  if (name.starts_with("cudaMemset") || name.starts_with("cuMemset")) return {CallKind::copy, false};
  if (name.starts_with("cudaMemcpy") || name.starts_with("cuMemcpy"))
    return {CallKind::copy, !name.ends_with("Async")};
  return {};
}

void CallCounts::add_by_kind(std::string_view function, std::size_t calls) {
  const CallMeaning meaning = meaning_of(function);
  by_kind[static_cast<std::size_t>(meaning.kind)] += calls;
  if (meaning.waits) synchronisations += calls;
}

bool is_error_query(std::string_view function) {
  return std::ranges::find(error_queries, base_of(function)) != std::end(error_queries);
}

}  // namespace daa::bench
