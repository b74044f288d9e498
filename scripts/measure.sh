#!/usr/bin/env bash
# Builds, tests and measures on this machine's GPU, and writes what was measured into a folder.
#
#   scripts/measure.sh                  everything, into results/<name of the GPU>
#   scripts/measure.sh DIR              everything, into DIR
#   scripts/measure.sh DIR STEP...      of the steps: tests, memcheck, racecheck, alloc-cost, workloads
#
# Takes about nine minutes on an H200 with 16 cores. Stops at the first step that fails.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1) || die "no GPU here: nvidia-smi fails"
results=${1:-$(results_folder "$gpu")}
shift || true
steps=${*:-tests memcheck racecheck alloc-cost workloads}
mkdir -p "$results"
results=$(cd "$results" && pwd)

prepare
prepare_newest_cccl
prepare_rmm
prepare_cupti
build release
bin=$root/build/release/bin

tests() { ctest --test-dir "$root/build/release" -L gpu --output-on-failure --no-tests=error --parallel 4; }

arena_suites=(arena_contract_gpu arena_chunks_gpu arena_recycle_gpu arena_capture_gpu arena_checked_gpu arena_accounting_gpu
  arena_threads_gpu arena_pool_gpu seed_api_gpu memory_resource_gpu thrust_allocator_gpu)

# each_program COMMAND...: runs under it every sample, and each workload with each allocator.
each_program() {
  local sample
  for sample in "$root"/apps/*.cu; do (cd "$bin" && "$@" "./$(basename "$sample" .cu)"); done
  "$@" "$bin/daa-bench" --workload=all --elements=2^12,100003 --iters=4 --warmup=1 --repetitions=1 --sync=both \
    --device=cuda --csv=none
}

# Every access of the arena's tests, the samples and the workloads, checked.
memcheck() {
  local check=(compute-sanitizer --tool memcheck --track-stream-ordered-races all --error-exitcode 1)
  local check_all=("${check[@]}" --leak-check full)
  # Where a call that fails, or a leak, is the point; bad accesses are reported there too.
  local suite on_purpose='*NoDeviceHolds*:*MemoryIsShort*:*TheOutOfMemoryMessage*:*ACaptureThatFails*'
  on_purpose+=':*EndsInsideAScope*:*TheOptionsAreThoseOfEveryArena:*LegacyStreamLeaves*:*BeginsInACapture*:*AnInvalidCapture*:*ThatDieInACapture*'
  for suite in "${arena_suites[@]}"; do
    "${check_all[@]}" "$bin/$suite" --gtest_brief=1 --gtest_filter="-$on_purpose"
  done
  for suite in arena_contract_gpu arena_chunks_gpu arena_accounting_gpu arena_capture_gpu arena_pool_gpu; do
    "${check[@]}" --report-api-errors no "$bin/$suite" --gtest_brief=1 --gtest_filter="$on_purpose"
  done
  # Graphs, threads, cold phases: that cuda-malloc cannot be captured is a failing call, too.
  "${check[@]}" --report-api-errors no "$bin/ways_gpu" --gtest_brief=1
  each_program "${check_all[@]}"
}

# Races within a kernel's shared memory.
racecheck() {
  local check=(compute-sanitizer --tool racecheck --racecheck-report all --error-exitcode 1) suite
  for suite in "${arena_suites[@]}"; do "${check[@]}" "$bin/$suite" --gtest_brief=1; done
  each_program "${check[@]}"
}

alloc-cost() {
  cd "$bin"  # the file names the program as it was called
  ./daa-alloc-cost --benchmark_min_time=0.1 --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true \
    --benchmark_out="$results/alloc_cost.json" --benchmark_out_format=json
}

# The floor is named twice: its second row is the noise of the comparison. `none` is the overhead of measuring. Small
# sizes take many short turns, for noise comes in spells; at 2^24 a phase lasts long enough that few will do.
workloads() {
  local allocators=preallocated,preallocated,cuda-malloc,cuda-malloc-async,cuda-malloc-async-tuned,arena,arena-individual
  local run=("$bin/daa-bench" --device=cuda "--workload=none,all" --sync=both "--allocator=$allocators")
  "${run[@]}" --elements=2^12,2^16,2^20 --iters=500 --repetitions=31 --csv="$results/workloads.csv"
  "${run[@]}" --elements=2^24 --iters=100 --repetitions=11 --csv="$results/large.csv"
  tail -n +2 "$results/large.csv" >>"$results/workloads.csv"
  rm "$results/large.csv"
}

for step in $steps; do
  [[ $step =~ ^(tests|memcheck|racecheck|alloc-cost|workloads)$ ]] ||
    die "unknown step $step; known: tests memcheck racecheck alloc-cost workloads"
  say "$step on $gpu"
  "$step"
done
