// Host cost of an operation in adversarial sequences.
#pragma once

namespace daa::bench {

/// Registers them with Google Benchmark.
void register_sequence_benchmarks();

}  // namespace daa::bench
