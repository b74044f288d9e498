// Stream compaction: flags, their exclusive sum, and a scatter of the flagged elements. It cycles through
// four inputs of different length and selectivity, so that the sizes of the temporaries change from phase to
// phase.
#include <algorithm>
#include <array>

#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_elements = 8;  // fewest that give four different lengths

/// An input's length is `elements` less length_cut sixths of them; `selected` sixteenths of it are kept.
struct Shape {
  unsigned length_cut;
  unsigned selected;
};
constexpr std::array<Shape, 4> shapes{{{0, 8}, {3, 15}, {1, 1}, {2, 11}}};

struct Input {
  std::uint32_t threshold;
  std::vector<std::uint32_t> values;
  std::size_t selected;  // how many are below the threshold: at least 1
  std::size_t storage_bytes;
  DeviceBuffer<std::uint32_t> on_device;
};

Input make_input(Shape shape, std::size_t elements, Random& random, cudaStream_t stream) {
  const std::uint32_t threshold = shape.selected << 28;
  std::vector<std::uint32_t> values = random_words(elements - elements * shape.length_cut / 6, random);
  values.front() = random.below(threshold);  // so that there is something to keep
  const auto selected =
      std::count_if(values.begin(), values.end(), [=](std::uint32_t value) { return value < threshold; });
  DeviceBuffer<std::uint32_t> on_device(values, stream);
  return {threshold, std::move(values), static_cast<std::size_t>(selected),
          primitives::exclusive_sum_storage_bytes(on_device.size() + 1), std::move(on_device)};
}

class Compact final : public Workload {
 public:
  Compact(std::size_t elements, std::uint64_t seed, cudaStream_t stream)
      : Compact(make_inputs(checked_elements("compact", elements, least_elements), seed, stream)) {}

  std::size_t cycle_length() const override { return inputs_.size(); }

  void restart_cycle() override { next_ = 0; }

  // The host knows how many elements are kept, for it generated them: no phase waits for the device to count.
  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    const Input& input = inputs_[next_];
    const std::uint32_t* const values = input.on_device.data();
    const std::size_t count = input.on_device.size();

    auto* const flags = allocate<std::uint32_t>(scratch, count + 1);
    primitives::flag_below(values, count, input.threshold, flags, stream);

    auto* const offsets = allocate<std::uint32_t>(scratch, count + 1);
    const primitives::Storage storage = allocate_storage(scratch, input.storage_bytes);
    primitives::exclusive_sum(storage, flags, count + 1, offsets, stream);

    auto* const kept = allocate<std::uint32_t>(scratch, input.selected);
    primitives::scatter_flagged(values, count, flags, offsets, kept, input.selected, stream);

    copy(kept, input.selected, output_, stream);
    copy(offsets + count, 1, output_count_, stream);
    skip_phase();
  }

  void skip_phase() override {
    last_ = next_;
    next_ = (next_ + 1) % inputs_.size();
  }

  void spoil_outputs(cudaStream_t stream) override {
    output_.fill_bytes(garbage_byte, stream);
    output_count_.fill_bytes(garbage_byte, stream);
  }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    const Input& input = inputs_[last_];
    const std::uint32_t count = output_count_.download(stream).front();
    if (count != input.selected) {
      return fmt::format("number of elements kept: {}, expected {}", count, input.selected);
    }
    const std::vector<std::uint32_t> output = output_.download(stream);
    std::size_t i = 0;
    for (const std::uint32_t value : input.values) {
      if (value >= input.threshold) continue;
      if (output[i] != value) return describe_difference("elements kept", i, output[i], value);
      ++i;
    }
    return std::nullopt;
  }

 private:
  explicit Compact(std::vector<Input> inputs)
      : inputs_(std::move(inputs)), output_(most_selected(inputs_)), output_count_(1) {}

  static std::vector<Input> make_inputs(std::size_t elements, std::uint64_t seed, cudaStream_t stream) {
    Random random(seed);
    std::vector<Input> inputs;
    for (const Shape& shape : shapes) inputs.push_back(make_input(shape, elements, random, stream));
    return inputs;
  }

  static std::size_t most_selected(const std::vector<Input>& inputs) {
    std::size_t most = 0;
    for (const Input& input : inputs) most = std::max(most, input.selected);
    return most;
  }

  static void copy(const std::uint32_t* from, std::size_t count, const DeviceBuffer<std::uint32_t>& to,
                   cudaStream_t stream) {
    DAA_CUDA_CHECK(cudaMemcpyAsync(to.data(), from, count * sizeof(*from), cudaMemcpyDeviceToDevice, stream));
  }

  std::vector<Input> inputs_;
  DeviceBuffer<std::uint32_t> output_;        // elements kept; the next two: of the phase enqueued last
  DeviceBuffer<std::uint32_t> output_count_;  // their number
  std::size_t next_ = 0;                      // the input of the next phase
  std::size_t last_ = 0;                      // that of the phase enqueued (or skipped) last
};

}  // namespace

WorkloadInfo compact_workload() {
  return {
      .name = "compact",
      .summary = "stream compaction of four inputs: the temporaries change their size from phase to phase",
      .min_elements = least_elements,
      .bytes_per_element = 25,  // inputs 12, output 2; at most 4 + 4 + 2 a phase, storage small
      .make = [](std::size_t elements, std::uint64_t seed, cudaStream_t stream) -> std::unique_ptr<Workload> {
        return std::make_unique<Compact>(elements, seed, stream);
      }};
}

}  // namespace daa::bench
