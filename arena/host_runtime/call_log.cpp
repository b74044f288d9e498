#include "call_log.hpp"

#include <new>
#include <numeric>
#include <stdexcept>

namespace daa::host_runtime {

cudaError_t CallLog::strike(Function function) {
  if (!armed_.load(std::memory_order_acquire)) return cudaSuccess;
  const std::lock_guard lock(mutex_);
  if (!fault_ || (fault_->function && *fault_->function != function.index)) return cudaSuccess;
  if (--fault_->calls_left > 0) return cudaSuccess;
  const cudaError_t error = fault_->error;
  fault_.reset();
  armed_ = false;
  return error;
}

void CallLog::add(Function function, const Call& call) noexcept {
  const std::lock_guard lock(mutex_);
  ++counts_[function.index];
  if (records_.size() == max_recorded_calls) return;
  try {
    records_.push_back(call);
  } catch (const std::bad_alloc&) {
    // Only the record is lost; the count is correct.
  }
}

std::vector<Call> CallLog::calls() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::size_t CallLog::count(std::string_view function) const {
  const std::lock_guard lock(mutex_);
  if (function.empty()) return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0});
  const auto index = function_index(function);
  if (!index) throw std::invalid_argument("the host runtime has no function " + std::string(function));
  return counts_[*index];
}

std::vector<FunctionCount> CallLog::counts() const {
  std::vector<FunctionCount> result;
  result.reserve(counts_.size());
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < counts_.size(); ++i) result.push_back({functions[i].name, counts_[i]});
  return result;
}

void CallLog::clear() {
  const std::lock_guard lock(mutex_);
  counts_ = {};
  records_.clear();
}

void CallLog::fail(std::size_t k, cudaError_t error, std::string_view function) {
  if (k == 0) throw std::invalid_argument("fail_call: k is 0; calls are counted from 1");
  if (error == cudaSuccess) throw std::invalid_argument("fail_call: cudaSuccess is not an error");
  std::optional<std::size_t> index;
  if (!function.empty()) {
    index = function_index(function);
    if (!index) throw std::invalid_argument("the host runtime has no function " + std::string(function));
  }
  const std::lock_guard lock(mutex_);
  fault_ = Fault{k, error, index};
  armed_ = true;
}

bool CallLog::clear_fault() {
  const std::lock_guard lock(mutex_);
  const bool was_armed = fault_.has_value();
  fault_.reset();
  armed_ = false;
  return was_armed;
}

CallLog& call_log() {
  static CallLog& log = *new CallLog;  // outlives every static object
  return log;
}

// --- the control API ---

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
