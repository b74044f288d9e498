// What holds of any transport between any number of ranks.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "device/device_buffer.hpp"
#include "measure/captured_phase.hpp"
#include "ranks_fixture.hpp"
#include "workloads/random.hpp"

namespace daa::test {
namespace {

using bench::DeviceBuffer;
using bench::Transport;
using Bytes = std::vector<std::uint8_t>;

/// The messages from one rank to another in one operation: what they contain depends on these three alone.
std::vector<Bytes> messages(std::size_t operation, std::size_t from, std::size_t to) {
  static constexpr std::uint32_t most_bytes[]{1, 9, 300, 70'000};
  bench::Random random((operation * 64 + from) * 64 + to);
  std::vector<Bytes> result(random.below(4));
  for (Bytes& message : result) {
    message.resize(random.below(most_bytes[random.below(4)] + 1));
    for (std::uint8_t& byte : message) byte = static_cast<std::uint8_t>(random.word());
  }
  return result;
}

/// The messages of one rank in one operation, sent or received, on the device.
class Lists {
 public:
  /// Behind the one before it, with a byte between the two.
  void add(std::size_t peer, const Bytes& message) {
    places_.push_back({peer, content_.size(), message.size()});
    content_.insert(content_.end(), message.begin(), message.end());
    content_.push_back(gap);
  }
  void upload(bool as_received, cudaStream_t stream) {
    Bytes first = content_;
    if (as_received) std::fill(first.begin(), first.end(), gap);
    on_device_.emplace(std::span<const std::uint8_t>(first), stream);
  }
  [[nodiscard]] std::vector<Transport::Send> sends() const {
    std::vector<Transport::Send> result;
    for (const auto& [peer, begin, bytes] : places_)
      result.push_back({peer, on_device_->data() + begin, bytes});
    return result;
  }
  [[nodiscard]] std::vector<Transport::Receive> receives() const {
    std::vector<Transport::Receive> result;
    for (const auto& [peer, begin, bytes] : places_)
      result.push_back({peer, on_device_->data() + begin, bytes});
    return result;
  }
  [[nodiscard]] bool is_there(cudaStream_t stream) const { return on_device_->download(stream) == content_; }

 private:
  static constexpr std::uint8_t gap = 0x5a;
  struct Place {
    std::size_t peer, begin, bytes;
  };

  std::vector<Place> places_;
  Bytes content_{gap};
  std::optional<DeviceBuffer<std::uint8_t>> on_device_;
};

class TransportBetweenRanks : public RanksFixture {
 protected:
  /// Gives what is in `from` to the next rank, and receives into `to` from the previous one.
  void pass_on(const DeviceBuffer<std::uint64_t>& from, const DeviceBuffer<std::uint64_t>& to) const {
    const Transport::Send send{next_rank(), from.data(), from.size_bytes()};
    const Transport::Receive receive{previous_rank(), to.data(), to.size_bytes()};
    transport().exchange({&send, 1}, {&receive, 1}, stream());
  }

  [[nodiscard]] std::vector<std::uint64_t> of_rank(std::size_t which, std::size_t count) const {
    bench::Random random(which);
    std::vector<std::uint64_t> values(count);
    for (std::uint64_t& value : values) value = random.bits();
    return values;
  }
  [[nodiscard]] std::vector<std::uint64_t> sum_of_ranks(std::size_t count) const {
    std::vector<std::uint64_t> sum(count);
    for (std::size_t which = 0; which < ranks(); ++which) {
      const std::vector<std::uint64_t> values = of_rank(which, count);
      for (std::size_t i = 0; i < count; ++i) sum[i] += values[i];
    }
    return sum;
  }
  [[nodiscard]] DeviceBuffer<std::uint64_t> upload(const std::vector<std::uint64_t>& values) const {
    return {std::span<const std::uint64_t>(values), stream()};
  }
};

TEST_F(TransportBetweenRanks, RanksAreNumberedAndDifferent) {
  ASSERT_LT(rank(), ranks());
  const auto numbers = upload(std::vector<std::uint64_t>{1u, std::uint64_t{1} << rank()});
  transport().sum(numbers.data(), numbers.data(), 2, stream());
  EXPECT_EQ(numbers.download(stream()),
            (std::vector<std::uint64_t>{ranks(), (std::uint64_t{1} << ranks()) - 1}));
}

TEST_F(TransportBetweenRanks, MessagesOfAnySizeArriveInTheirOrderAndNothingElseIsWritten) {
  constexpr std::size_t operations = 20;
  std::deque<Lists> sent, received;
  for (std::size_t operation = 0; operation < operations; ++operation) {
    Lists& sends = sent.emplace_back();
    Lists& receives = received.emplace_back();
    for (std::size_t peer = 0; peer < ranks(); ++peer) {
      for (const Bytes& message : messages(operation, rank(), peer)) sends.add(peer, message);
      for (const Bytes& message : messages(operation, peer, rank())) receives.add(peer, message);
    }
    sends.upload(false, stream());
    receives.upload(true, stream());
  }
  for (std::size_t operation = 0; operation < operations; ++operation) {
    transport().exchange(sent[operation].sends(), received[operation].receives(), stream());
  }
  for (std::size_t operation = 0; operation < operations; ++operation) {
    EXPECT_TRUE(received[operation].is_there(stream())) << "received, operation " << operation;
    EXPECT_TRUE(sent[operation].is_there(stream())) << "sent, operation " << operation;
  }
}

TEST_F(TransportBetweenRanks, AnExchangeOfNothingIsNone) {
  transport().exchange({}, {}, stream());
  const Transport::Send send{next_rank(), nullptr, 0};
  transport().exchange({&send, 1}, {}, stream());
}

TEST_F(TransportBetweenRanks, SumsAreModulo2To64AndMayBeInPlace) {
  for (const std::size_t count : {1u, 7u, 1000u, 100'003u}) {
    const auto in = upload(of_rank(rank(), count));
    const DeviceBuffer<std::uint64_t> out(count);
    transport().sum(in.data(), out.data(), count, stream());
    EXPECT_EQ(in.download(stream()), of_rank(rank(), count));
    transport().sum(in.data(), in.data(), count, stream());
    EXPECT_EQ(out.download(stream()), sum_of_ranks(count));
    EXPECT_EQ(in.download(stream()), sum_of_ranks(count));
  }
}

TEST_F(TransportBetweenRanks, ManyOperationsRunInStreamOrder) {
  constexpr std::size_t count = 100, rounds = 150;
  const auto even = upload(of_rank(rank(), count)), odd = upload(of_rank(99, count));
  for (std::size_t round = 0; round < rounds; ++round) {
    pass_on(even, odd);
    pass_on(odd, even);
  }
  const std::size_t origin = (rank() + 2 * rounds * (ranks() - 1)) % ranks();
  EXPECT_EQ(even.download(stream()), of_rank(origin, count));
}

TEST_F(TransportBetweenRanks, CapturedOperationsRunAtEachLaunch) {
  constexpr std::size_t count = 1000, launches = 3;
  const auto mine = upload(of_rank(rank(), count)), received = upload(of_rank(99, count));
  const auto summed = upload(of_rank(rank(), count));
  bench::CapturedPhase phase(stream(), [&] {
    pass_on(mine, received);
    DAA_CUDA_CHECK(
        cudaMemcpyAsync(mine.data(), received.data(), mine.size_bytes(), cudaMemcpyDeviceToDevice, stream()));
    transport().sum(summed.data(), summed.data(), count, stream());
  });
  EXPECT_EQ(mine.download(stream()), of_rank(rank(), count)) << "a capture has run something";

  std::vector<std::uint64_t> expected_sum = sum_of_ranks(count);
  for (std::size_t launch = 1; launch <= launches; ++launch) {
    phase.launch();
    const std::size_t origin = (rank() + launch * (ranks() - 1)) % ranks();
    EXPECT_EQ(mine.download(stream()), of_rank(origin, count));
    EXPECT_EQ(summed.download(stream()), expected_sum);
    for (std::uint64_t& value : expected_sum) value *= ranks();
  }
}

}  // namespace
}  // namespace daa::test
