#include <cub/device/device_radix_sort.cuh>

#include "daa/error.hpp"
#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

namespace {

constexpr int key_bits = 32;

}  // namespace

void sort_pairs(Storage storage, DoubleBuffer& keys, DoubleBuffer& values, std::size_t count,
                cudaStream_t stream) {
  cub::DoubleBuffer<std::uint32_t> cub_keys(keys.current, keys.alternate);
  cub::DoubleBuffer<std::uint32_t> cub_values(values.current, values.alternate);
  DAA_CUDA_CHECK(cub::DeviceRadixSort::SortPairs(storage.data, storage.bytes, cub_keys, cub_values,
                                                 static_cast<std::uint32_t>(count), 0, key_bits, stream));
  keys = {cub_keys.Current(), cub_keys.Alternate()};
  values = {cub_values.Current(), cub_values.Alternate()};
}

std::size_t sort_pairs_storage_bytes(std::size_t count) {
  std::size_t bytes = 0;
  cub::DoubleBuffer<std::uint32_t> none(nullptr, nullptr);
  DAA_CUDA_CHECK(cub::DeviceRadixSort::SortPairs(nullptr, bytes, none, none,
                                                 static_cast<std::uint32_t>(count), 0, key_bits));
  return bytes;
}

void sort_keys(Storage storage, DoubleBuffer& keys, std::size_t count, cudaStream_t stream) {
  cub::DoubleBuffer<std::uint32_t> cub_keys(keys.current, keys.alternate);
  DAA_CUDA_CHECK(cub::DeviceRadixSort::SortKeys(storage.data, storage.bytes, cub_keys,
                                                static_cast<std::uint32_t>(count), 0, key_bits, stream));
  keys = {cub_keys.Current(), cub_keys.Alternate()};
}

std::size_t sort_keys_storage_bytes(std::size_t count) {
  std::size_t bytes = 0;
  cub::DoubleBuffer<std::uint32_t> none(nullptr, nullptr);
  DAA_CUDA_CHECK(
      cub::DeviceRadixSort::SortKeys(nullptr, bytes, none, static_cast<std::uint32_t>(count), 0, key_bits));
  return bytes;
}

}  // namespace daa::bench::primitives
