// Sums over all ranks, element by element, of buckets of different size, as when the gradients of a model are
// reduced while they are computed: the first bucket is half of the elements, each next one half of the rest.
//
// A rank contributes the squares of its elements. They are integers, whose sum modulo 2^64 is exact in any
// order, so one wrong bit of one rank shows.
#include <array>

#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/communicating.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_elements = 1;
constexpr std::size_t most_buckets = 8;

struct Bucket {
  std::size_t begin;
  std::size_t count;
};

/// The last one has all that is left.
std::vector<Bucket> buckets_of(std::size_t elements) {
  std::vector<Bucket> buckets;
  for (std::size_t begin = 0; begin < elements; begin += buckets.back().count) {
    const std::size_t left = elements - begin;
    buckets.push_back({begin, buckets.size() + 1 < most_buckets ? (left + 1) / 2 : left});
  }
  return buckets;
}

std::vector<std::uint32_t> values_of(std::size_t rank, std::size_t elements, std::uint64_t seed) {
  Random random(seed);
  random.skip(rank * elements);
  return random_words(elements, random);
}

class Allreduce : public Workload {
 public:
  Allreduce(std::size_t elements, std::uint64_t seed, cudaStream_t stream, Transport& transport)
      : transport_(transport),
        buckets_(buckets_of(checked_elements("allreduce", elements, least_elements))),
        input_(values_of(transport.rank(), elements, seed), stream),
        output_(elements),
        expected_(elements) {
    for (std::size_t rank = 0; rank < transport.size(); ++rank) {
      const std::vector<std::uint32_t> values = values_of(rank, elements, seed);
      for (std::size_t i = 0; i < elements; ++i) expected_[i] += std::uint64_t{values[i]} * values[i];
    }
  }

  // The sums are read when all are there, as by an optimiser: all temporaries are in use at once, and an
  // overlap of two is a wrong sum.
  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    std::array<const std::uint64_t*, most_buckets> sums{};
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      const auto [begin, count] = buckets_[i];
      auto* const own = allocate<std::uint64_t>(scratch, count);
      primitives::square(input_.data() + begin, count, own, stream);
      auto* const sum = allocate<std::uint64_t>(scratch, count);
      transport_.sum(own, sum, count, stream);
      sums[i] = sum;
    }
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      DAA_CUDA_CHECK(cudaMemcpyAsync(output_.data() + buckets_[i].begin, sums[i],
                                     buckets_[i].count * sizeof(std::uint64_t), cudaMemcpyDeviceToDevice,
                                     stream));
    }
  }

  void spoil_outputs(cudaStream_t stream) override { output_.fill_bytes(garbage_byte, stream); }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    return find_difference<std::uint64_t>("sum over the ranks", output_.download(stream), expected_);
  }

 private:
  Transport& transport_;
  std::vector<Bucket> buckets_;
  DeviceBuffer<std::uint32_t> input_;
  DeviceBuffer<std::uint64_t> output_;
  std::vector<std::uint64_t> expected_;
};

}  // namespace

WorkloadInfo allreduce_workload() {
  return {.name = "allreduce",
          .summary = "sums over the ranks of 64-bit integers, in eight buckets of different size",
          .min_elements = least_elements,
          .bytes_per_element = 28,  // input 4, output 8, contributions 8, sums 8
          .make = make_alone<Allreduce>,
          .make_between = make_part<Allreduce>};
}

}  // namespace daa::bench
