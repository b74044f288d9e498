// The functions that the log knows, by name.
//
// A name is looked up while compiling, so that counting a call costs an index and a misspelt one does not
// compile.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace daa::host_runtime {

inline constexpr auto function_names = std::to_array<std::string_view>({
    "cudaGetDevice",
    "cudaSetDevice",
    "cudaGetDeviceCount",
    "cudaGetDeviceProperties",
    "cudaDeviceGetAttribute",
    "cudaDriverGetVersion",
    "cudaRuntimeGetVersion",
    "cudaGetDriverEntryPointByVersion",
    "cudaMemGetInfo",
    "cudaDeviceSynchronize",
    "cudaStreamCreate",
    "cudaStreamCreateWithFlags",
    "cudaStreamDestroy",
    "cudaStreamSynchronize",
    "cudaStreamQuery",
    "cudaStreamWaitEvent",
    "cudaStreamGetDevice",
    "cudaStreamGetId",
    "cudaEventCreate",
    "cudaEventCreateWithFlags",
    "cudaEventDestroy",
    "cudaEventRecord",
    "cudaEventSynchronize",
    "cudaEventQuery",
    "cudaEventElapsedTime",
    "cudaMalloc",
    "cudaFree",
    "cudaMallocHost",
    "cudaFreeHost",
    "cudaMallocAsync",
    "cudaFreeAsync",
    "cudaMallocFromPoolAsync",
    "cudaMemPoolCreate",
    "cudaMemPoolDestroy",
    "cudaMemPoolSetAttribute",
    "cudaMemPoolGetAttribute",
    "cudaMemPoolTrimTo",
    "cudaDeviceGetDefaultMemPool",
    "cudaDeviceGetMemPool",
    "cudaDeviceSetMemPool",
    "cudaMemcpy",
    "cudaMemset",
    "cudaMemcpyAsync",
    "cudaMemsetAsync",
    "cudaLaunchHostFunc",
    "cudaLaunchKernel",
    "cudaStreamBeginCapture",
    "cudaStreamEndCapture",
    "cudaStreamIsCapturing",
    "cudaStreamGetCaptureInfo",
    "cudaThreadExchangeStreamCaptureMode",
    "cudaGraphCreate",
    "cudaGraphDestroy",
    "cudaGraphGetNodes",
    "cudaGraphNodeGetType",
    "cudaGraphMemAllocNodeGetParams",
    "cudaGraphMemFreeNodeGetParams",
    "cudaGraphInstantiate",
    "cudaGraphInstantiateWithFlags",
    "cudaGraphExecGetFlags",
    "cudaGraphUpload",
    "cudaGraphLaunch",
    "cudaGraphExecDestroy",
    "cudaDeviceGetGraphMemAttribute",
    "cudaDeviceSetGraphMemAttribute",
    "cudaDeviceGraphMemTrim",
    "cudaProfilerStart",
    "cudaProfilerStop",
    "cuDevicePrimaryCtxGetState",
    "cuDevicePrimaryCtxRetain",
    "cuDevicePrimaryCtxRelease",
    "cuCtxGetCurrent",
    "cuCtxPushCurrent",
    "cuCtxPopCurrent",
});

// Functions of the runtime that need no context; all others are taken to need one.
inline constexpr auto functions_without_context = std::to_array<std::string_view>({
    "cudaGetDevice",
    "cudaSetDevice",  // makes its own
    "cudaGetDeviceCount",
    "cudaGetDeviceProperties",
    "cudaDeviceGetAttribute",
    "cudaDriverGetVersion",
    "cudaRuntimeGetVersion",
    "cudaGetDriverEntryPointByVersion",
});

/// Whether the runtime makes a context current for `name`, where there is none. For no function of the
/// driver.
constexpr bool makes_context(std::string_view name) {
  return name.starts_with("cuda") &&
         std::ranges::find(functions_without_context, name) == functions_without_context.end();
}

constexpr std::optional<std::size_t> function_index(std::string_view name) {
  const auto found = std::ranges::find(function_names, name);
  if (found == function_names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - function_names.begin());
}

struct Function {
  std::size_t index;
  bool needs_context;
  consteval Function(const char* name)
      : index(function_index(name).value()), needs_context(makes_context(name)) {}
  [[nodiscard]] constexpr std::string_view name() const { return function_names[index]; }
};

}  // namespace daa::host_runtime
