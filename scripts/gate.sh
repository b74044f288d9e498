#!/usr/bin/env bash
# Holds one build of daa-bench against another on this machine's GPU; its exit status is that of `daa-bench compare`.
#
#   scripts/gate.sh BASE HEAD FOLDER [FLAG...]
#
# BASE and HEAD are programs, such as build/release/bin/daa-bench of two checkouts. They take turns: 12 processes each
# of two repetitions, so that what differs from process to process and from minute to minute differs on both sides alike.
# The suite is scripts/gate.toml, and takes about two minutes on an H200. Results go into the new folders FOLDER/base and FOLDER/head; flags are `compare`'s.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

(($# >= 3)) || { show_header && exit 100; }
base=$(realpath -e -- "$1")
head=$(realpath -e -- "$2")
results=$3
shift 3
readonly rounds=12

mkdir -p "$results"
mkdir "$results/base" "$results/head" || die "name a folder without results"
for ((round = 1; round <= rounds; ++round)); do
  say "round $round of $rounds"
  turns=(base head)
  ((round % 2)) || turns=(head base)
  for side in "${turns[@]}"; do
    "${!side}" --config="$root/scripts/gate.toml" --csv="$results/$side/$round.csv" >/dev/null
  done
done
exec "$head" compare "$results/base" "$results/head" "$@"
