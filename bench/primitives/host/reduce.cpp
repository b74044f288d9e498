#include <algorithm>
#include <functional>
#include <numeric>

#include "primitives/host/enqueue.hpp"

namespace daa::bench::primitives {

namespace {

constexpr std::size_t storage_slice = 4096;

std::size_t slice_count(std::size_t count) {
  return (count + storage_slice - 1) / storage_slice;
}

/// sums[i] is the sum of the i-th of the slices of `length` elements, each of which adds `term` of itself.
template <class Term>
void sum_slices(const std::uint32_t* in, std::size_t count, std::size_t length, std::uint64_t* sums,
                Term term) {
  for (std::size_t begin = 0; begin < count; begin += length) {
    const std::uint32_t* const end = in + std::min(begin + length, count);
    *sums++ = std::transform_reduce(in + begin, end, std::uint64_t{0}, std::plus<>(), term);
  }
}

std::uint64_t itself(std::uint32_t value) {
  return value;
}
std::uint64_t square_of(std::uint32_t value) {
  return std::uint64_t{value} * value;
}

}  // namespace

void sum_squares_to_partials(const std::uint32_t* in, std::size_t count, std::uint64_t* partials,
                             cudaStream_t stream) {
  const std::size_t shares = partial_count(count);
  enqueue(stream, {access(in, count), access(partials, shares)}, [=] {
    std::fill_n(partials, shares, std::uint64_t{0});  // the last shares may be empty
    sum_slices(in, count, (count + shares - 1) / shares, partials, square_of);
  });
}

void sum_partials(const std::uint64_t* partials, std::size_t partials_count, std::uint64_t* out,
                  cudaStream_t stream) {
  enqueue(stream, {access(partials, partials_count), access(out, 1)},
          [=] { *out = std::accumulate(partials, partials + partials_count, std::uint64_t{0}); });
}

void sum(Storage storage, const std::uint32_t* in, std::size_t count, std::uint64_t* out,
         cudaStream_t stream) {
  check_storage(storage, sum_storage_bytes(count));
  auto* const sums = static_cast<std::uint64_t*>(storage.data);
  const std::size_t slices = slice_count(count);
  enqueue(stream, {access(in, count), access(sums, slices), access(out, 1)}, [=] {
    sum_slices(in, count, storage_slice, sums, itself);
    *out = std::accumulate(sums, sums + slices, std::uint64_t{0});
  });
}

std::size_t sum_storage_bytes(std::size_t count) {
  return slice_count(count) * sizeof(std::uint64_t);
}

void square(const std::uint32_t* in, std::size_t count, std::uint64_t* out, cudaStream_t stream) {
  enqueue(stream, {access(in, count), access(out, count)},
          [=] { std::transform(in, in + count, out, square_of); });
}

}  // namespace daa::bench::primitives
