#include <algorithm>

#include "primitives/host/enqueue.hpp"

namespace daa::bench::primitives {

void flag_below(const std::uint32_t* in, std::size_t count, std::uint32_t threshold, std::uint32_t* flags,
                cudaStream_t stream) {
  enqueue(stream, {access(in, count), access(flags, count + 1)}, [=] {
    std::transform(in, in + count, flags, [=](std::uint32_t value) { return value < threshold ? 1u : 0u; });
    flags[count] = 0;
  });
}

// From the last element to the first: no order is promised, and this one overwrites flags and offsets that
// are still to be read, if `out` overlaps them.
void scatter_flagged(const std::uint32_t* in, std::size_t count, const std::uint32_t* flags,
                     const std::uint32_t* offsets, std::uint32_t* out, std::size_t out_count,
                     cudaStream_t stream) {
  enqueue(stream, {access(in, count), access(flags, count), access(offsets, count), access(out, out_count)},
          [=] {
            for (std::size_t i = count; i-- > 0;) {
              if (flags[i] == 1 && offsets[i] < out_count) out[offsets[i]] = in[i];
            }
          });
}

}  // namespace daa::bench::primitives
