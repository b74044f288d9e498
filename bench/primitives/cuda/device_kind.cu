#include "primitives/primitives.hpp"

namespace daa::bench::primitives {

std::string_view device_kind() {
  return "cuda";
}

}  // namespace daa::bench::primitives
