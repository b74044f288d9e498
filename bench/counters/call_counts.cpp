#include "counters/call_counter.hpp"

namespace daa::bench {

void CallCounts::add_by_kind(std::string_view function, std::size_t calls) {
  const CallMeaning meaning = meaning_of(function);
  by_kind[static_cast<std::size_t>(meaning.kind)] += calls;
  if (meaning.waits) synchronisations += calls;
}

}  // namespace daa::bench
