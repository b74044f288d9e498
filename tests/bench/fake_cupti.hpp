// A library in CUPTI's place, whose callbacks a test sends.
#pragma once

#include <cupti.h>

namespace daa::test::fake_cupti {

/// What the next cuptiSubscribe() returns; CUPTI_SUCCESS at start.
void set_subscribe_result(CUptiResult result);

/// Whether there is a subscriber, and how often cuptiFinalize() was called without one.
[[nodiscard]] bool has_subscriber();
[[nodiscard]] int finalized();

/// Calls the subscriber back, as the beginning and the end of a call of `function`, if it listens to the
/// domain.
void enter(CUpti_CallbackDomain domain, const char* function);
void leave(CUpti_CallbackDomain domain, const char* function);

}  // namespace daa::test::fake_cupti
