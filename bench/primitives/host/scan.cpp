#include <algorithm>
#include <numeric>

#include "primitives/host/enqueue.hpp"

namespace daa::bench::primitives {

namespace {

void sum_each_tile(const std::uint32_t* in, std::size_t count, std::uint32_t* sums) {
  for (std::size_t begin = 0; begin < count; begin += scan_tile) {
    *sums++ = std::accumulate(in + begin, in + std::min(begin + scan_tile, count), std::uint32_t{0});
  }
}

/// `out` may be `in`.
void scan_each_tile(const std::uint32_t* in, std::size_t count, const std::uint32_t* offsets,
                    std::uint32_t* out) {
  for (std::size_t begin = 0; begin < count; begin += scan_tile) {
    const std::size_t end = std::min(begin + scan_tile, count);
    std::exclusive_scan(in + begin, in + end, out + begin, *offsets++);
  }
}

}  // namespace

void exclusive_sum(Storage storage, const std::uint32_t* in, std::size_t count, std::uint32_t* out,
                   cudaStream_t stream) {
  check_storage(storage, exclusive_sum_storage_bytes(count));
  auto* const sums = static_cast<std::uint32_t*>(storage.data);
  const std::size_t tiles = tile_count(count);
  enqueue(stream, {access(in, count), access(sums, tiles), access(out, count)}, [=] {
    sum_each_tile(in, count, sums);
    std::exclusive_scan(sums, sums + tiles, sums, std::uint32_t{0});
    scan_each_tile(in, count, sums, out);
  });
}

std::size_t exclusive_sum_storage_bytes(std::size_t count) {
  return tile_count(count) * sizeof(std::uint32_t);
}

void sum_tiles(const std::uint32_t* in, std::size_t count, std::uint32_t* tile_sums, cudaStream_t stream) {
  enqueue(stream, {access(in, count), access(tile_sums, tile_count(count))},
          [=] { sum_each_tile(in, count, tile_sums); });
}

void exclusive_sum_tiles(const std::uint32_t* in, std::size_t count, const std::uint32_t* tile_offsets,
                         std::uint32_t* out, cudaStream_t stream) {
  enqueue(stream, {access(in, count), access(tile_offsets, tile_count(count)), access(out, count)},
          [=] { scan_each_tile(in, count, tile_offsets, out); });
}

}  // namespace daa::bench::primitives
