#!/usr/bin/env bash
# Builds, measures on this machine's GPU, and writes results, pictures and a report into a folder.
#
#   scripts/measure.sh                  everything, into results/<name of the GPU>/<date>
#   scripts/measure.sh DIR              everything, into DIR
#   scripts/measure.sh DIR STEP...      of the steps: workloads, traces, threads, streams, cold, graphs, sweep, alloc-cost, report
#
# Laid out to take under ten minutes on an H200 with 16 cores. The floor is measured twice, and its second row is the noise
# of a comparison; the workload none is the overhead of measuring. A step that fails, or has rows that do, keeps no other from
# running: they are named at the end, and the exit status is 1. Without matplotlib the report is without pictures.

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
: "${results:=$(results_folder "$gpu")/$(date +%F)}"
mkdir -p "$results"
results=$(cd "$results" && pwd)

prepare
prepare_rmm
prepare_cupti
[[ " $steps " != *" report "* ]] || prepare_matplotlib
build release daa-bench daa-alloc-cost
bin=$root/build/release/bin
readonly bad_rows=4  # exit status of daa-bench, and here of a step: the other rows are good

# bench FLAG...: daa-bench on the GPU. Rows that are no good are said, and do not end the step.
bench() {
  local status=0
  "$bin/daa-bench" --device=cuda "$@" || status=$?
  ((status == bad_rows)) || return $status
  step_status=$bad_rows
  say "$step: some rows were out of memory, wrong or failed; going on with what was measured"
}

# Many short turns, for noise comes in spells; at 2^24 a phase lasts long enough that few will do.
workloads() {
  rm -f "$results"/samples.jsonl*
  bench --workload=none,all --elements=2^12,2^16,2^20 --sync=both --iters=100 --repetitions=15 \
    --csv="$results/workloads.csv" --jsonl="$results/samples.jsonl"
  bench --workload=all --elements=2^24 --sync=both --iters=40 --repetitions=9 --csv="$results/workloads_large.csv"
  if command -v xz >/dev/null; then
    xz -6 --threads=0 --block-size=8MiB "$results/samples.jsonl"
  else
    say "no xz here (apt-get install xz-utils): $results/samples.jsonl stays as long as it is"
  fi
}

traces() { bench --workload=replay --trace=all --min-fit --repetitions=7 --csv="$results/traces.csv"; }

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

# Pictures of other figures than these would be refused, so none stay behind where none can be drawn.
report() {
  if ! PYTHONPATH=$root/scripts${PYTHONPATH:+:$PYTHONPATH} python3 -B -c 'import reporting.canvas'; then
    rm -rf "$results/pictures"
    say "so the report is without pictures"
  elif ! "$root/scripts/plot.py" "$results"; then
    rm -rf "$results/pictures"
    step_status=1
    say "no pictures were drawn, so the report is without"
  fi
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
