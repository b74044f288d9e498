// Random data for the workloads' inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace daa::bench {

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): a counter, hashed.
/// Several times as fast as std::mt19937_64, and as good as inputs need.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// Draws `draws` numbers and drops them, in no time: any part of a sequence can be drawn for itself.
  void skip(std::uint64_t draws) { state_ += draws * step; }

  /// 64 independent random bits.
  std::uint64_t bits() {
    state_ += step;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint32_t word() { return static_cast<std::uint32_t>(bits() >> 32); }

  /// From 0 up to, not including, `bound`; as even as 32 random bits can be.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(std::uint64_t{word()} * bound >> 32);
  }

  /// From 0 up to, not including, 1: a multiple of 2^-24.
  float unit() { return static_cast<float>(bits() >> 40) * 0x1p-24f; }

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15u;

  std::uint64_t state_;
};

[[nodiscard]] inline std::vector<std::uint32_t> random_words(std::size_t count, Random& random) {
  std::vector<std::uint32_t> words(count);
  for (std::uint32_t& word : words) word = random.word();
  return words;
}

[[nodiscard]] inline std::vector<std::uint32_t> random_words(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  return random_words(count, random);
}

}  // namespace daa::bench
