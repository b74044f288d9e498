#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

std::string_view device_kind() {
  return "host";
}

}  // namespace daa::bench::primitives
