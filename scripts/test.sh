#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests in one CTest run; its exit status is that of the first failure.
#
#   scripts/test.sh                             every test: of release, and of asan and tsan (the host runtime's)
#   scripts/test.sh release                     the tests of these presets only
#   scripts/test.sh release -L gpu -R Contract  what follows the presets is CTest's

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
presets=()
while [[ ${1:-} =~ ^(release|asan|tsan)$ ]]; do
  presets+=("$1")
  shift
done
((${#presets[@]})) || presets=(release asan tsan)

# The sanitizers of older compilers stumble over addresses as random as newer kernels make them.
fixed_addresses=(setarch "$(uname -m)" --addr-no-randomize)
"${fixed_addresses[@]}" true 2>/dev/null || fixed_addresses=()

prepare
prepare_newest_cccl
prepare_rmm
prepare_cupti
prepare_matplotlib
tests=$root/build/tests
mkdir -p "$tests"
: >"$tests/CTestTestfile.cmake"
for preset in "${presets[@]}"; do
  build "$preset"
  echo "subdirs([==[$root/build/$preset]==])" >>"$tests/CTestTestfile.cmake"
done
exec "${fixed_addresses[@]}" ctest --test-dir "$tests" --output-on-failure --no-tests=error --parallel "$(nproc)" "$@" 9>&-
