// Sample sort of the keys of all ranks: each sorts its own, samples of all of them divide the range of the
// keys into a part a rank, each sends every other one the keys of its part, and sorts what it has received.
// (That is sorted runs; they are not merged but sorted again, by the library's radix sort, which is as fast.)
//
// How many keys arrive, and so the size of the temporaries for them, a rank learns in the middle of the
// phase: this workload synchronises its stream there, and can therefore not be captured.
//
// With s samples a rank, at equal distances in its sorted keys, a rank of p receives at most 1 + p / s times
// its share, apart from equal keys, which are never divided.
#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "device/device_buffer.hpp"
#include "primitives/primitives.hpp"
#include "workloads/communicating.hpp"
#include "workloads/random.hpp"
#include "workloads/table.hpp"

namespace daa::bench {

namespace {

constexpr std::size_t least_elements = 1;
constexpr std::size_t equal_keys = 4;  // elements of all ranks that share a key, on average
constexpr std::size_t most_samples = 64;

using Words = std::vector<std::uint32_t>;

/// Keys that use all 32 bits, many of them equal, also to those of other ranks.
Words keys_of(std::size_t rank, std::size_t ranks, std::size_t elements, std::uint64_t seed) {
  constexpr std::size_t most_distinct = std::numeric_limits<std::uint32_t>::max();
  const auto distinct =
      static_cast<std::uint32_t>(std::min(ranks * elements / equal_keys + 1, most_distinct));
  const std::uint64_t seed_of_keys = Random(seed).bits();
  Random random(seed);
  random.skip(1 + rank * elements);
  Words keys(elements);
  for (std::uint32_t& key : keys) {
    Random key_of_index(seed_of_keys);
    key_of_index.skip(random.below(distinct));
    key = key_of_index.word();
  }
  return keys;
}

/// What primitives::take_samples() takes of the keys, if they are sorted.
Words samples_of(Words keys, std::size_t count) {
  Words samples(count);
  auto end = keys.end();
  for (std::size_t i = count; i-- > 0;) {
    const auto sample = keys.begin() + static_cast<std::ptrdiff_t>(i * keys.size() / count);
    std::nth_element(keys.begin(), sample, end);
    samples[i] = *sample;
    end = sample;
  }
  return samples;
}

/// What is right for one rank.
struct Expected {
  Words samples;   // of all ranks, sorted
  Words sent;      // number of keys for each rank
  Words received;  // number of keys from each rank
  Words keys;      // received, sorted
};

Expected expected_of(std::size_t rank, std::size_t ranks, std::size_t elements, std::size_t samples_count,
                     std::uint64_t seed) {
  Expected expected{{}, Words(ranks), Words(ranks), {}};
  for (std::size_t from = 0; from < ranks; ++from) {
    const Words samples = samples_of(keys_of(from, ranks, elements, seed), samples_count);
    expected.samples.insert(expected.samples.end(), samples.begin(), samples.end());
  }
  std::sort(expected.samples.begin(), expected.samples.end());

  Words splitters;
  for (std::size_t part = 1; part < ranks; ++part) {
    splitters.push_back(expected.samples[part * samples_count]);
  }
  for (std::size_t from = 0; from < ranks; ++from) {
    for (const std::uint32_t key : keys_of(from, ranks, elements, seed)) {
      const auto to = static_cast<std::size_t>(std::upper_bound(splitters.begin(), splitters.end(), key) -
                                               splitters.begin());
      if (from == rank) ++expected.sent[to];
      if (to != rank) continue;
      ++expected.received[from];
      expected.keys.push_back(key);
    }
  }
  std::sort(expected.keys.begin(), expected.keys.end());
  return expected;
}

/// Words of a buffer that are a message to, or from, one rank.
struct Range {
  std::size_t begin;
  std::size_t count;
};

/// Behind each other, in the order of the ranks.
std::vector<Range> ranges_of(std::span<const std::uint32_t> counts) {
  std::vector<Range> ranges;
  std::size_t begin = 0;
  for (const std::uint32_t count : counts) {
    ranges.push_back({begin, count});
    begin += count;
  }
  return ranges;
}

struct FreePinned {
  void operator()(std::uint32_t* words) const noexcept { cudaFreeHost(words); }
};
using PinnedWords = std::unique_ptr<std::uint32_t[], FreePinned>;

PinnedWords make_pinned_words(std::size_t count) {
  void* words = nullptr;
  DAA_CUDA_CHECK(cudaMallocHost(&words, count * sizeof(std::uint32_t)));
  return PinnedWords(static_cast<std::uint32_t*>(words));
}

class DistSort : public Workload {
 public:
  DistSort(std::size_t elements, std::uint64_t seed, cudaStream_t stream, Transport& transport)
      : transport_(transport),
        ranks_(checked_ranks(transport.size())),
        count_(checked_elements("dist-sort", elements, least_elements)),
        samples_count_(std::min(count_, most_samples)),
        expected_(expected_of(transport.rank(), ranks_, count_, samples_count_, seed)),
        received_count_(checked_received(expected_.keys.size())),
        sort_bytes_(primitives::sort_keys_storage_bytes(count_)),
        sort_samples_bytes_(primitives::sort_keys_storage_bytes(expected_.samples.size())),
        sort_received_bytes_(primitives::sort_keys_storage_bytes(std::max(received_count_, std::size_t{1}))),
        input_(keys_of(transport.rank(), ranks_, count_, seed), stream),
        output_(std::max(received_count_, std::size_t{1})),
        output_samples_(expected_.samples.size()),
        learned_counts_(make_pinned_words(2 * ranks_)) {}

