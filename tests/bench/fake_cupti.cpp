#include "fake_cupti.hpp"

#include <array>

namespace daa::test::fake_cupti {

namespace {

struct State {
  CUptiResult subscribe_result = CUPTI_SUCCESS;
  CUpti_CallbackFunc callback = nullptr;
  void* user_data = nullptr;
  std::array<bool, CUPTI_CB_DOMAIN_SIZE> enabled{};
  int finalized = 0;
};

State& state() {
  static State state;
  return state;
}

void call_back(CUpti_CallbackDomain domain, CUpti_ApiCallbackSite site, const char* function) {
  if (state().callback == nullptr || !state().enabled[domain]) return;
  CUpti_CallbackData data{};
  data.callbackSite = site;
  data.functionName = function;
  state().callback(state().user_data, domain, 1, &data);
}

}  // namespace

void set_subscribe_result(CUptiResult result) {
  state().subscribe_result = result;
}

bool has_subscriber() {
  return state().callback != nullptr;
}

int finalized() {
  return state().finalized;
}

void enter(CUpti_CallbackDomain domain, const char* function) {
  call_back(domain, CUPTI_API_ENTER, function);
}

void leave(CUpti_CallbackDomain domain, const char* function) {
  call_back(domain, CUPTI_API_EXIT, function);
}

}  // namespace daa::test::fake_cupti

using daa::test::fake_cupti::state;

extern "C" {

CUptiResult cuptiSubscribe(CUpti_SubscriberHandle* subscriber, CUpti_CallbackFunc callback, void* user_data) {
  if (state().subscribe_result != CUPTI_SUCCESS) return state().subscribe_result;
  if (state().callback != nullptr) return CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
  state().callback = callback;
  state().user_data = user_data;
  *subscriber = reinterpret_cast<CUpti_SubscriberHandle>(&state());
  return CUPTI_SUCCESS;
}

CUptiResult cuptiUnsubscribe(CUpti_SubscriberHandle) {
  state().callback = nullptr;
  state().enabled = {};
  return CUPTI_SUCCESS;
}

CUptiResult cuptiEnableDomain(uint32_t enable, CUpti_SubscriberHandle, CUpti_CallbackDomain domain) {
  state().enabled[domain] = enable != 0;
  return CUPTI_SUCCESS;
}

CUptiResult cuptiFinalize() {
  if (state().callback == nullptr) ++state().finalized;
  return CUPTI_SUCCESS;
}

CUptiResult cuptiGetResultString(CUptiResult result, const char** text) {
  *text = result == CUPTI_ERROR_NOT_INITIALIZED ? "CUPTI_ERROR_NOT_INITIALIZED" : "another";
  return CUPTI_SUCCESS;
}

}  // extern "C"
