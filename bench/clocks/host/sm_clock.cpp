#include "clocks/sm_clock.hpp"

namespace daa::bench {

ClockReader make_clock_reader() {
  return [] { return ClockReading{}; };
}

}  // namespace daa::bench
