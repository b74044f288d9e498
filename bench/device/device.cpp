#include "device/device.hpp"

#include <cuda_runtime_api.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace daa::bench {

namespace {

std::string describe(cudaError_t error) {
  static_cast<void>(cudaGetLastError());
  return std::string{cudaGetErrorName(error)} + ": " + cudaGetErrorString(error);
}

}  // namespace

std::optional<std::string> select_device(const DeviceChoice& choice) {
  const bool is_host_program = device_kind() == DeviceKind::host;
  if (is_host_program && choice.kind == DeviceKind::cuda) {
    return "this program runs on the host runtime alone; daa-bench runs on a GPU";
  }
  if (is_host_program) return std::nullopt;

  int count = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess) return describe(error);
  if (choice.index >= count) {
    return "device " + std::to_string(choice.index) + " is not there: this machine has " +
           std::to_string(count) + ", numbered from 0";
  }
  // The first call that needs a context: a device in exclusive use by another process fails here.
  if (const cudaError_t error = cudaSetDevice(choice.index); error != cudaSuccess) return describe(error);
  if (const cudaError_t error = cudaFree(nullptr); error != cudaSuccess) return describe(error);
  int has_pools = 0;
  if (const cudaError_t error =
          cudaDeviceGetAttribute(&has_pools, cudaDevAttrMemoryPoolsSupported, choice.index);
      error != cudaSuccess)
    return describe(error);
  if (has_pools == 0) return "device " + std::to_string(choice.index) + " has no memory pools";
  return std::nullopt;
}

std::string become_host_program(char** argv) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string program = self.parent_path() / "daa-bench-host";
  execv(program.c_str(), argv);
  return program + ": " + std::strerror(errno);
}

}  // namespace daa::bench
