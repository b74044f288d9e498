// Two reductions of one input: its sum, by the library's device-wide reduction, and the sum of its squares,
// in two passes of our own over partial sums. (Were both the same sum, partial sums that overwrite each other
// could still add up.)
//
// The elements are integers of 16 bits in 32, summed in 64. A sum of floats could be held only to a bound
// that grows with the count, within which a wrong element goes unseen; an integer sum is exact in any order,
// and one wrong element shows. The memory traffic is that of floats.
#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_elements = 1;

class Reduce final : public Workload {
 public:
  Reduce(std::size_t elements, std::uint64_t seed, cudaStream_t stream)
      : count_(checked_elements("reduce", elements, least_elements)),
        storage_bytes_(primitives::sum_storage_bytes(count_)),
        input_(count_),
        sum_(1),
        square_sum_(1) {
    std::vector<std::uint32_t> values = random_words(count_, seed);
    for (std::uint32_t& value : values) {
      value >>= 16;
      expected_sum_ += value;
      expected_square_sum_ += std::uint64_t{value} * value;
    }
    input_.upload(values, stream);
  }

  // The library's reduction runs between the two passes, so that both temporaries are in use at once and an
  // overlap of them is a wrong sum.
  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    const std::size_t partials_count = primitives::partial_count(count_);
    auto* const partials = allocate<std::uint64_t>(scratch, partials_count);
    primitives::sum_squares_to_partials(input_.data(), count_, partials, stream);

    const primitives::Storage storage = allocate_storage(scratch, storage_bytes_);
    primitives::sum(storage, input_.data(), count_, sum_.data(), stream);

    primitives::sum_partials(partials, partials_count, square_sum_.data(), stream);
  }

  void spoil_outputs(cudaStream_t stream) override {
    sum_.fill_bytes(garbage_byte, stream);
    square_sum_.fill_bytes(garbage_byte, stream);
  }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    if (auto error = find_error_in("sum", sum_, expected_sum_, stream)) return error;
    return find_error_in("sum of squares", square_sum_, expected_square_sum_, stream);
  }

 private:
  static std::optional<std::string> find_error_in(std::string_view output,
                                                  const DeviceBuffer<std::uint64_t>& sum,
                                                  std::uint64_t expected, cudaStream_t stream) {
    const std::uint64_t actual = sum.download(stream).front();
    if (actual == expected) return std::nullopt;
    return fmt::format("{} is {}, expected {}", output, actual, expected);
  }

  std::size_t count_;
  std::size_t storage_bytes_;
  DeviceBuffer<std::uint32_t> input_;
  DeviceBuffer<std::uint64_t> sum_;
  DeviceBuffer<std::uint64_t> square_sum_;
  std::uint64_t expected_sum_ = 0;
  std::uint64_t expected_square_sum_ = 0;
};

}  // namespace

WorkloadInfo reduce_workload() {
  return {
      .name = "reduce",
      .summary = "sum by the library, and sum of squares in two passes over partial sums",
      .min_elements = least_elements,
      .bytes_per_element = 5,  // input 4; partial sums and storage are small
      .make = [](std::size_t elements, std::uint64_t seed, cudaStream_t stream) -> std::unique_ptr<Workload> {
        return std::make_unique<Reduce>(elements, seed, stream);
      }};
}

}  // namespace daa::bench
