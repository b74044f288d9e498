#include <algorithm>

#include "primitives/host/enqueue.hpp"

namespace daa::bench::primitives {

void take_samples(const std::uint32_t* in, std::size_t count, std::uint32_t* samples,
                  std::size_t samples_count, cudaStream_t stream) {
  enqueue(stream, {access(in, count), access(samples, samples_count)}, [=] {
    for (std::size_t i = 0; i < samples_count; ++i) samples[i] = in[i * count / samples_count];
  });
}

void count_parts(const std::uint32_t* keys, std::size_t count, const std::uint32_t* splitters,
                 std::size_t stride, std::size_t parts, std::uint32_t* counts, cudaStream_t stream) {
  enqueue(stream, {access(keys, count), access(splitters, (parts - 1) * stride + 1), access(counts, parts)},
          [=] {
            const auto begin_of = [=](std::size_t part) {
              if (part == 0) return keys;
              if (part == parts) return keys + count;
              return std::lower_bound(keys, keys + count, splitters[part * stride]);
            };
            for (std::size_t part = 0; part < parts; ++part) {
              counts[part] = static_cast<std::uint32_t>(begin_of(part + 1) - begin_of(part));
            }
          });
}

}  // namespace daa::bench::primitives
