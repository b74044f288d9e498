#!/usr/bin/env bash
# Measures on this machine's GPU how often the regression gate reports a regression: with no change, and with an arena that
# is slower on purpose.
#
#   scripts/calibrate_gate.sh                    into results/<name of the GPU>/<date>/gate_calibration.csv
#   scripts/calibrate_gate.sh FOLDER             into FOLDER/gate_calibration.csv
#   scripts/calibrate_gate.sh --no-install ...   refuses, with a list, if something is missing; else it is installed
#
# Each round runs the suite of scripts/gate.toml in a process for each condition, in an order that changes from round to
# round: three without a delay, of which one is another build of the same sources, and the others with a delay
# (DAA_PLANT_DELAY, which daa-bench-faulty-gpu reads); those that lengthen single calls measure what shows these. Calls are not
# counted. scripts/gate_rates.py then draws a thousand comparisons of each kind, of 16 rounds each, as scripts/gate.sh makes it.
# The results of all processes stay in build/gate-calibration; started again, the script goes on with those of the same build.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
require_gpu
results=${1:-$(results_folder "$gpu")}
mkdir -p "$results"
# shellcheck disable=SC2119  # no further tools
prepare
runs=$root/build/gate-calibration
readonly rounds=20
program=$root/build/release/bin/daa-bench-faulty-gpu
other=$root/build/another-release/bin/daa-bench-faulty-gpu
build release daa-bench-faulty-gpu
build release:another-release daa-bench-faulty-gpu
if [[ $(cat "$runs/program" 2>/dev/null) != $(cksum <"$program") ]]; then
  rm -rf "$runs"
  mkdir -p "$runs"
  cksum <"$program" >"$runs/program"
fi

order=(plain1 arena:0.03 plain2 arena:calls:0.2 arena-individual:0.05 plain3 arena:0.05 arena:calls:1 arena:device:0.05)
SECONDS=0
for ((round = 1; round <= rounds; ++round)); do
  mkdir -p "$runs/rounds/$round"
  for condition in "${order[@]}"; do
    csv=$runs/rounds/$round/$condition.csv
    [[ ! -e $csv ]] || continue
    delay=() less=() build=$program
    [[ $condition != *:* ]] || delay=("DAA_PLANT_DELAY=$condition")
    [[ $condition != *:calls:* ]] || less=(--workload=allocs,replay)
    [[ $condition != plain3 ]] || build=$other
    env "${delay[@]}" "$build" --config="$root/scripts/gate.toml" "${less[@]}" --count-calls=false --csv="$csv.partial" >/dev/null
    mv "$csv.partial" "$csv"
  done
  order=("${order[@]:1}" "${order[0]}")
  say "round $round of $rounds: $SECONDS s"
done
"$root/scripts/gate_rates.py" "$program" "$runs/rounds" "$results/gate_calibration.csv"
say "scripts/report.py now writes the rates into scripts/README.md"
