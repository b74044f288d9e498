// Device work of the workloads: one interface, implemented by kernels and CUB (cuda/) and by standard
// algorithms on the host runtime (host/). A program links one of the two.
//
// Every function that takes a stream enqueues its work there and returns; it throws CudaError if a launch
// fails and never synchronises. Pointers are device pointers, aligned to 16; ranges of one call do not
// overlap unless it says so. Counts are from 1 to max_count.
//
// What a temporary holds is never trusted as an index without a check: where memory handed out twice has
// corrupted it, results are wrong, and nothing beyond the given ranges is touched. CUB is the exception: a
// kernel of its that finds its storage corrupted may fault or never end.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace daa::bench::primitives {

/// Indices and CUB's offsets are 32 bits wide; a scan of one element more than this must fit, too.
inline constexpr std::size_t max_count = std::size_t{1} << 31;

/// Memory for a primitive's own intermediate results, contents undefined before and after. At least as many
/// bytes as the function named <primitive>_storage_bytes says: more than 0, and a function of the
/// count and, on CUDA, of the current device's model. The query costs host time there.
struct Storage {
  void* data;
  std::size_t bytes;
};

// --- sums --------------------------------------------------------------------------------------------------

/// Number of partial sums that sum_squares_to_partials() makes of `count` elements.
[[nodiscard]] constexpr std::size_t partial_count(std::size_t count) {
  constexpr std::size_t elements_per_partial = 4096, most = 4096;
  const std::size_t slices = (count + elements_per_partial - 1) / elements_per_partial;
  return slices < most ? slices : most;
}

/// Pass 1 of 2: partials[i] is the sum of the squares of the i-th share of `in`, modulo 2^64;
/// partial_count(count) of them.
void sum_squares_to_partials(const std::uint32_t* in, std::size_t count, std::uint64_t* partials,
                             cudaStream_t stream);

/// Pass 2 of 2: *out is the sum of `partials`, modulo 2^64.
void sum_partials(const std::uint64_t* partials, std::size_t partials_count, std::uint64_t* out,
                  cudaStream_t stream);

/// *out is the sum of `in`, by the library's device-wide reduction.
void sum(Storage storage, const std::uint32_t* in, std::size_t count, std::uint64_t* out,
         cudaStream_t stream);
[[nodiscard]] std::size_t sum_storage_bytes(std::size_t count);

/// out[i] is the square of in[i]: 64 bits, in which it is exact.
void square(const std::uint32_t* in, std::size_t count, std::uint64_t* out, cudaStream_t stream);

// --- scans -------------------------------------------------------------------------------------------------

/// out[i] = in[0] + ... + in[i - 1] modulo 2^32, by the library's device-wide scan. `out` may be `in`.
void exclusive_sum(Storage storage, const std::uint32_t* in, std::size_t count, std::uint32_t* out,
                   cudaStream_t stream);
[[nodiscard]] std::size_t exclusive_sum_storage_bytes(std::size_t count);

/// Elements a tile: the unit of the two functions below.
inline constexpr std::size_t scan_tile = 2048;
[[nodiscard]] constexpr std::size_t tile_count(std::size_t count) {
  return (count + scan_tile - 1) / scan_tile;
}

/// tile_sums[t] is the sum of tile t modulo 2^32; the last tile may be short.
void sum_tiles(const std::uint32_t* in, std::size_t count, std::uint32_t* tile_sums, cudaStream_t stream);

/// out[i] = tile_offsets[tile of i] + the elements of that tile before i, modulo 2^32.
void exclusive_sum_tiles(const std::uint32_t* in, std::size_t count, const std::uint32_t* tile_offsets,
                         std::uint32_t* out, cudaStream_t stream);

// --- sort --------------------------------------------------------------------------------------------------

/// Two buffers of the same size, of which `current` holds the data.
struct DoubleBuffer {
  std::uint32_t* current;
  std::uint32_t* alternate;
};

/// Sorts pairs by key, ascending and stable. On return (of the call, not of the work) `current` of each names
/// the buffer that will hold the result: either of the two; what the other will hold is undefined.
void sort_pairs(Storage storage, DoubleBuffer& keys, DoubleBuffer& values, std::size_t count,
                cudaStream_t stream);
[[nodiscard]] std::size_t sort_pairs_storage_bytes(std::size_t count);

/// The same of keys alone.
void sort_keys(Storage storage, DoubleBuffer& keys, std::size_t count, cudaStream_t stream);
[[nodiscard]] std::size_t sort_keys_storage_bytes(std::size_t count);

