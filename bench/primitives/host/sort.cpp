// A radix sort in passes of 7 bits. Their number is odd, so that the result lies in the alternate buffers and
// a caller who does not look where it is goes wrong here, too.
#include <algorithm>
#include <numeric>
#include <utility>

#include "primitives/host/enqueue.hpp"

namespace daa::bench::primitives {

namespace {

constexpr unsigned key_bits = 32, digit_bits = 7;
constexpr std::size_t digits = std::size_t{1} << digit_bits;
constexpr std::size_t tile = 8192;  // elements that share a row of counters

std::size_t sort_tiles(std::size_t count) {
  return (count + tile - 1) / tile;
}

struct Pairs {
  std::uint32_t* keys;
  std::uint32_t* values;
};

/// `counters` has one for each digit of each tile, digit by digit: scanned, they say where in `to` the
/// elements of a tile that have a digit begin.
void sort_by_digit(Pairs from, Pairs to, std::size_t count, unsigned shift, std::uint32_t* counters) {
  const std::size_t tiles = sort_tiles(count);
  const auto counter = [=](std::size_t i) -> std::uint32_t& {
    return counters[(from.keys[i] >> shift) % digits * tiles + i / tile];
  };
  std::fill_n(counters, digits * tiles, std::uint32_t{0});
  for (std::size_t i = 0; i < count; ++i) ++counter(i);
  std::exclusive_scan(counters, counters + digits * tiles, counters, std::uint32_t{0});
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t key = from.keys[i];
    const std::size_t target = counter(i)++;
    if (target >= count) continue;  // only if somebody else wrote to the counters
    to.keys[target] = key;
    to.values[target] = from.values[i];
  }
}

}  // namespace

void sort_pairs(Storage storage, DoubleBuffer& keys, DoubleBuffer& values, std::size_t count,
                cudaStream_t stream) {
  check_storage(storage, sort_pairs_storage_bytes(count));
  auto* const counters = static_cast<std::uint32_t*>(storage.data);
  Pairs from{keys.current, values.current}, to{keys.alternate, values.alternate};
  const std::vector<host_runtime::Access> accesses{access(from.keys, count), access(from.values, count),
                                                   access(to.keys, count), access(to.values, count),
                                                   access(counters, digits * sort_tiles(count))};
  for (unsigned shift = 0; shift < key_bits; shift += digit_bits) {
    enqueue(stream, accesses, [=] { sort_by_digit(from, to, count, shift, counters); });
    std::swap(from, to);
  }
  keys = {from.keys, to.keys};
  values = {from.values, to.values};
}

std::size_t sort_pairs_storage_bytes(std::size_t count) {
  return digits * sort_tiles(count) * sizeof(std::uint32_t);
}

}  // namespace daa::bench::primitives
