// The exceptions of daa, and the check that throws them.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <new>
#include <optional>
#include <stdexcept>

#include "daa/arena_stats.hpp"

namespace daa {
inline namespace v0_1 {

/// A CUDA runtime call failed. what() contains the call, the error's name and description, file and line.
///
/// The function that throws it has already cleared the error from the runtime's per-thread state
/// (cudaGetLastError), so a later check of unrelated work does not report it again. Errors that have
/// destroyed the context persist.
class CudaError : public std::runtime_error {
 public:
  /// `call` and `file` must be string literals: the pointers are kept, the text is not copied.
  CudaError(cudaError_t code, const char* call, const char* file, int line);

  [[nodiscard]] cudaError_t code() const noexcept { return code_; }
  [[nodiscard]] const char* call() const noexcept { return call_; }
  [[nodiscard]] const char* file() const noexcept { return file_; }
  [[nodiscard]] int line() const noexcept { return line_; }

 private:
  cudaError_t code_;
  const char* call_;
  const char* file_;
  int line_;
};

/// Details of an allocation failure. Sizes in bytes; the device's values are 0 if they could not be queried.
struct MemoryShortage {
  std::size_t bytes_asked = 0;
  std::optional<ArenaStats> arena = {};  // of the requesting arena, if any
  std::size_t device_free = 0;           // cudaMemGetInfo at the time of the failure
  std::size_t device_total = 0;
  std::size_t bytes_needed = 0;  // bytes_asked plus padding: alignment, guards
};

/// Device memory ran out. Thrown only for cudaErrorMemoryAllocation and for sizes that no device can hold.
/// what() contains the values of shortage() and names the requester, `requester`.
class OutOfDeviceMemory : public std::bad_alloc {
 public:
  explicit OutOfDeviceMemory(const MemoryShortage& shortage, const std::string& requester = {});

  [[nodiscard]] const char* what() const noexcept override { return message_.what(); }
  [[nodiscard]] const MemoryShortage& shortage() const noexcept { return shortage_; }

 private:
  std::runtime_error message_;  // a string whose copy cannot throw
  MemoryShortage shortage_;
};

/// The size in bytes of a number of elements overflows size_t, as for a negative number. what() contains the
/// call, the count and the element size.
class CountOverflow : public std::bad_array_new_length {
 public:
  CountOverflow(const char* call, std::size_t count, std::size_t bytes_of_one);

  [[nodiscard]] const char* what() const noexcept override { return message_.what(); }

 private:
  std::runtime_error message_;  // a string whose copy cannot throw
};

/// An arena would have to allocate from its pool while its stream is being captured into a graph, which
/// CapturePolicy forbids. Nothing has changed, and the capture is still valid. what() contains the remedy for
/// the arena's options.
class GrowthDuringCapture : public std::logic_error {
 public:
  GrowthDuringCapture(std::size_t bytes_asked, const std::string& requester, const std::string& remedy);
};

/// Bytes before or after an allocation of a checked arena (ArenaOptions::checked) were overwritten. For each
/// such allocation what() names the arena, the phase, the number of bytes written and their largest distance
/// from it.
class MemoryOverrun : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// Throws CountOverflow. (No header contains a throw expression, so all headers compile with -fno-exceptions.
/// An exception that passes through code compiled that way ends no scope or lease in it; such programs should
/// terminate.)
[[noreturn]] void throw_count_overflow(const char* call, std::size_t count, std::size_t bytes_of_one);

}  // namespace detail

/// Throws CudaError unless `code` is cudaSuccess.
void throw_if_failed(cudaError_t code, const char* call, const char* file, int line);

}  // namespace v0_1
}  // namespace daa

/// Makes a CUDA runtime call and throws daa::CudaError if it fails.
#define DAA_CUDA_CHECK(call) ::daa::throw_if_failed((call), #call, __FILE__, __LINE__)
