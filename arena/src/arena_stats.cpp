#include "daa/arena_stats.hpp"

namespace daa::v0_1 {

namespace {

std::string describe(const PhaseStats& phase) {
  return std::to_string(phase.allocations) + " allocations, bytes: " + std::to_string(phase.bytes_requested) +
         " requested, " + std::to_string(phase.padding_bytes) + " padding, " +
         std::to_string(phase.recycled_bytes) + " recycled, " + std::to_string(phase.tail_bytes) +
         " chunk tails, " + std::to_string(phase.peak_bytes) + " peak";
}

}  // namespace

std::string to_string(const ArenaStats& stats) {
  return "this phase: " + describe(stats) + ", " + std::to_string(stats.bytes_in_use) +
         " in use; reserved: " + std::to_string(stats.bytes_reserved) + " in " +
         std::to_string(stats.chunks) + " chunks; life of " + std::to_string(stats.phases) +
         " ended phases: " + describe(stats.life) + "; " + std::to_string(stats.growths) + " growths, " +
         std::to_string(stats.runtime_calls) + " runtime calls";
}

}  // namespace daa::v0_1
