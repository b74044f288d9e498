# Third-party libraries: the system's if it is recent enough (Debian 12 or newer), otherwise a pinned release
# from source.

include(FetchContent)

# daa_dependency(<package> <version> <target> <repository> <tag>): finds this version or a later one,
# otherwise fetches <tag>. <target> exists afterwards.
function(daa_dependency package version target repository tag)
  find_package(${package} ${version} QUIET GLOBAL)
  if(NOT TARGET ${target})
    message(STATUS "${package} ${version} or later is not installed: fetching ${tag}")
    set(CMAKE_COMPILE_WARNING_AS_ERROR OFF)
    FetchContent_Declare(${package} GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW TRUE SYSTEM)
    FetchContent_MakeAvailable(${package})
  endif()
endfunction()

set(BENCHMARK_ENABLE_TESTING OFF)
set(BENCHMARK_ENABLE_INSTALL OFF)
set(BENCHMARK_ENABLE_WERROR OFF)
set(INSTALL_GTEST OFF)
set(FMT_INSTALL OFF)
set(CLI11_INSTALL OFF)
daa_dependency(fmt 9.1 fmt::fmt https://github.com/fmtlib/fmt.git 11.0.2)
daa_dependency(CLI11 2.1.2 CLI11::CLI11 https://github.com/CLIUtils/CLI11.git v2.4.2)
daa_dependency(benchmark 1.7.1 benchmark::benchmark https://github.com/google/benchmark.git v1.9.1)
if(DAA_TESTS)
  daa_dependency(GTest 1.12.1 GTest::gtest https://github.com/google/googletest.git v1.15.2)
endif()
