// Eight steps of diffusion on a plane that is cut into a block a rank, and their mean over time as the
// output. In each step ranks exchange the cells next to their borders: rows as they lie in the field, columns
// packed into temporaries. Every field and every message is a temporary, and all stay in use to the end of
// the phase.
//
// A block is as wide as the greatest power of two whose square is at most the number of elements, and as high
// as these fill it. The ranks form a grid that is as near to a square as their number allows.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/communicating.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_elements = 4;  // 2 by 2
constexpr std::size_t steps = primitives::mean_fields;

primitives::Grid block_of(std::size_t elements) {
  const std::size_t width =
      std::bit_floor(static_cast<std::size_t>(std::sqrt(static_cast<double>(elements))));
  return {width, elements / width * width};
}

/// Where along one axis a rank is among the ranks.
struct Place {
  std::size_t index;
  std::size_t count;

  [[nodiscard]] bool has_previous() const { return index > 0; }
  [[nodiscard]] bool has_next() const { return index + 1 < count; }
};

struct Places {
  Place column;
  Place row;
};

/// Ranks row by row, at most as many rows as columns.
Places places_of(std::size_t rank, std::size_t ranks) {
  auto rows = static_cast<std::size_t>(std::sqrt(static_cast<double>(ranks)));
  while (ranks % rows != 0) --rows;
  const std::size_t columns = ranks / rows;
  return {{rank % columns, columns}, {rank / columns, rows}};
}

/// What the reference computes along one axis, in cells of the field: a block, and the cells about it on
/// which its last step depends.
struct Extent {
  Extent(Place place, std::size_t block)
      : begin(std::max(place.index * block, steps) - steps),
        end(std::min((place.index + 1) * block + steps, place.count * block)),
        block_begin(place.index * block - begin),
        block_end(block_begin + block),
        field(place.count * block) {}

  [[nodiscard]] std::size_t size() const { return end - begin; }

  std::size_t begin, end;
  std::size_t block_begin, block_end;  // from `begin`
  std::size_t field;
};

/// Cells of the field, which are drawn from `seed` row by row.
std::vector<float> initial_cells(Extent x, Extent y, std::uint64_t seed) {
  std::vector<float> cells;
  cells.reserve(x.size() * y.size());
  for (std::size_t row = y.begin; row < y.end; ++row) {
    Random random(seed);
    random.skip(row * x.field + x.begin);
    for (std::size_t column = x.begin; column < x.end; ++column) cells.push_back(random.unit());
  }
  return cells;
}

/// Those of `cells` that belong to the block.
std::vector<float> cut_block(const std::vector<float>& cells, Extent x, Extent y) {
  std::vector<float> block;
  for (std::size_t row = y.block_begin; row < y.block_end; ++row) {
    const float* const begin = cells.data() + row * x.size();
    block.insert(block.end(), begin + x.block_begin, begin + x.block_end);
  }
  return block;
}

/// The block's mean over time, computed as primitives::diffuse() and mean() say, and thus equal to the bit.
/// `cells` end where the field goes on: cells there are wrong after a step, and with each step one more of a
/// row or column, but of the block none.
std::vector<float> reference(std::vector<float> cells, Extent x, Extent y) {
  const std::size_t width = x.size(), height = y.size();
  std::vector<float> next(cells.size()), sum((x.block_end - x.block_begin) * (y.block_end - y.block_begin));
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t row = 0; row < height; ++row) {
      const float* const here = cells.data() + row * width;
      const float* const above = row > 0 ? here - width : here;
      const float* const below = row + 1 < height ? here + width : here;
      for (std::size_t column = 0; column < width; ++column) {
        const float left = here[column > 0 ? column - 1 : column];
        const float right = here[column + 1 < width ? column + 1 : column];
        next[row * width + column] =
            0.5f * here[column] + 0.125f * ((left + right) + (above[column] + below[column]));
      }
    }
    cells.swap(next);
    const std::vector<float> block = cut_block(cells, x, y);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += block[i];
  }
  for (float& cell : sum) cell *= 1.0f / steps;
  return sum;
}

