// CUPTI's callbacks, which come in the thread that makes the call, as it begins and as it ends.

#include "device/call_counter.hpp"

#include <cuda_runtime_api.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "device/cuda/cupti.hpp"

namespace daa::bench {

namespace {

// Where the calls of this thread are counted; null: nowhere.
thread_local CallCounts* counted = nullptr;
thread_local std::size_t depth = 0;  // calls under way in this thread

void CUPTIAPI on_call(void*, CUpti_CallbackDomain domain, CUpti_CallbackId, const void* data) {
  if (counted == nullptr) return;
  const auto& call = *static_cast<const CUpti_CallbackData*>(data);
  if (call.callbackSite == CUPTI_API_EXIT) {
    if (depth > 0) --depth;
    return;
  }
  const bool is_outermost = depth++ == 0;
  // A runtime newer than this CUPTI, as a library may bring along, has functions that it has no name for.
  const std::string_view function = call.functionName != nullptr ? call.functionName : "";
  if (is_error_query(function)) return;
  if (domain == CUPTI_CB_DOMAIN_RUNTIME_API)
    ++counted->runtime;
  else
    ++*counted->driver;
  if (is_outermost) counted->add_by_kind(function);
}

class CuptiCounter final : public CallCounter {
 public:
  CuptiCounter(const Cupti& cupti, CUpti_SubscriberHandle subscriber)
      : cupti_(cupti), subscriber_(subscriber) {}

  // Detaches CUPTI altogether: what is timed from here on runs as if there were none. CUPTI wants the device
  // idle for that.
  ~CuptiCounter() override {
    static_cast<void>(cudaDeviceSynchronize());
    static_cast<void>(cupti_.unsubscribe(subscriber_));
    static_cast<void>(cupti_.finalize());
  }

  void resume() override {
    depth = 0;
    counted = &counts_;
  }
  void pause() override { counted = nullptr; }
  [[nodiscard]] CallCounts take() override { return std::exchange(counts_, none()); }

 private:
  static CallCounts none() {
    CallCounts counts;
    counts.driver = 0;
    return counts;
  }

  const Cupti& cupti_;
  CUpti_SubscriberHandle subscriber_;
  CallCounts counts_ = none();
};

}  // namespace

MadeCallCounter make_call_counter() {
  MadeCallCounter made;
  // A profiler or sanitizer that the driver or NVTX has loaded at its start (compute-sanitizer sets only the
  // second). Beside it even an attempt to subscribe, or to detach, may disturb what it does.
  for (const char* const variable : {"CUDA_INJECTION64_PATH", "NVTX_INJECTION64_PATH"}) {
    const char* const tool = std::getenv(variable);
    if (tool == nullptr || *tool == '\0') continue;
    made.why_not =
        std::string{"another tool watches them already, "} + variable + "=" + tool + ": run without it";
    return made;
  }
  const Cupti* const cupti = load_cupti(made.why_not);
  if (cupti == nullptr) return made;

  CUpti_SubscriberHandle subscriber = nullptr;
  CUptiResult result = cupti->subscribe(&subscriber, on_call, nullptr);
  if (result == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED) {
    made.why_not = "another tool has CUPTI already, and it serves one at a time: run without that tool";
    return made;
  }
  if (result != CUPTI_SUCCESS) {
    made.why_not = "cuptiSubscribe: " + describe(*cupti, result);
    return made;
  }
  auto counter = std::make_unique<CuptiCounter>(*cupti, subscriber);
  for (const CUpti_CallbackDomain domain : {CUPTI_CB_DOMAIN_RUNTIME_API, CUPTI_CB_DOMAIN_DRIVER_API}) {
    result = cupti->enable_domain(1, subscriber, domain);
    if (result == CUPTI_SUCCESS) continue;
    made.why_not = "cuptiEnableDomain: " + describe(*cupti, result);
    return made;
  }
  made.counter = std::move(counter);
  return made;
}

}  // namespace daa::bench
