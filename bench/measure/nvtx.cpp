#include "measure/nvtx.hpp"

#include <map>
#include <mutex>
#include <string>

namespace daa::bench {

namespace {

using RegisteredString = nvtx3::registered_string_in<NvtxDomain>;

const RegisteredString& registered(std::string_view name) {
  static std::mutex mutex;
  const std::lock_guard lock{mutex};
  static std::map<std::string_view, RegisteredString> strings;
  const auto found = strings.find(name);
  if (found != strings.end()) return found->second;
  return strings.emplace(name, RegisteredString{std::string{name}}).first->second;
}

}  // namespace

NvtxRange::NvtxRange(std::string_view name) : range_(registered(name)) {}

}  // namespace daa::bench
