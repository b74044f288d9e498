#include "daa/error.hpp"

#include <string>

namespace daa::v0_1 {

namespace {

std::string describe(cudaError_t code, const char* call, const char* file, int line) {
  return std::string(call) + ": " + cudaGetErrorName(code) + ": " + cudaGetErrorString(code) + " (" + file +
         ":" + std::to_string(line) + ")";
}

std::string describe(const MemoryShortage& shortage, const std::string& requester) {
  std::string text = "out of device memory: " + std::to_string(shortage.bytes_asked) + " bytes requested";
  if (!requester.empty()) text += " by " + requester;
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

OutOfDeviceMemory::OutOfDeviceMemory(const MemoryShortage& shortage, const std::string& requester)
    : message_(describe(shortage, requester)), shortage_(shortage) {}

CountOverflow::CountOverflow(const char* call, std::size_t count, std::size_t bytes_of_one)
    : message_(std::string(call) + ": " + std::to_string(count) + " elements of " +
               std::to_string(bytes_of_one) + " bytes overflow size_t; is the number negative?") {}

GrowthDuringCapture::GrowthDuringCapture(std::size_t bytes_asked, const std::string& requester,
                                         const std::string& remedy)
    : std::logic_error("growth during capture: " + std::to_string(bytes_asked) + " bytes requested by " +
                       requester +
                       " do not fit into the memory that it holds, and an arena does not allocate while its "
                       "stream is captured into a graph; " +
                       remedy) {}

void detail::throw_count_overflow(const char* call, std::size_t count, std::size_t bytes_of_one) {
  throw CountOverflow(call, count, bytes_of_one);
}

void throw_if_failed(cudaError_t code, const char* call, const char* file, int line) {
  if (code == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  throw CudaError(code, call, file, line);
}

}  // namespace daa::v0_1
