// NVIDIA's CUPTI, loaded when it is first needed. daa-bench also runs without it.
#pragma once

#include <cupti.h>

#include <string>

namespace daa::bench {

/// The functions that are used, by their own names.
struct Cupti {
  decltype(&::cuptiSubscribe) subscribe = nullptr;
  decltype(&::cuptiUnsubscribe) unsubscribe = nullptr;
  decltype(&::cuptiEnableDomain) enable_domain = nullptr;
  decltype(&::cuptiFinalize) finalize = nullptr;
  decltype(&::cuptiGetResultString) result_string = nullptr;
};

/// Loads the library once. Null if it is missing or incomplete; `why_not` then says so in one line, with the
/// remedy.
[[nodiscard]] const Cupti* load_cupti(std::string& why_not);

/// "CUPTI_ERROR_...", or its number.
[[nodiscard]] std::string describe(const Cupti& cupti, CUptiResult result);

}  // namespace daa::bench
