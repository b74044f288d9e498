#!/usr/bin/env bash
# Installs what is missing, builds daa-bench and runs it; every argument is daa-bench's, and so is the exit status.
#
#   scripts/bench.sh --workload=scan --iters=1000
#
# Runs on the GPU, or on the host runtime where there is none. Standard output is daa-bench's alone.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

prepare
[[ ! -e /proc/driver/nvidia/version ]] || prepare_rmm  # runs on GPUs only
prepare_cupti
build release daa-bench daa-bench-host daa-alloc-cost
exec "$root/build/release/bin/daa-bench" "$@" 9>&-
