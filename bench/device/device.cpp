#include "device/device.hpp"

#include <cuda_runtime_api.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "daa/error.hpp"

namespace daa::bench {

namespace {

std::string describe(cudaError_t error) {
  static_cast<void>(cudaGetLastError());
  return std::string{cudaGetErrorName(error)} + ": " + cudaGetErrorString(error);
}

std::filesystem::path own_path() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
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

std::size_t device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) static_cast<void>(cudaGetLastError());
  return static_cast<std::size_t>(count);
}

std::string device_identity() {
  int device = 0;
  cudaDeviceProp properties{};
  DAA_CUDA_CHECK(cudaGetDevice(&device));
  DAA_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  return {properties.uuid.bytes, sizeof properties.uuid.bytes};
}

std::string become_host_program(char** argv) {
  const std::string program = own_path().string() + "-host";
  execv(program.c_str(), argv);
  return program + ": " + std::strerror(errno);
}

std::string program_with_mpi() {
  return own_path().replace_filename("daa-bench-mpi").string() +
         (device_kind() == DeviceKind::host ? "-host" : "");
}

}  // namespace daa::bench
