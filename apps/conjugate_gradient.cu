// A conjugate gradient solver whose iteration is a CUDA graph with temporaries from an arena and no memory
// nodes.
//
//   build/release/bin/conjugate_gradient
//
// Solves A x = b by conjugate gradients. A, in CSR, is the 5-point Laplacian of a square grid; b is computed
// from a known x. Verifies |b - A x| and the distance from the known x on the CPU. Exits with 0 if they are
// right, 1 if they are wrong, 2 without a GPU.
//
// Shows: CapturePolicy::presized, warmed up by an ordinary iteration; scalars that stay on the device;
// ordinary phases between the graph's launches, in the memory that the graph uses; ArenaScope. CUDA calls
// involved: cudaMallocAsync, cudaFreeAsync and cudaStreamGetCaptureInfo by the arena; cudaStreamBeginCapture,
// cudaStreamEndCapture, cudaGraphInstantiate, cudaGraphGetNodes, cudaGraphLaunch.

#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "daa/device_async_arena.hpp"

namespace {

using daa::alloc;
using daa::DeviceAsyncArena;

constexpr int side = 512, rows = side * side;
constexpr int block = 256, grid = (rows + block - 1) / block;
constexpr double tolerance = 1e-10;  // of |b - A x| / |b|
constexpr int launches_per_read = 50, most_iterations = 10'000;

// --- CPU reference ---

struct HostMatrix {
  std::vector<int> row_begin = {0}, column;
  std::vector<double> value;
};

HostMatrix laplacian() {
  HostMatrix a;
  for (int i = 0; i < rows; ++i) {
    for (const int step : {-side, -1, 0, 1, side}) {
      const bool over_the_end = (step == -1 && i % side == 0) || (step == 1 && i % side == side - 1);
      if (over_the_end || i + step < 0 || i + step >= rows) continue;
      a.column.push_back(i + step);
      a.value.push_back(step == 0 ? 4 : -1);
    }
    a.row_begin.push_back(static_cast<int>(a.column.size()));
  }
  return a;
}

std::vector<double> product(const HostMatrix& a, const std::vector<double>& x) {
  std::vector<double> result(rows, 0.0);
  for (int i = 0; i < rows; ++i) {
    for (int k = a.row_begin[i]; k < a.row_begin[i + 1]; ++k) result[i] += a.value[k] * x[a.column[k]];
  }
  return result;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double squares = 0;
  for (int i = 0; i < rows; ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares);
}

// --- kernels ---

// The device arrays that exist for the whole solution. `rr` points to the scalar r * r.
struct System {
  const int *row_begin, *column;
  const double* value;
  double *x, *r, *p, *rr;
};

__device__ int element() {
  return static_cast<int>(blockIdx.x * block + threadIdx.x);
}

__global__ void multiply(System s, const double* in, double* out) {
  const int i = element();
  if (i >= rows) return;
  double sum = 0;
  for (int k = s.row_begin[i]; k < s.row_begin[i + 1]; ++k) sum += s.value[k] * in[s.column[k]];
  out[i] = sum;
}

// The sum of a * b in each thread block; the sum of a if b is null.
__global__ void dot_blocks(const double* a, const double* b, int count, double* block_sums) {
  __shared__ double sums[block];
  double mine = 0;
  for (int i = element(); i < count; i += static_cast<int>(gridDim.x) * block) {
    mine += b == nullptr ? a[i] : a[i] * b[i];
  }
  sums[threadIdx.x] = mine;
  __syncthreads();
  for (unsigned half = block / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) block_sums[blockIdx.x] = sums[0];
}

__global__ void descend(System s, const double* ap, const double* pap) {
  const int i = element();
  if (i >= rows) return;
  const double alpha = *s.rr / *pap;
  s.x[i] += alpha * s.p[i];
  s.r[i] -= alpha * ap[i];
}

__global__ void update_direction(System s, const double* next_rr) {
  const int i = element();
  if (i < rows) s.p[i] = s.r[i] + *next_rr / *s.rr * s.p[i];
}

// --- the phases ---

void dot(DeviceAsyncArena& scratch, const double* a, const double* b, double* result) {
  const daa::ArenaScope scope{scratch};
  auto block_sums = alloc<double>(scratch, grid);
  dot_blocks<<<grid, block, 0, scratch.stream()>>>(a, b, rows, block_sums);
  DAA_CUDA_CHECK(cudaGetLastError());
  dot_blocks<<<1, block, 0, scratch.stream()>>>(block_sums, nullptr, grid, result);
  DAA_CUDA_CHECK(cudaGetLastError());
}

// May be captured: no call here waits for the stream or queries it.
void iterate(DeviceAsyncArena& scratch, System s) {
  const cudaStream_t stream = scratch.stream();
  auto ap = alloc<double>(scratch, rows);
  auto pap = alloc<double>(scratch, 1), next_rr = alloc<double>(scratch, 1);
  multiply<<<grid, block, 0, stream>>>(s, s.p, ap);
  DAA_CUDA_CHECK(cudaGetLastError());
  dot(scratch, s.p, ap, pap);
  descend<<<grid, block, 0, stream>>>(s, ap, pap);
  DAA_CUDA_CHECK(cudaGetLastError());
  dot(scratch, s.r, s.r, next_rr);
  update_direction<<<grid, block, 0, stream>>>(s, next_rr);
  DAA_CUDA_CHECK(cudaGetLastError());
  DAA_CUDA_CHECK(cudaMemcpyAsync(s.rr, next_rr, sizeof(double), cudaMemcpyDeviceToDevice, stream));
  scratch.reset();
}

template <class T>
T* to_device(DeviceAsyncArena& storage, const std::vector<T>& from) {
  auto to = alloc<T>(storage, from.size());
  DAA_CUDA_CHECK(cudaMemcpyAsync(to, from.data(), to.size_bytes(), cudaMemcpyHostToDevice, storage.stream()));
  return to;
}

std::size_t count_nodes(cudaGraph_t graph) {
  std::size_t count = 0;
  DAA_CUDA_CHECK(cudaGraphGetNodes(graph, nullptr, &count));
  std::vector<cudaGraphNode_t> nodes(count);
  DAA_CUDA_CHECK(cudaGraphGetNodes(graph, nodes.data(), &count));
  for (const cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    DAA_CUDA_CHECK(cudaGraphNodeGetType(node, &type));
    const bool is_for_memory = type == cudaGraphNodeTypeMemAlloc || type == cudaGraphNodeTypeMemFree;
    if (is_for_memory) throw std::runtime_error("wrong: the graph has a memory node");
  }
  return count;
}

struct DestroyGraph {
  void operator()(cudaGraph_t graph) const noexcept { static_cast<void>(cudaGraphDestroy(graph)); }
  void operator()(cudaGraphExec_t exec) const noexcept { static_cast<void>(cudaGraphExecDestroy(exec)); }
};
using Graph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, DestroyGraph>;
using GraphExec = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, DestroyGraph>;

// Captures what `enqueue` enqueues. Ends the capture even if `enqueue` throws.
template <class Enqueue>
Graph capture(cudaStream_t stream, Enqueue enqueue) {
  cudaGraph_t graph = nullptr;
  DAA_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  try {
    enqueue();
  } catch (...) {
    if (cudaStreamEndCapture(stream, &graph) == cudaSuccess) Graph{graph};
    throw;
  }
  DAA_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  return Graph{graph};
}

// `x` must be 0 on entry; receives the solution.
void solve(cudaStream_t stream, const HostMatrix& a, const std::vector<double>& b, double norm_b,
           std::vector<double>& x) {
  DeviceAsyncArena storage{stream};  // one phase: the whole solution
  const std::vector first_rr{norm_b * norm_b};
  const System s{to_device(storage, a.row_begin), to_device(storage, a.column), to_device(storage, a.value),
                 to_device(storage, x),           to_device(storage, b),        to_device(storage, b),
                 to_device(storage, first_rr)};
  daa::ArenaOptions options;
  options.capture = daa::CapturePolicy::presized;
  options.initial_bytes = std::size_t{4} << 20;  // fits an iteration: presized keeps outgrown chunks
  DeviceAsyncArena scratch{stream, {}, options};
  iterate(scratch, s);  // the arena now holds what an iteration needs

  const Graph graph = capture(stream, [&] { iterate(scratch, s); });
  const std::size_t nodes = count_nodes(graph.get());
  cudaGraphExec_t instance = nullptr;
  DAA_CUDA_CHECK(cudaGraphInstantiate(&instance, graph.get(), 0));
  const GraphExec exec{instance};  // destroyed before the memory that it uses

  int iterations = 1;
  double rr = 0;
  do {
    for (int k = 0; k < launches_per_read; ++k) {  // between two phases, in stream order
      DAA_CUDA_CHECK(cudaGraphLaunch(exec.get(), stream));
    }
    iterate(scratch, s);  // an ordinary phase, in the memory that the graph uses
    iterations += launches_per_read + 1;
    DAA_CUDA_CHECK(cudaMemcpyAsync(&rr, s.rr, sizeof rr, cudaMemcpyDeviceToHost, stream));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));  // the host decides whether to go on
  } while (std::sqrt(rr) > tolerance * norm_b && iterations < most_iterations);
  DAA_CUDA_CHECK(cudaMemcpyAsync(x.data(), s.x, rows * sizeof(double), cudaMemcpyDeviceToHost, stream));
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));

  const daa::ArenaStats stats = scratch.stats();
  std::printf("%d iterations, most by a graph of %zu nodes, none of them memory nodes\n", iterations, nodes);
  std::printf("%zu CUDA calls for memory, %zu bytes reserved, high-water mark %zu\n", stats.runtime_calls,
              stats.bytes_reserved, stats.high_water_bytes);
}

