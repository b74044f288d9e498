#include <fmt/format.h>

#include <cstdlib>
#include <exception>

#include "ranks/ranks.hpp"

namespace daa::bench {

namespace {

class LoneRanks final : public Ranks {
 public:
  [[nodiscard]] std::size_t rank() const override { return 0; }
  [[nodiscard]] std::size_t size() const override { return 1; }
  [[nodiscard]] std::size_t hosts() const override { return 1; }
  [[nodiscard]] std::size_t ranks_per_device() const override { return 1; }
  [[nodiscard]] std::string name_of(std::size_t rank) const override { return fmt::format("rank {}", rank); }
  [[nodiscard]] std::vector<std::string> gather(const std::string& own) override { return {own}; }
  [[nodiscard]] bool begin_together(bool stops) override { return stops; }
  [[nodiscard]] Transport& transport() override {
    if (transport_ == nullptr) transport_ = make_lone_transport();
    return *transport_;
  }
  void begin(std::string_view /*step*/) override {}
  void progress() override {}
  [[noreturn]] void fail(std::string_view why) override { throw std::runtime_error(std::string{why}); }

 private:
  std::unique_ptr<Transport> transport_;
};

}  // namespace

bool Ranks::any(bool own) {
  if (is_alone()) return own;
  for (const std::string& each : gather(own ? "1" : "0"))
    if (each == "1") return true;
  return false;
}

std::unique_ptr<Ranks> make_lone_ranks() {
  return std::make_unique<LoneRanks>();
}

bool is_first_process() {
  for (const char* const variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* const rank = std::getenv(variable)) return std::string_view{rank} == "0";
  return true;
}

}  // namespace daa::bench