// --- parts of sorted keys ----------------------------------------------------------------------------------

/// samples[i] = in[i * count / samples_count]: so many of the keys, as far apart from each other as can be.
void take_samples(const std::uint32_t* in, std::size_t count, std::uint32_t* samples,
                  std::size_t samples_count, cudaStream_t stream);

/// counts[p] is the number of keys in part p of `parts`: those of at least splitters[p * stride] and below
/// splitters[(p + 1) * stride], where the first part has no lower and the last no upper bound. `keys` and
/// `splitters` ascend, and splitters[0] is not read; at most 1024 parts.
void count_parts(const std::uint32_t* keys, std::size_t count, const std::uint32_t* splitters,
                 std::size_t stride, std::size_t parts, std::uint32_t* counts, cudaStream_t stream);
inline constexpr std::size_t max_parts = 1024;

// --- stencil -----------------------------------------------------------------------------------------------

/// A field of `count` cells in rows of `width`, a power of two; the last row perhaps short.
struct Grid {
  std::size_t width;
  std::size_t count;
};

/// One explicit step of diffusion: out = in / 2 + (left + right + up + down) / 8, a neighbour outside the
/// grid being the cell itself. The four are added as (left + right) + (up + down). Each product is by a power
/// of two and thus exact, so the result is the same to the bit whether or not a compiler fuses it into the
/// sum.
void diffuse(const float* in, Grid grid, float* out, cudaStream_t stream);

/// The cells next to a grid on its four sides, or null where the field ends. `left` and `right` have a cell a
/// row, `up` and `down` one a column.
struct Halos {
  const float* left;
  const float* right;
  const float* up;
  const float* down;
};

/// diffuse() of a grid that is a part of a field, with its neighbours in `halos`. All rows are of `width`.
void diffuse_part(const float* in, Grid grid, const Halos& halos, float* out, cudaStream_t stream);

/// left[y] and right[y] are the first and the last cell of row y; either may be null. All rows are of
/// `width`.
void pack_columns(const float* in, Grid grid, float* left, float* right, cudaStream_t stream);

inline constexpr std::size_t mean_fields = 8;

/// out = the mean of the fields, cell by cell, added in their order. Exact in the same sense as diffuse().
void mean(const std::array<const float*, mean_fields>& fields, std::size_t count, float* out,
          cudaStream_t stream);

// --- compaction --------------------------------------------------------------------------------------------

/// flags[i] = in[i] < threshold, 1 or 0, for i < count; flags[count] = 0, so that an exclusive sum of
/// count + 1 flags ends in the number of those set.
void flag_below(const std::uint32_t* in, std::size_t count, std::uint32_t threshold, std::uint32_t* flags,
                cudaStream_t stream);

/// out[offsets[i]] = in[i] for each i < count whose flag is 1 and whose offset is below `out_count`.
void scatter_flagged(const std::uint32_t* in, std::size_t count, const std::uint32_t* flags,
                     const std::uint32_t* offsets, std::uint32_t* out, std::size_t out_count,
                     cudaStream_t stream);

// --- marks -------------------------------------------------------------------------------------------------

/// A block is marked in the first word of each mark_spacing bytes, so that no page of it is memory in name
/// only. Two blocks that are aligned to that and overlap have at least one of these words in common.
inline constexpr std::size_t mark_spacing = 256;
[[nodiscard]] constexpr std::size_t mark_count(std::size_t bytes) {
  return (bytes + mark_spacing - 1) / mark_spacing;
}

/// Marks a block of `bytes`, aligned to mark_spacing; of a last word that is short, what there is of it.
void write_marks(void* block, std::size_t bytes, std::uint32_t mark, cudaStream_t stream);

/// What is not as it was written.
struct WrongMarks {
  std::uint64_t count = 0;
  std::uint64_t first_mark = ~std::uint64_t{0};  // the least `mark` of them
};

/// Adds to *wrong the marks of the block that are not those that write_marks() has written. Calls for one
/// `wrong` are on one stream.
void check_marks(const void* block, std::size_t bytes, std::uint32_t mark, WrongMarks* wrong,
                 cudaStream_t stream);

/// write_marks() and check_marks() of several blocks of `bytes` each in few launches: block i has the mark
/// first_mark + i.
void write_marks_each(std::span<void* const> blocks, std::size_t bytes, std::uint32_t first_mark,
                      cudaStream_t stream);
void check_marks_each(std::span<void* const> blocks, std::size_t bytes, std::uint32_t first_mark,
                      WrongMarks* wrong, cudaStream_t stream);

}  // namespace daa::bench::primitives
