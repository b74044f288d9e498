#!/usr/bin/env bash
# Builds, and runs tests in one CTest run; its exit status is that of the first failure.
#
#   scripts/test.sh                    the tests of the preset release
#   scripts/test.sh all                those of release, asan and tsan
#   scripts/test.sh asan -R Contract   those of the presets named; what follows is CTest's
#   scripts/test.sh --no-install ...   refuses, with a list, if something is missing; else it is installed

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
presets=()
while [[ ${1:-} =~ ^(release|asan|tsan|all)$ ]]; do
  if [[ $1 == all ]]; then presets=(release asan tsan); else presets+=("$1"); fi
  shift
done
((${#presets[@]})) || presets=(release)

# The sanitizers of older compilers stumble over addresses as random as newer kernels make them.
fixed_addresses=(setarch "$(uname -m)" --addr-no-randomize)
"${fixed_addresses[@]}" true 2>/dev/null || fixed_addresses=()

prepare cccl rmm matplotlib mpi nccl
tests=$root/build/tests
mkdir -p "$tests"
: >"$tests/CTestTestfile.cmake"
for preset in "${presets[@]}"; do
  build "$preset"
  echo "subdirs([==[$root/build/$preset]==])" >>"$tests/CTestTestfile.cmake"
done
exec "${fixed_addresses[@]}" ctest --test-dir "$tests" --output-on-failure --no-tests=error --parallel "$(nproc)" "$@" 9>&-
