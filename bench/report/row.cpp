#include "report/row.hpp"

namespace daa::bench {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::out_of_memory:
      return "out_of_memory";
    case Status::wrong_result:
      return "wrong_result";
    case Status::failed:
      return "failed";
    case Status::unsupported:
      return "unsupported";
  }
  return "unknown";
}

}  // namespace daa::bench
