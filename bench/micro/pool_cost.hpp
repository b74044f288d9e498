#pragma once

namespace daa::bench {

/// Registers "threads/<allocator>" on 1, 4 and 16 threads. Needs a device.
void register_pool_benchmarks();

}  // namespace daa::bench
