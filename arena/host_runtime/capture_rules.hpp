// What may not be called while streams capture.
//
// With the runtime's lock. A refusal is an ApiError, and the captures that forbid the call are invalid from
// then on.
#pragma once

#include <cuda_runtime_api.h>

#include "capture.hpp"

namespace daa::host_runtime {

/// Whether `stream` is the legacy default stream and a blocking stream of its device captures.
[[nodiscard]] bool forbids_implicit(const Stream& stream);

/// More work in a stream whose capture is invalid.
void refuse_invalid(const Stream& stream);
/// Putting work into a stream, or waiting for it, where forbids_implicit() of it.
void refuse_implicit(const Stream& stream);
/// What cannot be done to a stream that captures, be the capture valid or not: asking for its identity, its
/// device or its flags, launching a graph into it.
void refuse_captured(const Stream& stream);
/// Waiting for what has not been submitted: a stream, or a device with a stream, that captures.
void refuse_waiting(const Stream& stream);
void refuse_waiting(const Device& device);
/// Waiting for an event that was last recorded in a capture.
void refuse_waiting(const Event& event);
/// A call that a capture would not see, where the modes of the capture and of this thread forbid it.
void refuse_unsafe();
/// As refuse_implicit() of the legacy default stream, then refuse_unsafe(): for what does its work there and
/// waits.
void refuse_unsafe_on_legacy(const Stream& stream);

/// This thread's mode for refuse_unsafe(): sets the new one and returns the old.
cudaStreamCaptureMode exchange_thread_mode(cudaStreamCaptureMode mode);

}  // namespace daa::host_runtime
