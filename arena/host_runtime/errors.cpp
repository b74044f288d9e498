#include "errors.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <vector>

#include "daa/host_runtime.hpp"

namespace daa::host_runtime {
namespace {

struct Description {
  cudaError_t code;
  const char* name;
  const char* text;
};

#define DAA_DESCRIBE(code, text) \
  Description {                  \
    code, #code, text            \
  }

constexpr std::array descriptions = {
    DAA_DESCRIBE(cudaSuccess, "no error"),
    DAA_DESCRIBE(cudaErrorInvalidValue, "invalid argument"),
    DAA_DESCRIBE(cudaErrorMemoryAllocation, "out of memory"),
    DAA_DESCRIBE(cudaErrorInitializationError, "initialization error"),
    DAA_DESCRIBE(cudaErrorCudartUnloading, "driver shutting down"),
    DAA_DESCRIBE(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    DAA_DESCRIBE(cudaErrorInvalidDevicePointer, "invalid device pointer"),
    DAA_DESCRIBE(cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy"),
    DAA_DESCRIBE(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version"),
    DAA_DESCRIBE(cudaErrorDevicesUnavailable, "CUDA-capable device(s) is/are busy or unavailable"),
    DAA_DESCRIBE(cudaErrorInvalidDeviceFunction, "invalid device function"),
    DAA_DESCRIBE(cudaErrorNoDevice, "no CUDA-capable device is detected"),
    DAA_DESCRIBE(cudaErrorInvalidDevice, "invalid device ordinal"),
    DAA_DESCRIBE(cudaErrorDeviceUninitialized, "invalid device context"),
    DAA_DESCRIBE(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device"),
    DAA_DESCRIBE(cudaErrorECCUncorrectable, "uncorrectable ECC error encountered"),
    DAA_DESCRIBE(cudaErrorOperatingSystem, "OS call failed or operation not supported on this OS"),
    DAA_DESCRIBE(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    DAA_DESCRIBE(cudaErrorIllegalState, "the operation cannot be performed in the present state"),
    DAA_DESCRIBE(cudaErrorNotReady, "device not ready"),
    DAA_DESCRIBE(cudaErrorIllegalAddress, "an illegal memory access was encountered"),
    DAA_DESCRIBE(cudaErrorLaunchOutOfResources, "too many resources requested for launch"),
    DAA_DESCRIBE(cudaErrorLaunchTimeout, "the launch timed out and was terminated"),
    DAA_DESCRIBE(cudaErrorContextIsDestroyed, "context is destroyed"),
    DAA_DESCRIBE(cudaErrorAssert, "device-side assert triggered"),
    DAA_DESCRIBE(cudaErrorHardwareStackError, "hardware stack error"),
    DAA_DESCRIBE(cudaErrorIllegalInstruction, "an illegal instruction was encountered"),
    DAA_DESCRIBE(cudaErrorMisalignedAddress, "misaligned address"),
    DAA_DESCRIBE(cudaErrorInvalidAddressSpace, "operation not supported on global/shared address space"),
    DAA_DESCRIBE(cudaErrorInvalidPc, "invalid program counter"),
    DAA_DESCRIBE(cudaErrorLaunchFailure, "unspecified launch failure"),
    DAA_DESCRIBE(cudaErrorNotPermitted, "operation not permitted"),
    DAA_DESCRIBE(cudaErrorNotSupported, "operation not supported"),
    DAA_DESCRIBE(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    DAA_DESCRIBE(cudaErrorStreamCaptureInvalidated,
                 "operation failed due to a previous error during capture"),
    DAA_DESCRIBE(cudaErrorStreamCaptureMerge,
                 "operation would result in a merge of separate capture sequences"),
    DAA_DESCRIBE(cudaErrorStreamCaptureUnmatched, "capture was not ended in the same stream as it began"),
    DAA_DESCRIBE(cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work"),
    DAA_DESCRIBE(cudaErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream"),
    DAA_DESCRIBE(cudaErrorStreamCaptureImplicit,
                 "operation would make the legacy stream depend on a capturing blocking stream"),
    DAA_DESCRIBE(cudaErrorCapturedEvent,
                 "operation not permitted on an event last recorded in a capturing stream"),
    DAA_DESCRIBE(cudaErrorStreamCaptureWrongThread,
                 "attempt to terminate a thread-local capture sequence from another thread"),
    DAA_DESCRIBE(cudaErrorUnknown, "unknown error"),
};

#undef DAA_DESCRIBE

const char* describe(cudaError_t code, const char* Description::*field) noexcept {
  const auto found = std::ranges::find(descriptions, code, &Description::code);
  return found == descriptions.end() ? "unrecognized error code" : *found.*field;
}

constinit std::atomic<cudaError_t> destroyed_by{cudaSuccess};

// A thread's last error is valid only if forget_errors() has not been called since it was set.
constinit std::atomic<std::uint64_t> forgotten{0};

struct LastError {
  cudaError_t code = cudaSuccess;
  std::uint64_t forgotten = 0;
};
constinit thread_local LastError last_error;

cudaError_t peek() noexcept {
  if (unloaded()) return cudaErrorCudartUnloading;
  if (const cudaError_t error = context_error(); error != cudaSuccess) return error;
  return last_error.forgotten == forgotten.load() ? last_error.code : cudaSuccess;
}

}  // namespace

bool destroys_context(cudaError_t error) noexcept {
  switch (error) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
      return true;
    default:
      return false;
  }
}

cudaError_t context_error() noexcept {
  return destroyed_by.load();
}

void remember_if_destroyed(cudaError_t result) noexcept {
  cudaError_t none = cudaSuccess;
  if (destroys_context(result)) destroyed_by.compare_exchange_strong(none, result);
}

void remember(cudaError_t result) noexcept {
  if (result == cudaSuccess || result == cudaErrorNotReady) return;
  last_error = {result, forgotten.load()};
  remember_if_destroyed(result);
}

void forget_errors() noexcept {
  destroyed_by = cudaSuccess;
  ++forgotten;
}

namespace {

struct Found {
  std::mutex mutex;
  std::vector<std::string> sentences;
};

Found& found() {
  static Found& instance = *new Found;  // outlives every static object
  return instance;
}

}  // namespace

void report_violation(std::string sentence) {
  Found& all = found();
  const std::lock_guard lock(all.mutex);
  if (all.sentences.size() == max_recorded_violations) return;
  std::fprintf(stderr, "daa host runtime: %s\n", sentence.c_str());
  all.sentences.push_back(std::move(sentence));
}

std::vector<std::string> violations() {
  Found& all = found();
  const std::lock_guard lock(all.mutex);
  return all.sentences;
}

void clear_violations() {
  Found& all = found();
  const std::lock_guard lock(all.mutex);
  all.sentences.clear();
}

}  // namespace daa::host_runtime

using namespace daa::host_runtime;

const char* cudaGetErrorName(cudaError_t error) {
  return describe(error, &Description::name);
}

const char* cudaGetErrorString(cudaError_t error) {
  return describe(error, &Description::text);
}

cudaError_t cudaPeekAtLastError() {
  return peek();
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = peek();
  last_error.code = cudaSuccess;
  return error;
}
