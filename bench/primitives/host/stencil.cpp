#include "primitives/host/enqueue.hpp"

namespace daa::bench::primitives {

namespace {

void diffuse_cell(const float* in, Grid grid, float* out, std::size_t i) {
  const std::size_t column = i % grid.width;
  const float centre = in[i];
  const float left = column > 0 ? in[i - 1] : centre;
  const float right = column + 1 < grid.width && i + 1 < grid.count ? in[i + 1] : centre;
  const float up = i >= grid.width ? in[i - grid.width] : centre;
  const float down = i + grid.width < grid.count ? in[i + grid.width] : centre;
  out[i] = 0.5f * centre + 0.125f * ((left + right) + (up + down));
}

}  // namespace

void diffuse(const float* in, Grid grid, float* out, cudaStream_t stream) {
  enqueue(stream, {access(in, grid.count), access(out, grid.count)}, [=] {
    for (std::size_t i = 0; i < grid.count; ++i) diffuse_cell(in, grid, out, i);
  });
}

void mean(const std::array<const float*, mean_fields>& fields, std::size_t count, float* out,
          cudaStream_t stream) {
  std::vector<host_runtime::Access> accesses{access(out, count)};
  for (const float* const field : fields) accesses.push_back(access(field, count));
  enqueue(stream, std::move(accesses), [=] {
    for (std::size_t i = 0; i < count; ++i) {
      float sum = 0;
      for (const float* const field : fields) sum += field[i];
      out[i] = sum * (1.0f / mean_fields);
    }
  });
}

}  // namespace daa::bench::primitives