int run() {
  const HostMatrix a = laplacian();
  std::vector<double> known(rows), x(rows, 0.0);
  for (int i = 0; i < rows; ++i) known[i] = i * 48'271ll % 65'537 / 32'768.0 - 1;
  const std::vector<double> b = product(a, known);
  const double norm_b = distance(b, x);

  cudaStream_t stream = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  solve(stream, a, b, norm_b, x);
  DAA_CUDA_CHECK(cudaStreamDestroy(stream));

  // Rounding makes r differ from b - A x by about 1e-13 of |b|, which the bound allows for. The error of x is
  // at most the residual divided by the smallest eigenvalue of A.
  const double residual = distance(b, product(a, x)), bound = 1.01 * tolerance * norm_b;
  const double sine = std::sin(std::acos(-1.0) / (2 * (side + 1)));
  const double error = distance(x, known), error_bound = bound / (8 * sine * sine);
  if (!(residual <= bound && error <= error_bound)) {
    std::printf("wrong: |b - A x| is %g, allowed %g; x is off by %g, allowed %g\n", residual, bound, error,
                error_bound);
    return 1;
  }
  std::printf("verified: %d unknowns, |b - A x| / |b| is %.1e\n", rows, residual / norm_b);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    std::fprintf(stderr, "conjugate_gradient: unknown argument %s; it takes none\n", argv[1]);
    return 1;
  }
  int count = 0;
  const cudaError_t found = cudaGetDeviceCount(&count);
  if (found == cudaErrorNoDevice || found == cudaErrorInsufficientDriver) {
    std::printf("waived: no GPU: %s\n", cudaGetErrorString(found));
    return 2;
  }
  try {
    DAA_CUDA_CHECK(found);
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
