#!/usr/bin/env bash
# Builds, measures on this machine's GPU, and writes results, pictures and their README.md into a folder.
#
#   scripts/measure.sh                    everything, into results/<name of the GPU>/<date>
#   scripts/measure.sh FOLDER             everything that is not in FOLDER yet
#   scripts/measure.sh FOLDER STEP...     these steps anew: workloads, traces, threads, streams, cold, graphs, sweep, alloc-cost, report
#   scripts/measure.sh --quick ...        fewer cases and repetitions, for a first look
#   scripts/measure.sh --no-install ...   refuses, with a list, if something is missing; else it is installed
#
# A file appears when it is whole, so an interrupted run goes on where it was if it is started again. A step that fails, or has
# rows that do, does not stop the others: they are named at the end, and the exit status is 1.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
all_steps="workloads traces threads streams cold graphs sweep alloc-cost report"
quick=0
if [[ ${1:-} == --quick ]]; then quick=1 && shift; fi
[[ ${1:-} != -* ]] || die "unknown flag $1; there are --quick, --no-install and --help, in this order"
results=${1:-}
shift || true
steps=${*:-$all_steps}
only_missing=$((! $#))
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

# into FILE COMMAND...: COMMAND, in whose arguments {} is a file that becomes FILE when it is whole. Nothing if FILE is there
# and no step was named. Bad rows are reported and do not end the step.
into() {
  local file=$results/$1 partial=$results/.$1.partial status=0
  shift
  if ((only_missing)) && [[ -e $file ]]; then say "$file is there already" && return; fi
  "${@//"{}"/"$partial"}" || status=$?
  ((status == 0 || status == bad_rows)) || return $status
  mv "$partial" "$file"
  ((status == 0)) || step_status=$bad_rows
  ((status == 0)) || say "$step: some rows were out of memory, wrong or failed; going on with what was measured"
}

# bench FILE FLAG...: daa-bench on the GPU.
bench() { into "$1" "$bin/daa-bench" --device=cuda --csv={} "${@:2}"; }

# pick FULL QUICK
pick() { if ((quick)); then echo "$2"; else echo "$1"; fi; }

# Many short trials, since noise comes in spells; at 2^24 elements a phase is so long that few suffice.
workloads() {
  bench workloads.csv --workload=none,all --elements="$(pick 2^12,2^16,2^20 2^12,2^20)" --sync=both --iters=100 \
    --repetitions="$(pick 15 3)"
  ((quick)) ||
    bench workloads_large.csv --workload=all --elements=2^24 --sync=both --iters=40 --repetitions=9
}

# Varied phases cost a kernel for each operation of 36 phases to verify: few are timed, and their calls are not counted.
traces() {
  local which
  which=$(pick all gat_train,sort_unique_topk)
  bench traces.csv --workload=replay --trace="$which" --repetitions="$(pick 7 3)"
  bench traces_vary.csv --workload=replay --trace="$which" --vary=scale,drop --iters=12 --count-calls=false --repetitions=3
}

threads() {
  bench threads.csv --workload=stencil --elements=2^12 --threads="$(pick 1,2,4,8,16 1,4)" --iters=100 \
    --repetitions="$(pick 7 3)"
}

streams() {
  bench streams.csv --workload=scan,sort --elements=2^16 --streams=1,4 --iters=100 --repetitions="$(pick 7 3)"
}

cold() { bench cold.csv --workload=all --elements=2^20 --state=cold --iters=10 --repetitions="$(pick 9 3)"; }

graphs() { bench graphs.csv --workload=all --elements="$(pick 2^12,2^20 2^12)" --graph --iters=100 --repetitions="$(pick 9 3)"; }

sweep() {
  bench sweep.csv --workload=allocs --elements=2^20 --allocs-per-phase="$(pick 1,4,16,64,256,1024 1,32,1024)" --iters=100 \
    --repetitions="$(pick 9 3)"
}

alloc-cost() {
  cd "$bin"  # the file names the program as it was called
  into alloc_cost.json ./daa-alloc-cost --benchmark_min_time="$(pick 0.1 0.02)" --benchmark_repetitions="$(pick 9 3)" \
    --benchmark_enable_random_interleaving=true --benchmark_out={} --benchmark_out_format=json
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
