#include "daa/error.hpp"

#include <string>

namespace daa::v0_1 {

namespace {

std::string describe(cudaError_t code, const char* call, const char* file, int line) {
  return std::string(call) + ": " + cudaGetErrorName(code) + ": " + cudaGetErrorString(code) + " (" + file +
         ":" + std::to_string(line) + ")";
}

std::string describe(const MemoryShortage& shortage, const std::string& asker) {
  std::string text = "out of device memory: " + std::to_string(shortage.bytes_asked) + " bytes asked";
  if (!asker.empty()) text += " by " + asker;
  if (shortage.bytes_needed > shortage.bytes_asked)
    text += ", " + std::to_string(shortage.bytes_needed) + " with padding";
  if (shortage.device_total != 0) {
    text += "; the device has " + std::to_string(shortage.device_free) + " free of " +
            std::to_string(shortage.device_total);
  }
  if (shortage.arena) text += "; " + to_string(*shortage.arena);
  return text;
}

}  // namespace

CudaError::CudaError(cudaError_t code, const char* call, const char* file, int line)
    : std::runtime_error(describe(code, call, file, line)),
      code_(code),
      call_(call),
      file_(file),
      line_(line) {}

OutOfDeviceMemory::OutOfDeviceMemory(const MemoryShortage& shortage, const std::string& asker)
    : message_(describe(shortage, asker)), shortage_(shortage) {}

CountOverflow::CountOverflow(const char* call, std::size_t count, std::size_t bytes_of_one)
    : message_(std::string(call) + ": " + std::to_string(count) + " elements of " +
               std::to_string(bytes_of_one) +
               " bytes are more bytes than a size_t can count; was the number negative?") {}

GrowthDuringCapture::GrowthDuringCapture(std::size_t bytes_asked, const std::string& asker)
    : std::logic_error(
          "growth during capture: " + std::to_string(bytes_asked) + " bytes asked by " + asker +
          " do not fit the memory it has, and while its stream is captured into a graph it must "
          "take none; choose CapturePolicy::presized and run the phase once before the capture begins, "
          "or reserve() with Backing::chunked") {}

void detail::throw_count_overflow(const char* call, std::size_t count, std::size_t bytes_of_one) {
  throw CountOverflow(call, count, bytes_of_one);
}

void throw_if_failed(cudaError_t code, const char* call, const char* file, int line) {
  if (code == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  throw CudaError(code, call, file, line);
}

}  // namespace daa::v0_1
