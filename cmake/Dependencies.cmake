# Third-party libraries: the system's where there are any, else a pinned release from source.

include(FetchContent)

# daa_dependency(<package> <target> <repository> <tag>): find_package(<package>), else fetch; <target> exists after.
function(daa_dependency package target repository tag)
  find_package(${package} QUIET GLOBAL)
  if(NOT TARGET ${target})
    message(STATUS "${package}: not installed, fetching ${tag}")
    FetchContent_Declare(${package} GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW TRUE SYSTEM)
    FetchContent_MakeAvailable(${package})
  endif()
endfunction()

set(BENCHMARK_ENABLE_TESTING OFF)
set(BENCHMARK_ENABLE_INSTALL OFF)
set(INSTALL_GTEST OFF)
daa_dependency(fmt fmt::fmt https://github.com/fmtlib/fmt.git 11.0.2)
daa_dependency(CLI11 CLI11::CLI11 https://github.com/CLIUtils/CLI11.git v2.4.2)
daa_dependency(benchmark benchmark::benchmark https://github.com/google/benchmark.git v1.9.1)
if(DAA_TESTS)
  daa_dependency(GTest GTest::gtest https://github.com/google/googletest.git v1.15.2)
endif()
