// Where there was no cupti.h when this was compiled.

#include "device/call_counter.hpp"

namespace daa::bench {

MadeCallCounter make_call_counter() {
  return {nullptr, "this daa-bench was built without CUPTI: scripts/bench.sh builds it with it"};
}

}  // namespace daa::bench
