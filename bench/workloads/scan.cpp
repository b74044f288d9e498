// An exclusive prefix sum by two routes: the library's device-wide scan of the whole input, and tiles of our
// own, whose sums the library scans. Sums are modulo 2^32, and exact.
#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_elements = 1;

class Scan final : public Workload {
 public:
  Scan(std::size_t elements, std::uint64_t seed, cudaStream_t stream)
      : count_(checked_elements("scan", elements, least_elements)),
        storage_bytes_(primitives::exclusive_sum_storage_bytes(count_)),
        tile_storage_bytes_(primitives::exclusive_sum_storage_bytes(primitives::tile_count(count_))),
        values_(random_words(count_, seed)),
        input_(values_, stream),
        library_(count_),
        tiled_(count_) {}

  // The library's scan of the whole runs while the sums of the tiles wait to be scanned, so that an overlap
  // of its storage with them is a wrong result.
  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    const std::size_t tiles = primitives::tile_count(count_);
    auto* const tile_sums = allocate<std::uint32_t>(scratch, tiles);
    primitives::sum_tiles(input_.data(), count_, tile_sums, stream);

    const primitives::Storage storage = allocate_storage(scratch, storage_bytes_);
    primitives::exclusive_sum(storage, input_.data(), count_, library_.data(), stream);

    const primitives::Storage tile_storage = allocate_storage(scratch, tile_storage_bytes_);
    primitives::exclusive_sum(tile_storage, tile_sums, tiles, tile_sums, stream);
    primitives::exclusive_sum_tiles(input_.data(), count_, tile_sums, tiled_.data(), stream);
  }

  void spoil_outputs(cudaStream_t stream) override {
    library_.fill_bytes(garbage_byte, stream);
    tiled_.fill_bytes(garbage_byte, stream);
  }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    if (auto error = find_error_in("library's exclusive sum", library_.download(stream))) return error;
    return find_error_in("tiled exclusive sum", tiled_.download(stream));
  }

 private:
  [[nodiscard]] std::optional<std::string> find_error_in(std::string_view output,
                                                         const std::vector<std::uint32_t>& sums) const {
    std::uint32_t expected = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      if (sums[i] != expected) return describe_difference(output, i, sums[i], expected);
      expected += values_[i];
    }
    return std::nullopt;
  }

  std::size_t count_;
  std::size_t storage_bytes_;
  std::size_t tile_storage_bytes_;
  std::vector<std::uint32_t> values_;
  DeviceBuffer<std::uint32_t> input_;
  DeviceBuffer<std::uint32_t> library_;
  DeviceBuffer<std::uint32_t> tiled_;
};

}  // namespace

WorkloadInfo scan_workload() {
  return {
      .name = "scan",
      .summary = "exclusive prefix sum, by the library and from sums of tiles",
      .min_elements = least_elements,
      .bytes_per_element = 13,  // input 4, two outputs of 4; storage and tile sums are small
      .make = [](std::size_t elements, std::uint64_t seed, cudaStream_t stream) -> std::unique_ptr<Workload> {
        return std::make_unique<Scan>(elements, seed, stream);
      }};
}

}  // namespace daa::bench
