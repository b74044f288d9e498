#!/usr/bin/env bash
# Builds daa-bench and runs it on the GPU under Nsight Systems: a report for each trial of an allocator, in their order.
#
#   scripts/nsys_profile.sh WORKLOAD ...        the same as --workload=WORKLOAD
#   scripts/nsys_profile.sh --workload=scan --allocator=arena,cuda-malloc-async --iters=200
#   scripts/nsys_profile.sh --no-install ...    refuses, with a list, if something is missing; else it is installed
#   scripts/nsys_profile.sh --report=PATH ...   PATH.1.nsys-rep, PATH.2.nsys-rep, ...; else in build/profiles, by time
#
# Everything but --report is daa-bench's, with --profile, --device=cuda and --repetitions=1 before it where not given.
# Reports are never overwritten. Exit status: 127 without nsys, 1 without reports, else that of the run.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

[[ -z ${1:-} || $1 == -* ]] || set -- "--workload=$1" "${@:2}"
report=$root/build/profiles/$(date +%Y%m%d-%H%M%S)
arguments=()
for argument in "$@"; do
  case $argument in
    --help) show_header && exit ;;
    --report=*) report=${argument#*=} ;;
    *) arguments+=("$argument") ;;
  esac
done
for default in --profile --device=cuda --repetitions=1; do
  [[ " ${arguments[*]}" == *" ${default%%=*}"* ]] || arguments=("$default" "${arguments[@]}")
done

PATH=$PATH:/usr/local/cuda/bin
if ! command -v nsys >/dev/null; then
  say "nsys is not installed. It is in NVIDIA's full CUDA toolkit, and by itself as the package nsight-systems-cli of"
  say "NVIDIA's apt repository for CUDA, or from NVIDIA's download page of Nsight Systems. It needs no root."
  exit 127
fi
! compgen -G "$report.*nsys-rep" >/dev/null || die "there are reports of that name: $report.*nsys-rep"

# shellcheck disable=SC2119  # no further tools
prepare
build release daa-bench
exec 9>&-
mkdir -p "$(dirname -- "$report")"

# Each trial is a range `measured`: `repeat` makes a report of each, where `stop` would keep the first alone. Reports are
# written after the last range, so that they disturb none.
status=0
nsys profile --output="$report" --force-overwrite=false \
  --capture-range=nvtx --nvtx-capture=measured@daa --capture-range-end=repeat \
  --trace=cuda,nvtx,osrt --cuda-memory-usage=true --sample=none --cpuctxsw=none \
  "$root/build/release/bin/daa-bench" "${arguments[@]}" || status=$?

compgen -G "$report.*nsys-rep" >/dev/null || die "no report: nothing was measured on a GPU (exit status $status)"
say "nvtx_sum: time by range; cuda_api_sum: what the driver calls cost; nvtx_gpu_proj_sum: the ranges' time on the GPU"
for file in "$report".*nsys-rep; do
  say "nsys stats --report nvtx_sum,cuda_api_sum,nvtx_gpu_proj_sum '$file'"
done
exit "$status"
