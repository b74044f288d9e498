// The call log and fault injection.
//
// Every call is counted, so that counts are exact in programs of any length. Only the first
// max_recorded_calls calls are recorded, so that memory is bounded. A call is logged when it returns.
//
// function_names lists the functions of the log. Names are looked up at compile time: counting a call costs
// an array access, and a misspelt name does not compile.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "daa/host_runtime.hpp"

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

// Runtime functions that need no context; all others are assumed to need one.
inline constexpr auto functions_without_context = std::to_array<std::string_view>({
    "cudaGetDevice",
    "cudaSetDevice",  // activates one itself
    "cudaGetDeviceCount",
    "cudaGetDeviceProperties",
    "cudaDeviceGetAttribute",
    "cudaDriverGetVersion",
    "cudaRuntimeGetVersion",
    "cudaGetDriverEntryPointByVersion",
});

/// Whether the runtime makes a context current before `name` runs. False for every driver function.
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

class CallLog {
 public:
  /// Returns the injected fault if it is due at this call, otherwise cudaSuccess.
  [[nodiscard]] cudaError_t strike(Function function);
  /// Counts the call, and keeps a record of it if there is room for one.
  void add(Function function, const Call& call) noexcept;

  [[nodiscard]] std::vector<Call> calls() const;
  [[nodiscard]] std::size_t count(std::string_view function) const;
  [[nodiscard]] std::vector<FunctionCount> counts() const;
  void clear();

  void fail(std::size_t k, cudaError_t error, std::string_view function);
  bool clear_fault();

 private:
  struct Fault {
    std::size_t calls_left;  // 1: the next one
    cudaError_t error;
    std::optional<std::size_t> function;  // any, if empty
  };

  mutable std::mutex mutex_;
  std::array<std::size_t, function_names.size()> counts_{};
  std::vector<Call> records_;
  std::optional<Fault> fault_;
  std::atomic<bool> armed_{false};  // whether fault_ has a value; avoids the lock otherwise
};

CallLog& call_log();

}  // namespace daa::host_runtime
