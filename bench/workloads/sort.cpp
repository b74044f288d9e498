// A radix sort of pairs of key and index, which leaves its input as it is: the sort works on a copy, and on a
// second buffer of the same size for each of keys and values.
#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_elements = 1;
constexpr std::size_t equal_keys = 4;  // elements that share a key, on average

/// Keys that use all 32 bits, many of them equal, so that it matters that the sort is stable.
std::vector<std::uint32_t> random_keys(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  const std::vector<std::uint32_t> distinct = random_words(count / equal_keys + 1, random);
  std::vector<std::uint32_t> keys(count);
  for (std::uint32_t& key : keys) key = distinct[random.below(static_cast<std::uint32_t>(distinct.size()))];
  return keys;
}

/// 0, 1, 2, ...: with the index as its value, a sorted pair tells where it came from.
std::vector<std::uint32_t> indices(std::size_t count) {
  std::vector<std::uint32_t> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i] = static_cast<std::uint32_t>(i);
  return result;
}

class Sort final : public Workload {
 public:
  Sort(std::size_t elements, std::uint64_t seed, cudaStream_t stream)
      : count_(checked_elements("sort", elements, least_elements)),
        storage_bytes_(primitives::sort_pairs_storage_bytes(count_)),
        keys_(random_keys(count_, seed)),
        input_keys_(keys_, stream),
        input_values_(indices(count_), stream),
        sorted_keys_(count_),
        sorted_values_(count_) {}

  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    primitives::DoubleBuffer keys, values;
    keys.current = allocate<std::uint32_t>(scratch, count_);
    values.current = allocate<std::uint32_t>(scratch, count_);
    copy(input_keys_.data(), keys.current, stream);
    copy(input_values_.data(), values.current, stream);

    keys.alternate = allocate<std::uint32_t>(scratch, count_);
    values.alternate = allocate<std::uint32_t>(scratch, count_);
    const primitives::Storage storage = allocate_storage(scratch, storage_bytes_);
    primitives::sort_pairs(storage, keys, values, count_, stream);

    copy(keys.current, sorted_keys_.data(), stream);
    copy(values.current, sorted_values_.data(), stream);
  }

  void spoil_outputs(cudaStream_t stream) override {
    sorted_keys_.fill_bytes(garbage_byte, stream);
    sorted_values_.fill_bytes(garbage_byte, stream);
  }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    if (auto error = find_difference<std::uint32_t>("input keys", input_keys_.download(stream), keys_)) {
      return error;
    }
    return find_error_in(sorted_keys_.download(stream), sorted_values_.download(stream));
  }

 private:
  void copy(const std::uint32_t* from, std::uint32_t* to, cudaStream_t stream) const {
    DAA_CUDA_CHECK(
        cudaMemcpyAsync(to, from, count_ * sizeof(std::uint32_t), cudaMemcpyDeviceToDevice, stream));
  }

  // Complete without a reference: pairs that strictly ascend by (key, index) are all different; each has the
  // key of the element it names, so the `count_` indices are different, too, and every element is there. Only
  // the stable sort of the input is such a sequence.
  [[nodiscard]] std::optional<std::string> find_error_in(const std::vector<std::uint32_t>& keys,
                                                         const std::vector<std::uint32_t>& values) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (values[i] >= count_) {
        return fmt::format("sorted values: element {} is {}, expected an index below {}", i, values[i],
                           count_);
      }
      if (keys[i] != keys_[values[i]]) {
        return describe_difference("sorted keys", i, keys[i], keys_[values[i]]) +
               fmt::format(", the key of input {}", values[i]);
      }
      if (i > 0 && (keys[i - 1] > keys[i] || (keys[i - 1] == keys[i] && values[i - 1] >= values[i]))) {
        return fmt::format("sorted pairs: element {} is ({}, {}), which is not behind ({}, {})", i, keys[i],
                           values[i], keys[i - 1], values[i - 1]);
      }
    }
    return std::nullopt;
  }

  std::size_t count_;
  std::size_t storage_bytes_;
  std::vector<std::uint32_t> keys_;
  DeviceBuffer<std::uint32_t> input_keys_;
  DeviceBuffer<std::uint32_t> input_values_;
  DeviceBuffer<std::uint32_t> sorted_keys_;
  DeviceBuffer<std::uint32_t> sorted_values_;
};

}  // namespace

WorkloadInfo sort_workload() {
  return {
      .name = "sort",
      .summary = "stable radix sort of key-index pairs by the library, input kept",
      .min_elements = least_elements,
      .bytes_per_element = 33,  // input 8, output 8, copies 8, alternate buffers 8; storage below 1
      .make = [](std::size_t elements, std::uint64_t seed, cudaStream_t stream) -> std::unique_ptr<Workload> {
        return std::make_unique<Sort>(elements, seed, stream);
      }};
}

}  // namespace daa::bench
