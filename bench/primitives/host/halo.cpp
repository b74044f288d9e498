#include "primitives/host/enqueue.hpp"

namespace daa::bench::primitives {

namespace {

void diffuse_cell(const float* in, Grid grid, const Halos& halos, float* out, std::size_t i) {
  const std::size_t column = i % grid.width, row = i / grid.width;
  const float centre = in[i];
  const auto beyond = [=](const float* halo, std::size_t place) { return halo ? halo[place] : centre; };
  const float left = column > 0 ? in[i - 1] : beyond(halos.left, row);
  const float right = column + 1 < grid.width ? in[i + 1] : beyond(halos.right, row);
  const float up = row > 0 ? in[i - grid.width] : beyond(halos.up, column);
  const float down = i + grid.width < grid.count ? in[i + grid.width] : beyond(halos.down, column);
  out[i] = 0.5f * centre + 0.125f * ((left + right) + (up + down));
}

void add_access(std::vector<host_runtime::Access>& accesses, const float* cells, std::size_t count) {
  if (cells != nullptr) accesses.push_back(access(cells, count));
}

}  // namespace

void diffuse_part(const float* in, Grid grid, const Halos& halos, float* out, cudaStream_t stream) {
  const std::size_t rows = grid.count / grid.width;
  std::vector<host_runtime::Access> accesses{access(in, grid.count), access(out, grid.count)};
  add_access(accesses, halos.left, rows);
  add_access(accesses, halos.right, rows);
  add_access(accesses, halos.up, grid.width);
  add_access(accesses, halos.down, grid.width);
  enqueue(stream, std::move(accesses), [=] {
    for (std::size_t i = 0; i < grid.count; ++i) diffuse_cell(in, grid, halos, out, i);
  });
}

void pack_columns(const float* in, Grid grid, float* left, float* right, cudaStream_t stream) {
  const std::size_t rows = grid.count / grid.width;
  std::vector<host_runtime::Access> accesses{access(in, grid.count)};
  add_access(accesses, left, rows);
  add_access(accesses, right, rows);
  enqueue(stream, std::move(accesses), [=] {
    for (std::size_t row = 0; row < rows; ++row) {
      if (left != nullptr) left[row] = in[row * grid.width];
      if (right != nullptr) right[row] = in[(row + 1) * grid.width - 1];
    }
  });
}

}  // namespace daa::bench::primitives