class Halo : public Workload {
 public:
  Halo(std::size_t elements, std::uint64_t seed, cudaStream_t stream, Transport& transport)
      : transport_(transport),
        block_(block_of(checked_elements("halo", elements, least_elements))),
        rows_(block_.count / block_.width),
        places_(places_of(transport.rank(), transport.size())),
        input_(block_.count),
        output_(block_.count) {
    const Extent x(places_.column, block_.width), y(places_.row, rows_);
    std::vector<float> cells = initial_cells(x, y, seed);
    input_.upload(cut_block(cells, x, y), stream);
    expected_ = reference(std::move(cells), x, y);
  }

  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    std::array<const float*, steps> fields;
    const float* previous = input_.data();
    for (const float*& field : fields) {
      const primitives::Halos halos = exchange_borders(previous, scratch, stream);
      auto* const next = allocate<float>(scratch, block_.count);
      primitives::diffuse_part(previous, block_, halos, next, stream);
      field = previous = next;
    }
    primitives::mean(fields, block_.count, output_.data(), stream);
  }

  void spoil_outputs(cudaStream_t stream) override { output_.fill_bytes(garbage_byte, stream); }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    return find_difference<float>("mean field", output_.download(stream), expected_);
  }

 private:
  /// The messages of one step, at most one for each side.
  class Messages {
   public:
    /// Sends `cells` to `rank` and receives as many from there.
    void add(std::size_t rank, const float* cells, float* halo, std::size_t count) {
      sends_[count_] = {rank, cells, count * sizeof(float)};
      receives_[count_] = {rank, halo, count * sizeof(float)};
      ++count_;
    }
    void exchange(Transport& transport, cudaStream_t stream) const {
      if (count_ == 0) return;
      transport.exchange(std::span(sends_).first(count_), std::span(receives_).first(count_), stream);
    }

   private:
    static constexpr std::size_t sides = 4;
    std::array<Transport::Send, sides> sends_{};
    std::array<Transport::Receive, sides> receives_{};
    std::size_t count_ = 0;
  };

  primitives::Halos exchange_borders(const float* field, ScratchAllocator& scratch,
                                     cudaStream_t stream) const {
    const auto& [column, row] = places_;
    const auto allocate_if = [&](bool exists, std::size_t count) {
      return exists ? allocate<float>(scratch, count) : nullptr;
    };
    float* const first_column = allocate_if(column.has_previous(), rows_);
    float* const last_column = allocate_if(column.has_next(), rows_);
    if (column.count > 1) primitives::pack_columns(field, block_, first_column, last_column, stream);

    float* const left = allocate_if(column.has_previous(), rows_);
    float* const right = allocate_if(column.has_next(), rows_);
    float* const up = allocate_if(row.has_previous(), block_.width);
    float* const down = allocate_if(row.has_next(), block_.width);
    const std::size_t rank = transport_.rank();
    Messages messages;
    if (left != nullptr) messages.add(rank - 1, first_column, left, rows_);
    if (right != nullptr) messages.add(rank + 1, last_column, right, rows_);
    if (up != nullptr) messages.add(rank - column.count, field, up, block_.width);
    if (down != nullptr) {
      messages.add(rank + column.count, field + block_.count - block_.width, down, block_.width);
    }
    messages.exchange(transport_, stream);
    return {left, right, up, down};
  }

  Transport& transport_;
  primitives::Grid block_;
  std::size_t rows_;
  Places places_;
  DeviceBuffer<float> input_;
  DeviceBuffer<float> output_;
  std::vector<float> expected_;
};

}  // namespace

WorkloadInfo halo_workload() {
  return {.name = "halo",
          .summary = "eight five-point steps on a plane cut between ranks, which exchange their borders",
          .min_elements = least_elements,
          .bytes_per_element = 40,  // input 4, output 4, eight fields of 4; of borders little
          .make = make_alone<Halo>,
          .make_between = make_part<Halo>};
}

}  // namespace daa::bench
