// Misuses of the runtime that a device would not notice, or would notice too late to say where.
#pragma once

#include <string>

namespace daa::host_runtime {

/// Keeps the sentence and prints it to stderr. From any thread, with or without the runtime's lock held.
void report_violation(std::string sentence);

}  // namespace daa::host_runtime
