#!/usr/bin/env bash
# Builds daa-bench and runs it; every argument is daa-bench's, and so is the exit status.
#
#   scripts/bench.sh --workload=scan --iters=1000
#   scripts/bench.sh --no-install ...              refuses, with a list, if something is missing; else it is installed
#
# Runs on the GPU, or on the host runtime where there is none. Only daa-bench writes to standard output.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

extras=()
! has_gpu || extras=(rmm)  # runs on GPUs only
prepare "${extras[@]}"
build release daa-bench daa-bench-host daa-alloc-cost
exec "$root/build/release/bin/daa-bench" "$@" 9>&-
