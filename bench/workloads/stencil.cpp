// Eight steps of diffusion on a plane, a temporary field a step, and their mean over time as the output: it
// needs every field, so all stay in use to the end of the phase.
//
// The width is the greatest power of two whose square is at most the number of elements, which makes the grid
// one to four times as high as wide; the last row is short where the width does not divide the elements.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "allocators/allocator.hpp"
#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_elements = 4;  // 2 by 2
constexpr std::size_t steps = primitives::mean_fields;

primitives::Grid grid_of(std::size_t elements) {
  const auto root = static_cast<std::size_t>(std::sqrt(static_cast<double>(elements)));
  return {std::bit_floor(root), elements};
}

std::vector<float> random_field(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> field(count);
  for (float& cell : field) cell = random.unit();
  return field;
}

/// One step over one row; `above` and `below` are its neighbours, `columns_below` the length of the latter.
void diffuse_row(const float* row, const float* above, const float* below, std::size_t columns,
                 std::size_t columns_below, float* out) {
  for (std::size_t x = 0; x < columns; ++x) {
    const float left = row[x > 0 ? x - 1 : 0];
    const float right = row[x + 1 < columns ? x + 1 : x];
    const float down = x < columns_below ? below[x] : row[x];
    out[x] = 0.5f * row[x] + 0.125f * ((left + right) + (above[x] + down));
  }
}

/// The mean over time, computed as primitives::diffuse() and mean() say, and thus equal to the bit.
std::vector<float> reference(std::vector<float> field, primitives::Grid grid) {
  std::vector<float> next(grid.count), sum(grid.count, 0.0f);
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t begin = 0; begin < grid.count; begin += grid.width) {
      const std::size_t end = std::min(begin + grid.width, grid.count);
      const std::size_t end_below = std::min(end + grid.width, grid.count);
      const float* const row = field.data() + begin;
      diffuse_row(row, begin > 0 ? row - grid.width : row, row + grid.width, end - begin, end_below - end,
                  next.data() + begin);
    }
    field.swap(next);
    for (std::size_t i = 0; i < grid.count; ++i) sum[i] += field[i];
  }
  for (float& cell : sum) cell *= 1.0f / steps;
  return sum;
}

class Stencil final : public Workload {
 public:
  Stencil(std::size_t elements, std::uint64_t seed, cudaStream_t stream)
      : grid_(grid_of(checked_elements("stencil", elements, least_elements))),
        input_(elements),
        output_(elements) {
    std::vector<float> field = random_field(elements, seed);
    input_.upload(field, stream);
    expected_ = reference(std::move(field), grid_);
  }

  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    std::array<const float*, steps> fields;
    const float* previous = input_.data();
    for (const float*& field : fields) {
      auto* const next = allocate<float>(scratch, grid_.count);
      primitives::diffuse(previous, grid_, next, stream);
      field = previous = next;
    }
    primitives::mean(fields, grid_.count, output_.data(), stream);
  }

  void spoil_outputs(cudaStream_t stream) override { output_.fill_bytes(garbage_byte, stream); }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    return find_difference<float>("mean field", output_.download(stream), expected_);
  }

 private:
  primitives::Grid grid_;
  DeviceBuffer<float> input_;
  DeviceBuffer<float> output_;
  std::vector<float> expected_;
};

}  // namespace

WorkloadInfo stencil_workload() {
  return {
      .name = "stencil",
      .summary = "eight five-point steps, a temporary field each, and their mean over time",
      .min_elements = least_elements,
      .bytes_per_element = 40,  // input 4, output 4, eight fields of 4
      .make = [](std::size_t elements, std::uint64_t seed, cudaStream_t stream) -> std::unique_ptr<Workload> {
        return std::make_unique<Stencil>(elements, seed, stream);
      }};
}

}  // namespace daa::bench
