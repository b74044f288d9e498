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
  std::uint32_t* values;  // null if there are keys only
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
    if (from.values != nullptr) to.values[target] = from.values[i];
  }
}

/// On return `from` names the buffers that will hold the result.
void sort(Storage storage, Pairs& from, Pairs& to, std::size_t count, cudaStream_t stream) {
  check_storage(storage, sort_pairs_storage_bytes(count));
  auto* const counters = static_cast<std::uint32_t*>(storage.data);
  std::vector<host_runtime::Access> accesses{access(from.keys, count), access(to.keys, count),
                                             access(counters, digits * sort_tiles(count))};
  if (from.values != nullptr) {
    accesses.push_back(access(from.values, count));
    accesses.push_back(access(to.values, count));
  }
  for (unsigned shift = 0; shift < key_bits; shift += digit_bits) {
    enqueue(stream, accesses,
            [from, to, count, shift, counters] { sort_by_digit(from, to, count, shift, counters); });
    std::swap(from, to);
  }
}

}  // namespace

void sort_pairs(Storage storage, DoubleBuffer& keys, DoubleBuffer& values, std::size_t count,
                cudaStream_t stream) {
  Pairs from{keys.current, values.current}, to{keys.alternate, values.alternate};
  sort(storage, from, to, count, stream);
  keys = {from.keys, to.keys};
  values = {from.values, to.values};
}

std::size_t sort_pairs_storage_bytes(std::size_t count) {
  return digits * sort_tiles(count) * sizeof(std::uint32_t);
}

void sort_keys(Storage storage, DoubleBuffer& keys, std::size_t count, cudaStream_t stream) {
  Pairs from{keys.current, nullptr}, to{keys.alternate, nullptr};
  sort(storage, from, to, count, stream);
  keys = {from.keys, to.keys};
}

std::size_t sort_keys_storage_bytes(std::size_t count) {
  return sort_pairs_storage_bytes(count);
}

}  // namespace daa::bench::primitives
