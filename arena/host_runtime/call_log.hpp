// The call log and fault injection.
//
// Every call is counted, so that counts are exact in programs of any length. Only the first
// max_recorded_calls calls are recorded, so that memory is bounded. A call is logged when it returns.
//
// functions lists the functions of the log. Names are looked up at compile time: counting a call costs
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

struct FunctionInfo {
  std::string_view name;
  bool needs_context = true;  // The runtime makes one current before the function runs.
};

inline constexpr bool no_context = false;
inline constexpr auto functions = std::to_array<FunctionInfo>({
    {"cudaGetDevice", no_context},
    {"cudaSetDevice", no_context},  // makes one current itself
    {"cudaGetDeviceCount", no_context},
    {"cudaGetDeviceProperties", no_context},
    {"cudaDeviceGetAttribute", no_context},
    {"cudaDeviceCanAccessPeer", no_context},
    {"cudaDriverGetVersion", no_context},
    {"cudaRuntimeGetVersion", no_context},
    {"cudaGetDriverEntryPointByVersion", no_context},
    {"cudaMemGetInfo"},
    {"cudaDeviceSynchronize"},
    {"cudaStreamCreate"},
    {"cudaStreamCreateWithFlags"},
    {"cudaStreamDestroy"},
    {"cudaStreamSynchronize"},
    {"cudaStreamQuery"},
    {"cudaStreamWaitEvent"},
    {"cudaStreamGetDevice"},
    {"cudaStreamGetId"},
    {"cudaEventCreate"},
    {"cudaEventCreateWithFlags"},
    {"cudaEventDestroy"},
    {"cudaEventRecord"},
    {"cudaEventSynchronize"},
    {"cudaEventQuery"},
    {"cudaEventElapsedTime"},
    {"cudaMalloc"},
    {"cudaFree"},
    {"cudaMallocHost"},
    {"cudaFreeHost"},
    {"cudaMallocAsync"},
    {"cudaFreeAsync"},
    {"cudaMallocFromPoolAsync"},
    {"cudaMemPoolCreate"},
    {"cudaMemPoolDestroy"},
    {"cudaMemPoolSetAttribute"},
    {"cudaMemPoolGetAttribute"},
    {"cudaMemPoolTrimTo"},
    {"cudaDeviceGetDefaultMemPool"},
    {"cudaDeviceGetMemPool"},
    {"cudaDeviceSetMemPool"},
    {"cudaMemcpy"},
    {"cudaMemset"},
    {"cudaMemcpyAsync"},
    {"cudaMemsetAsync"},
    {"cudaLaunchHostFunc"},
    {"cudaLaunchKernel"},
    {"cudaStreamBeginCapture"},
    {"cudaStreamEndCapture"},
    {"cudaStreamIsCapturing"},
    {"cudaStreamGetCaptureInfo"},
    {"cudaThreadExchangeStreamCaptureMode"},
    {"cudaGraphCreate"},
    {"cudaGraphDestroy"},
    {"cudaGraphGetNodes"},
    {"cudaGraphNodeGetType"},
    {"cudaGraphMemAllocNodeGetParams"},
    {"cudaGraphMemFreeNodeGetParams"},
    {"cudaGraphInstantiate"},
    {"cudaGraphInstantiateWithFlags"},
    {"cudaGraphExecGetFlags"},
    {"cudaGraphUpload"},
    {"cudaGraphLaunch"},
    {"cudaGraphExecDestroy"},
    {"cudaDeviceGetGraphMemAttribute"},
    {"cudaDeviceSetGraphMemAttribute"},
    {"cudaDeviceGraphMemTrim"},
    {"cudaProfilerStart"},
    {"cudaProfilerStop"},
    {"cuDevicePrimaryCtxGetState", no_context},
    {"cuDevicePrimaryCtxRetain", no_context},
    {"cuDevicePrimaryCtxRelease", no_context},
    {"cuCtxGetCurrent", no_context},
    {"cuCtxPushCurrent", no_context},
    {"cuCtxPopCurrent", no_context},
    {"cuDeviceGetAttribute", no_context},
    {"cuDeviceTotalMem", no_context},
    {"cuMemGetAllocationGranularity", no_context},
    {"cuMemAddressReserve", no_context},
    {"cuMemAddressFree", no_context},
    {"cuMemCreate", no_context},
    {"cuMemRelease", no_context},
    {"cuMemMap", no_context},
    {"cuMemUnmap", no_context},
    {"cuMemSetAccess", no_context},
});

constexpr std::optional<std::size_t> function_index(std::string_view name) {
  const auto found = std::ranges::find(functions, name, &FunctionInfo::name);
  if (found == functions.end()) return std::nullopt;
  return static_cast<std::size_t>(found - functions.begin());
}

struct Function {
  std::size_t index;
  consteval Function(const char* name) : index(function_index(name).value()) {}
  [[nodiscard]] constexpr const FunctionInfo& info() const { return functions[index]; }
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
  std::array<std::size_t, functions.size()> counts_{};
  std::vector<Call> records_;
  std::optional<Fault> fault_;
  std::atomic<bool> armed_{false};  // whether fault_ has a value; avoids the lock otherwise
};

CallLog& call_log();

}  // namespace daa::host_runtime
