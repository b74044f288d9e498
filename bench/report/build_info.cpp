#include "report/build_info.hpp"

#include <fmt/format.h>

#include "daa_commit.hpp"  // written at each build, by cmake/write_commit.cmake

namespace daa::bench {
namespace {

#if defined(__clang__)
const std::string cxx_compiler =
    fmt::format("clang++ {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
const std::string cxx_compiler = fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif

constexpr std::string_view nvcc_version = DAA_NVCC_VERSION;  // empty if no kernel was compiled

}  // namespace

std::string_view build_version() {
  return DAA_VERSION;
}

std::string_view build_commit() {
  return daa_commit;
}

std::string build_compilers() {
  return nvcc_version.empty() ? cxx_compiler : fmt::format("{}, nvcc {}", cxx_compiler, nvcc_version);
}

}  // namespace daa::bench
