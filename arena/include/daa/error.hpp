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

/// A CUDA runtime call failed. what() gives the call, the error's name and description, file and line.
///
/// Whoever throws it has already taken the error out of the runtime's per-thread state (cudaGetLastError), so
/// that a later check of unrelated work does not report it again. Errors that have destroyed the context
/// stay.
class CudaError : public std::runtime_error {
 public:
  /// `call` and `file` are string literals: they are kept, not copied.
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

/// What was known when device memory ran out. Sizes in bytes; the device's figures are 0 where it gave none.
struct MemoryShortage {
  std::size_t bytes_asked = 0;
  std::optional<ArenaStats> arena = {};  // of the arena that asked, if any
  std::size_t device_free = 0;           // cudaMemGetInfo at the moment of the failure
  std::size_t device_total = 0;
  std::size_t bytes_needed = 0;  // bytes_asked with padding: alignment, guards
};

/// Device memory ran out; thrown for cudaErrorMemoryAllocation and for sizes that no device can hold, for
/// nothing else. what() gives the figures of shortage() and who asked.
class OutOfDeviceMemory : public std::bad_alloc {
 public:
  explicit OutOfDeviceMemory(const MemoryShortage& shortage, const std::string& asker = {});

  [[nodiscard]] const char* what() const noexcept override { return message_.what(); }
  [[nodiscard]] const MemoryShortage& shortage() const noexcept { return shortage_; }

 private:
  std::runtime_error message_;  // a string whose copy cannot throw
  MemoryShortage shortage_;
};

/// A count of elements whose bytes overflow size_t, as that of a negative number does. what() gives the call,
/// the count and the size of one.
class CountOverflow : public std::bad_array_new_length {
 public:
  CountOverflow(const char* call, std::size_t count, std::size_t bytes_of_one);

  [[nodiscard]] const char* what() const noexcept override { return message_.what(); }

 private:
  std::runtime_error message_;  // a string whose copy cannot throw
};

/// An arena would have to take memory while its stream is being captured into a graph, which it must not
/// (CapturePolicy). Nothing has changed, and the capture is still valid.
class GrowthDuringCapture : public std::logic_error {
 public:
  explicit GrowthDuringCapture(std::size_t bytes_asked, const std::string& asker);
};

/// Something wrote before or behind an allocation of a checked arena (ArenaOptions::checked). what() gives
/// the arena, the phase, the allocation and how many bytes how far away, for each that was found.
class MemoryOverrun : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// Throws CountOverflow. (No header throws by itself, so that all compile with -fno-exceptions. An exception
/// that passes through code compiled so ends no scope or lease in it: let such programs terminate.)
[[noreturn]] void throw_count_overflow(const char* call, std::size_t count, std::size_t bytes_of_one);

}  // namespace detail

/// Throws CudaError unless `code` is cudaSuccess.
void throw_if_failed(cudaError_t code, const char* call, const char* file, int line);

}  // namespace v0_1
}  // namespace daa

/// Makes a CUDA runtime call and throws daa::CudaError if it fails.
#define DAA_CUDA_CHECK(call) ::daa::throw_if_failed((call), #call, __FILE__, __LINE__)