  void enqueue_phase(ScratchAllocator& scratch, cudaStream_t stream) override {
    refuse_capture(stream);
    auto* const keys = allocate<std::uint32_t>(scratch, count_);
    copy(input_.data(), keys, count_, stream);
    const std::uint32_t* const sorted = sort(keys, count_, sort_bytes_, scratch, stream);
    const std::uint32_t* const samples = share_samples(sorted, scratch, stream);
    learn_counts(sorted, samples, scratch, stream);
    exchange_keys(sorted, scratch, stream);
    copy(samples, output_samples_.data(), output_samples_.size(), stream);
  }

  // No phase is copying counts now: each has waited for its own.
  void spoil_outputs(cudaStream_t stream) override {
    std::fill_n(learned_counts_.get(), 2 * ranks_, ~std::uint32_t{0});
    output_samples_.fill_bytes(garbage_byte, stream);
    output_.fill_bytes(garbage_byte, stream);
  }

  std::optional<std::string> find_error(cudaStream_t stream) override {
    if (auto error = find_difference<std::uint32_t>("sorted samples", output_samples_.download(stream),
                                                    expected_.samples)) {
      return error;
    }
    if (auto error = find_difference<std::uint32_t>("counts of keys sent", sent_counts(), expected_.sent)) {
      return error;
    }
    if (auto error = find_difference<std::uint32_t>("counts of keys received", received_counts(),
                                                    expected_.received)) {
      return error;
    }
    return find_difference<std::uint32_t>("sorted keys", output_.download(stream), expected_.keys);
  }

 private:
  static std::size_t checked_ranks(std::size_t ranks) {
    if (ranks > primitives::max_parts) {
      throw std::invalid_argument(
          fmt::format("dist-sort: {} ranks, but it takes up to {}", ranks, primitives::max_parts));
    }
    return ranks;
  }

  static std::size_t checked_received(std::size_t keys) {
    if (keys > primitives::max_count) {
      throw std::invalid_argument(fmt::format(
          "dist-sort: a rank would receive {} keys, but it takes up to {}", keys, primitives::max_count));
    }
    return keys;
  }

  // Before a transport has captured anything that would never run.
  static void refuse_capture(cudaStream_t stream) {
    auto status = cudaStreamCaptureStatusNone;
    DAA_CUDA_CHECK(cudaStreamIsCapturing(stream, &status));
    if (status != cudaStreamCaptureStatusNone) {
      throw std::logic_error("dist-sort synchronises its stream in the middle of a phase");
    }
  }

  /// Sorts `keys` or a second temporary, and returns which of the two it is.
  static std::uint32_t* sort(std::uint32_t* keys, std::size_t count, std::size_t storage_bytes,
                             ScratchAllocator& scratch, cudaStream_t stream) {
    primitives::DoubleBuffer buffers{keys, allocate<std::uint32_t>(scratch, count)};
    primitives::sort_keys(allocate_storage(scratch, storage_bytes), buffers, count, stream);
    return buffers.current;
  }

