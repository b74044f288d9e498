#!/usr/bin/env bash
# Builds on a machine with a GPU and runs what needs one: the tests labelled gpu, and compute-sanitizer over the arena's
# tests, the samples and the workloads.
#
#   scripts/check_gpu.sh                    all of it
#   scripts/check_gpu.sh STEP...            of the steps: tests, memcheck, racecheck
#   scripts/check_gpu.sh --no-install ...   refuses, with a list, if something is missing; else it is installed
#
# Stops at the first step that fails.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
steps=${*:-tests memcheck racecheck}
for step in $steps; do
  [[ $step =~ ^(tests|memcheck|racecheck)$ ]] || die "unknown step $step; known: tests memcheck racecheck"
done
require_gpu

prepare cccl rmm mpi nccl
build release
bin=$root/build/release/bin

tests() { ctest --test-dir "$root/build/release" -L gpu --output-on-failure --no-tests=error --parallel 8; }

# each_arena_test FILTER COMMAND...: runs the arena's tests of that GoogleTest filter under the command. A program without
# such tests is left out: compute-sanitizer fails on one that calls no CUDA function.
each_arena_test() {
  local filter=--gtest_filter=$1 program
  shift
  for program in arena_tests_gpu cccl_tests_gpu; do
    if "$bin/$program" --gtest_list_tests "$filter" | grep '^  ' >/dev/null; then
      "$@" "$bin/$program" --gtest_brief=1 "$filter"
    fi
  done
}

# each_sample COMMAND...: runs every sample under the command.
each_sample() {
  local sample
  for sample in "$root"/apps/*.cu; do (cd "$bin" && "$@" "./$(basename "$sample" .cu)"); done
}

bench=("$bin/daa-bench" --iters=4 --warmup=1 --repetitions=1 --device=cuda --csv=none)
workloads=("${bench[@]}" --workload=all '--elements=2^12,100003' --sync=both)
sanitizer='*Sanitizer*'  # starts compute-sanitizer by itself

# Every access of the arena's tests, the samples and the workloads, checked.
memcheck() {
  local check=(compute-sanitizer --tool memcheck --track-stream-ordered-races all --error-exitcode 1)
  local check_all=("${check[@]}" --leak-check full) check_accesses=("${check[@]}" --report-api-errors no)
  # Tests that provoke failing calls or leaks.
  local on_purpose='*NoDeviceHolds*:*MemoryIsShort*:*CannotBeMerged*:*PoolHasNoMore*:*BeyondAllDeviceMemory*'
  on_purpose+=':*TheOutOfMemoryMessage*:*ACaptureThatFails*:*EndsInsideAScope*:*TheOptionsApplyToEveryArena'
  on_purpose+=':*LegacyStreamLeaves*:*BeginsInACapture*:*AnInvalidCapture*:*ThatDieInACapture*'
  each_arena_test "-$sanitizer:$on_purpose" "${check_all[@]}"
  each_arena_test "$on_purpose" "${check_accesses[@]}"
  each_sample "${check_all[@]}"
  "${check_all[@]}" "${workloads[@]}" --allocator=preallocated,cuda-malloc,cuda-malloc-async,arena,arena-individual
  # RMM brings a CUDA runtime that asks an older driver for what it lacks, and the caches of others are theirs to leak.
  "${check_accesses[@]}" "${workloads[@]}"
  # An allocator that cannot be captured makes failing calls.
  local flags
  for flags in --graph --state=cold --threads=2 --streams=2; do
    "${check_accesses[@]}" "${bench[@]}" --workload=scan '--elements=2^12' "$flags"
  done
}

# Races within a kernel's shared memory, in which no allocator has a part. The solvers among the samples launch the same
# kernels thousands of times: the first launches of a program are checked.
racecheck() {
  local check=(compute-sanitizer --tool racecheck --racecheck-report all --error-exitcode 1)
  each_arena_test "-$sanitizer" "${check[@]}"
  each_sample "${check[@]}" --launch-count 200
  "${check[@]}" "${workloads[@]}" --allocator=preallocated,arena
}

for step in $steps; do
  say "$step on $gpu"
  "$step"
done
