#include <stdexcept>

#include "call_log.hpp"
#include "daa/host_runtime.hpp"
#include "errors.hpp"
#include "memory.hpp"
#include "runtime.hpp"

namespace daa::host_runtime {

void reset() {
  runtime().restart();
  forget_errors();
  clear_calls();
  clear_fault();
  clear_violations();
}

void set_device_count(int count) {
  if (count < 0) throw std::invalid_argument("a negative number of devices");
  const Lock lock(runtime().mutex);
  runtime().add_devices(static_cast<std::size_t>(count));
  runtime().visible_devices = static_cast<std::size_t>(count);
}

void set_memory_limit(std::size_t bytes, int device) {
  const Lock lock(runtime().mutex);
  runtime().device(device).memory_limit = bytes;
}

bool has_context(int device) {
  const Lock lock(runtime().mutex);
  return runtime().device(device).has_context();
}

std::size_t mapped_bytes(int device) {
  const Lock lock(runtime().mutex);
  return runtime().device(device).mapped_bytes;
}

std::size_t live_allocations() {
  const Lock lock(runtime().mutex);
  return runtime().owned.size();
}

std::vector<Call> calls() {
  return call_log().calls();
}

std::size_t call_count(std::string_view function) {
  return call_log().count(function);
}

std::vector<FunctionCount> call_counts() {
  return call_log().counts();
}

void clear_calls() {
  call_log().clear();
}

void fail_call(std::size_t k, cudaError_t error, std::string_view function) {
  call_log().fail(k, error, function);
}

bool clear_fault() {
  return call_log().clear_fault();
}

}  // namespace daa::host_runtime
