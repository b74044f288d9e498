// The transport of one rank alone.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "daa/error.hpp"
#include "ranks/transport.hpp"

namespace daa::bench {

namespace {

class LoneTransport final : public Transport {
 public:
  [[nodiscard]] std::size_t rank() const override { return 0; }
  [[nodiscard]] std::size_t size() const override { return 1; }

  void exchange(std::span<const Send> sends, std::span<const Receive> receives,
                cudaStream_t stream) override {
    auto send = sends.begin();
    const auto next_send = [&] {
      send = std::find_if(send, sends.end(), [](const Send& each) { return each.bytes > 0; });
      return send != sends.end();
    };
    for (const Receive& receive : receives) {
      if (receive.bytes == 0) continue;
      if (!next_send() || send->bytes != receive.bytes || send->to != 0 || receive.from != 0) {
        throw std::invalid_argument("an exchange of one rank with itself: a message is not received as sent");
      }
      DAA_CUDA_CHECK(
          cudaMemcpyAsync(receive.data, send->data, send->bytes, cudaMemcpyDeviceToDevice, stream));
      ++send;
    }
    if (next_send()) throw std::invalid_argument("an exchange of one rank with itself: a message is lost");
  }

  void sum(const std::uint64_t* in, std::uint64_t* out, std::size_t count, cudaStream_t stream) override {
    if (in == out) return;
    DAA_CUDA_CHECK(cudaMemcpyAsync(out, in, count * sizeof *in, cudaMemcpyDeviceToDevice, stream));
  }
};

}  // namespace

std::unique_ptr<Transport> make_lone_transport() {
  return std::make_unique<LoneTransport>();
}

}  // namespace daa::bench
