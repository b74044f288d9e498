#!/usr/bin/env bash
# Compares two builds of daa-bench on this machine's GPU; the exit status is that of `daa-bench compare`.
#
#   scripts/gate.sh BASE HEAD FOLDER [FLAG...]
#
# BASE and HEAD are programs, such as build/release/bin/daa-bench of two checkouts. Each is run in 16 short processes,
# alternating, so that what differs from process to process and from minute to minute affects both alike. The suite is
# scripts/gate.toml; calls, which are exact, are counted in the first process of each. Results go into the new folders FOLDER/base and FOLDER/head; flags are those of `compare`.
# Exit status of a run that fails: that run's; of bad usage: 100.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

# Not with 1, which is a regression.
refuse() {
  say "$@"
  exit 100
}

if [[ ${1:-} == --help ]]; then show_header && exit; fi
(($# >= 3)) || refuse "needs BASE, HEAD and FOLDER: $(show_header)"
declare -A programs=([base]=$1 [head]=$2)
results=$3
for program in "$1" "$2"; do [[ $program == */* && -x $program && -f $program ]] || refuse "$program is not the path of a program"; done
shift 3
readonly rounds=16

for side in base head; do [[ ! -e $results/$side ]] || refuse "$results/$side exists already: name a folder without results"; done
made=$results
[[ ! -e $results ]] || made=
why=$(mkdir -p "$results/base" "$results/head" 2>&1) || refuse "$results: cannot make folders in it: ${why##*: }"
trap 'rmdir --ignore-fail-on-non-empty "$results/base" "$results/head" ${made:+"$made"}' EXIT  # of a run without results
for ((round = 1; round <= rounds; ++round)); do
  say "round $round of $rounds"
  order=(base head)
  ((round % 2)) || order=(head base)
  for side in "${order[@]}"; do
    "${programs[$side]}" --config="$root/scripts/gate.toml" --csv="$results/$side/$round.csv" \
      --count-calls="$( ((round > 1)) && echo false || echo true)" >/dev/null
  done
done
exec "${programs[head]}" compare "$results/base" "$results/head" "$@"
