#!/usr/bin/env bash
# Measures on this machine's GPU how often the regression gate raises a false alarm, and how often it finds a slow-down:
# rates of this session, for a machine has its moods.
#
#   scripts/calibrate_gate.sh          into results/<name of the GPU>/gate_calibration.csv
#   scripts/calibrate_gate.sh DIR      into DIR/gate_calibration.csv; the runs themselves stay in build/gate-calibration
#
# Rounds of five processes of daa-bench with the suite of scripts/gate.toml, in an order that changes from round to round:
# two as they are, one whose phases really take 3 % longer (--plant-delay=0.03), one 5 %, and one whose enqueueing on the
# host takes 5 % longer (--plant-delay=host:0.05). Then scripts/gate_rates.py deals these processes out to a thousand BASEs
# and HEADs of 12 rounds each, as scripts/gate.sh would have run them, and lets `daa-bench compare` judge each.
#
# Measures for 330 seconds and 16 rounds at least.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
require_gpu
results=${1:-$(results_folder "$gpu")}
mkdir -p "$results"
prepare
build release daa-bench
program=$root/build/release/bin/daa-bench
runs=$root/build/gate-calibration
readonly measuring_seconds=330 rounds_least=16

declare -A flags=([plain]='' [again]='' [delay-0.03]=--plant-delay=0.03 [delay-0.05]=--plant-delay=0.05
  [host-0.05]=--plant-delay=host:0.05)
order=(plain delay-0.03 again delay-0.05 host-0.05)
rm -rf "$runs"
mkdir -p "$runs"
round=0
SECONDS=0
while ((SECONDS < measuring_seconds || round < rounds_least)); do
  ((round += 1))
  mkdir "$runs/$round"
  for condition in "${order[@]}"; do
    # shellcheck disable=SC2086  # no flag where there is none
    "$program" --config="$root/scripts/gate.toml" ${flags[$condition]} --csv="$runs/$round/$condition.csv" >/dev/null
  done
  order=("${order[@]:1}" "${order[0]}")
  say "round $round: $SECONDS s"
done
"$root/scripts/gate_rates.py" "$program" "$runs" "$results/gate_calibration.csv"
say "now scripts/report.py writes the rates into README.md"
