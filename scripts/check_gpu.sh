#!/usr/bin/env bash
# Builds on a machine with a GPU and runs what needs one: the tests labelled gpu, and compute-sanitizer over the arena's
# tests, the samples and the workloads.
#
#   scripts/check_gpu.sh                all of it
#   scripts/check_gpu.sh STEP...        of the steps: tests, memcheck, racecheck
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

prepare
prepare_newest_cccl
prepare_rmm
prepare_cupti
build release
bin=$root/build/release/bin

tests() { ctest --test-dir "$root/build/release" -L gpu --output-on-failure --no-tests=error --parallel 4; }

arena_suites=(arena_contract_gpu arena_chunks_gpu arena_recycle_gpu arena_capture_gpu arena_checked_gpu arena_accounting_gpu
  arena_threads_gpu arena_pool_gpu seed_api_gpu memory_resource_gpu thrust_allocator_gpu default_stream_gpu)

# each_sample COMMAND...: runs under it every sample.
each_sample() {
  local sample
  for sample in "$root"/apps/*.cu; do (cd "$bin" && "$@" "./$(basename "$sample" .cu)"); done
}

workloads=("$bin/daa-bench" --workload=all '--elements=2^12,100003' --iters=4 --warmup=1 --repetitions=1 --sync=both
  --device=cuda --csv=none)

# Every access of the arena's tests, the samples and the workloads, checked.
memcheck() {
  local check=(compute-sanitizer --tool memcheck --track-stream-ordered-races all --error-exitcode 1)
  local check_all=("${check[@]}" --leak-check full)
  # Where a call that fails, or a leak, is the point; bad accesses are reported there too.
  local suite on_purpose='*NoDeviceHolds*:*MemoryIsShort*:*CannotBeMerged*:*PoolHasNoMore*:*BeyondAllDeviceMemory*:*TheOutOfMemoryMessage*:*ACaptureThatFails*'
  on_purpose+=':*EndsInsideAScope*:*TheOptionsAreThoseOfEveryArena:*LegacyStreamLeaves*:*BeginsInACapture*:*AnInvalidCapture*:*ThatDieInACapture*'
  for suite in "${arena_suites[@]}"; do
    "${check_all[@]}" "$bin/$suite" --gtest_brief=1 --gtest_filter="-$on_purpose"
  done
  for suite in arena_contract_gpu arena_chunks_gpu arena_accounting_gpu arena_capture_gpu arena_pool_gpu; do
    "${check[@]}" --report-api-errors no "$bin/$suite" --gtest_brief=1 --gtest_filter="$on_purpose"
  done
  # Graphs, threads, cold phases: what cannot be captured is a failing call, too.
  "${check[@]}" --report-api-errors no "$bin/ways_gpu" --gtest_brief=1
  each_sample "${check_all[@]}"
  "${check_all[@]}" "${workloads[@]}" \
    --allocator=preallocated,cuda-malloc,cuda-malloc-async,arena,arena-individual,arena-recycle,arena-release
  # RMM brings a CUDA runtime of its own, which asks an older driver for what it does not have; and what caches of others
  # keep to the end is theirs.
  "${check[@]}" --report-api-errors no "${workloads[@]}"
}

# Races within a kernel's shared memory, which no allocator has a part in.
racecheck() {
  local check=(compute-sanitizer --tool racecheck --racecheck-report all --error-exitcode 1) suite
  for suite in "${arena_suites[@]}"; do "${check[@]}" "$bin/$suite" --gtest_brief=1; done
  each_sample "${check[@]}"
  "${check[@]}" "${workloads[@]}" --allocator=preallocated,arena
}

for step in $steps; do
  say "$step on $gpu"
  "$step"
done
