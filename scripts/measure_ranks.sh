#!/usr/bin/env bash
# Builds, measures on 2, 4, ... of this machine's GPUs with an MPI process each, and writes results, pictures and their
# README.md into a folder.
#
#   scripts/measure_ranks.sh                    into results/<name of the GPU>-x<how many>/<date>
#   scripts/measure_ranks.sh FOLDER             into FOLDER, what is not there yet
#   scripts/measure_ranks.sh --quick ...        fewer repetitions, for a first look
#   scripts/measure_ranks.sh --no-install ...   refuses, with a list, if something is missing; else it is installed
#
# A file appears when it is whole, so an interrupted run goes on where it was if it is started again.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

if [[ ${1:-} == --help ]]; then show_header && exit; fi
quick=0
if [[ ${1:-} == --quick ]]; then quick=1 && shift; fi
[[ ${1:-} != -* ]] || die "unknown flag $1; there are --quick, --no-install and --help, in this order"
require_gpu
gpus=$(nvidia-smi --query-gpu=uuid --format=csv,noheader | wc -l)
((gpus > 1)) || die "this machine has one GPU: scripts/measure.sh measures on it"
results=${1:-$(results_folder "$gpu-x$gpus")}
mkdir -p "$results"
results=$(cd "$results" && pwd)

prepare rmm mpi nccl matplotlib
build release
bench=$root/build/release/bin/daa-bench
[[ -x $bench-mpi ]] || die "daa-bench-mpi was not built, which needs MPI (libopenmpi-dev)"

# Open MPI refuses to run as root and, by version 4 or 5, more processes than cores otherwise.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe

# ranks N NAME FLAG...: measures with N ranks, unless that is there already.
ranks() {
  local file=$results/$2_$1.csv partial=$results/.$2_$1.partial status=0
  [[ ! -e $file ]] || { say "$2_$1.csv is there already" && return; }
  say "$2 on $1 GPUs"
  mpirun -n "$1" "$bench" --device=cuda --csv="$partial" "${@:3}" || status=$?
  ((status == 0 || status == 4)) || die "$2 on $1 GPUs: exit status $status; what was measured before is in $results"
  mv "$partial" "$file"
}

repetitions=$( ((quick)) && echo 3 || echo 9)
for ((n = 2; n <= gpus; n *= 2)); do
  ranks "$n" ranks --workload=stencil,halo,allreduce,dist-sort --elements=2^12,2^20 --sync=end --iters=100 \
    --repetitions="$repetitions" --seed=1
  ((quick)) || ranks "$n" ranks_large --workload=stencil,halo --elements=2^24 --iters=40 --repetitions="$repetitions" --seed=1
done
"$root/scripts/plot.py" "$results" || true
"$root/scripts/report.py" "$results"