  /// The samples of all ranks, sorted.
  const std::uint32_t* share_samples(const std::uint32_t* sorted, ScratchAllocator& scratch,
                                     cudaStream_t stream) const {
    auto* const own = allocate<std::uint32_t>(scratch, samples_count_);
    primitives::take_samples(sorted, count_, own, samples_count_, stream);
    auto* const all = allocate<std::uint32_t>(scratch, expected_.samples.size());
    const std::vector<Range> sent(ranks_, Range{0, samples_count_});
    exchange(own, sent, all, ranges_of(Words(ranks_, static_cast<std::uint32_t>(samples_count_))), stream);
    return sort(all, expected_.samples.size(), sort_samples_bytes_, scratch, stream);
  }

  /// Sets learned_counts_. Synchronises the stream.
  void learn_counts(const std::uint32_t* sorted, const std::uint32_t* samples, ScratchAllocator& scratch,
                    cudaStream_t stream) const {
    auto* const sent = allocate<std::uint32_t>(scratch, 2 * ranks_);
    auto* const received = sent + ranks_;
    primitives::count_parts(sorted, count_, samples, samples_count_, ranks_, sent, stream);
    const std::vector<Range> one_each = ranges_of(Words(ranks_, 1));
    exchange(sent, one_each, received, one_each, stream);
    DAA_CUDA_CHECK(cudaMemcpyAsync(learned_counts_.get(), sent, 2 * ranks_ * sizeof(std::uint32_t),
                                   cudaMemcpyDeviceToHost, stream));
    DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  }

  // Counts that are not right have come from corrupted memory. find_error() reports them; the phase goes on
  // with the right ones, or ranks would disagree about a message and wait for ever.
  void exchange_keys(const std::uint32_t* sorted, ScratchAllocator& scratch, cudaStream_t stream) {
    const bool is_right = std::ranges::equal(sent_counts(), expected_.sent) &&
                          std::ranges::equal(received_counts(), expected_.received);
    const std::vector<Range> sent = ranges_of(is_right ? sent_counts() : expected_.sent);
    const std::vector<Range> received = ranges_of(is_right ? received_counts() : expected_.received);
    const std::size_t count = received.back().begin + received.back().count;
    if (count == 0) {
      exchange(sorted, sent, nullptr, received, stream);
      return;
    }
    auto* const keys = allocate<std::uint32_t>(scratch, count);
    exchange(sorted, sent, keys, received, stream);
    copy(sort(keys, count, sort_received_bytes_, scratch, stream), output_.data(), count, stream);
  }

  /// `sent` and `received` have a range for each rank.
  void exchange(const std::uint32_t* from, std::span<const Range> sent, std::uint32_t* to,
                std::span<const Range> received, cudaStream_t stream) const {
    std::vector<Transport::Send> sends;
    std::vector<Transport::Receive> receives;
    for (std::size_t rank = 0; rank < ranks_; ++rank) {
      sends.push_back({rank, from + sent[rank].begin, sent[rank].count * sizeof *from});
      receives.push_back({rank, to + received[rank].begin, received[rank].count * sizeof *to});
    }
    transport_.exchange(sends, receives, stream);
  }

  static void copy(const std::uint32_t* from, std::uint32_t* to, std::size_t count, cudaStream_t stream) {
    DAA_CUDA_CHECK(cudaMemcpyAsync(to, from, count * sizeof *from, cudaMemcpyDeviceToDevice, stream));
  }

  [[nodiscard]] std::span<const std::uint32_t> sent_counts() const { return {learned_counts_.get(), ranks_}; }
  [[nodiscard]] std::span<const std::uint32_t> received_counts() const {
    return {learned_counts_.get() + ranks_, ranks_};
  }

  Transport& transport_;
  std::size_t ranks_;
  std::size_t count_;
  std::size_t samples_count_;  // of each rank
  Expected expected_;
  std::size_t received_count_;
  std::size_t sort_bytes_;  // the storage of the three sorts
  std::size_t sort_samples_bytes_;
  std::size_t sort_received_bytes_;
  DeviceBuffer<std::uint32_t> input_;
  DeviceBuffer<std::uint32_t> output_;
  DeviceBuffer<std::uint32_t> output_samples_;
  PinnedWords learned_counts_;  // by the last phase: sent to each rank, then received from each
};

}  // namespace

WorkloadInfo dist_sort_workload() {
  return {
      .name = "dist-sort",
      .summary = "sample sort of keys over the ranks, whose host learns in mid-phase how many it receives",
      .min_elements = least_elements,
      // input 4, copy 4, alternate 4; received 4, alternate 4, output 4, each perhaps a little more
      .bytes_per_element = 26,
      .make = make_alone<DistSort>,
      .make_between = make_part<DistSort>};
}

}  // namespace daa::bench
