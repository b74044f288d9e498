#!/usr/bin/env bash
# Measures on this machine's GPU how often the regression gate reports a regression: with no change, and with delays in the
# arena.
#
#   scripts/calibrate_gate.sh                    into results/<name of the GPU>/<date>/gate_calibration.csv
#   scripts/calibrate_gate.sh FOLDER             into FOLDER/gate_calibration.csv
#   scripts/calibrate_gate.sh --no-install ...   refuses, with a list, if something is missing; else it is installed
#
# Each round runs four processes with the suite of scripts/gate.toml, in an order that changes from round to round: two
# without a delay, and two in which phases of the arena take 3 % and 5 % longer on the host (DAA_PLANT_DELAY, which
# daa-bench-faulty-gpu reads). scripts/gate_rates.py then draws a thousand comparisons from them, each as scripts/gate.sh
# makes it. Takes at least 330 seconds and 16 rounds; the results of all processes stay in build/gate-calibration.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
require_gpu
results=${1:-$(results_folder "$gpu")}
mkdir -p "$results"
# shellcheck disable=SC2119  # no further tools
prepare
build release daa-bench-faulty-gpu
program=$root/build/release/bin/daa-bench-faulty-gpu
runs=$root/build/gate-calibration
readonly measuring_seconds=330 rounds_least=16

order=(plain arena:0.03 again arena:0.05)
rm -rf "$runs"
round=0
SECONDS=0
while ((SECONDS < measuring_seconds || round < rounds_least)); do
  ((round += 1))
  mkdir -p "$runs/$round"
  for condition in "${order[@]}"; do
    delay=()
    [[ $condition != *:* ]] || delay=("DAA_PLANT_DELAY=$condition")
    env "${delay[@]}" "$program" --config="$root/scripts/gate.toml" --csv="$runs/$round/$condition.csv" >/dev/null
  done
  order=("${order[@]:1}" "${order[0]}")
  say "round $round: $SECONDS s"
done
"$root/scripts/gate_rates.py" "$program" "$runs" "$results/gate_calibration.csv"
say "scripts/report.py now writes the rates into scripts/README.md"
