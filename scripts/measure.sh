#!/usr/bin/env bash
# Builds, measures on this machine's GPU, and writes results, pictures and their README.md into a folder.
#
#   scripts/measure.sh                    everything, into results/<name of the GPU>/<date>
#   scripts/measure.sh FOLDER             everything, into FOLDER
#   scripts/measure.sh FOLDER STEP...     of the steps: workloads, traces, threads, streams, cold, graphs, sweep, alloc-cost, report
#   scripts/measure.sh --no-install ...   refuses, with a list, if something is missing; else it is installed
#
# Takes under ten minutes on an H200 with 16 cores. A step that fails, or has rows that do, does not stop the others: they are
# named at the end, and the exit status is 1.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
all_steps="workloads traces threads streams cold graphs sweep alloc-cost report"
[[ ${1:-} != -* ]] || die "unknown flag $1; there is only --help"
results=${1:-}
shift || true
steps=${*:-$all_steps}
for step in $steps; do
  [[ " $all_steps " == *" $step "* ]] || die "unknown step $step; known: $all_steps"
done
require_gpu
: "${results:=$(results_folder "$gpu")}"
mkdir -p "$results"
results=$(cd "$results" && pwd)

prepare rmm matplotlib
build release daa-bench daa-alloc-cost
bin=$root/build/release/bin
readonly bad_rows=4  # exit status of daa-bench, and here of a step: the other rows are good

# bench FLAG...: daa-bench on the GPU. Bad rows are reported and do not end the step.
bench() {
  local status=0
  "$bin/daa-bench" --device=cuda "$@" || status=$?
  ((status == bad_rows)) || return $status
  step_status=$bad_rows
  say "$step: some rows were out of memory, wrong or failed; going on with what was measured"
}

# Many short trials, since noise comes in spells; at 2^24 elements a phase is so long that few suffice.
workloads() {
  bench --workload=none,all --elements=2^12,2^16,2^20 --sync=both --iters=100 --repetitions=15 --csv="$results/workloads.csv"
  bench --workload=all --elements=2^24 --sync=both --iters=40 --repetitions=9 --csv="$results/workloads_large.csv"
}

traces() { bench --workload=replay --trace=all --repetitions=7 --csv="$results/traces.csv"; }

threads() {
  bench --workload=stencil --elements=2^12 --threads=1,2,4,8,16 --iters=100 --repetitions=7 \
    --csv="$results/threads.csv"
}

streams() {
  bench --workload=scan,sort --elements=2^16 --streams=1,4 --iters=100 --repetitions=7 --csv="$results/streams.csv"
}

cold() { bench --workload=all --elements=2^20 --state=cold --iters=10 --repetitions=9 --csv="$results/cold.csv"; }

graphs() {
  bench --workload=all --elements=2^12,2^20 --graph --iters=100 --repetitions=9 --csv="$results/graphs.csv"
}

sweep() {
  bench --workload=allocs --elements=2^20 --iters=100 --repetitions=9 --csv="$results/sweep.csv"
}

alloc-cost() {
  cd "$bin"  # the file names the program as it was called
  ./daa-alloc-cost --benchmark_min_time=0.1 --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true \
    --benchmark_out="$results/alloc_cost.json" --benchmark_out_format=json
}

report() {
  rm -rf "$results/pictures"  # report.py refuses those of other figures
  "$root/scripts/plot.py" "$results" || step_status=$?
  "$root/scripts/report.py" "$results"
}

trouble=()
for step in $steps; do
  say "$step on $gpu"
  SECONDS=0
  # Neither `||` nor `if`: both would switch `set -e` off within the step.
  set +e
  (
    set -e
    step_status=0
    "$step"
    exit "$step_status"
  )
  status=$?
  set -e
  say "$step took $SECONDS s"
  case $status in
    0) ;;
    130) exit 130 ;;  # Ctrl-C is meant for all of it
    "$bad_rows") trouble+=("$step (bad rows)") ;;
    *) trouble+=("$step (exit status $status)") ;;
  esac
done
((${#trouble[@]} == 0)) || die "trouble with: $(printf '%s, ' "${trouble[@]}" | sed 's/, $//'); the rest is in $results"
