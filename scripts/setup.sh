# shellcheck shell=bash
# Sourced by the other scripts: `prepare` installs what is missing, `build` configures and compiles.
#
# From the distribution, by apt-get (as root or with sudo): compiler, CMake, Ninja, Git and four libraries.
# From the Python registry, into build/tools and without root: the CUDA toolkit where this machine has none that is
# new enough, and CMake where the distribution's is too old; RMM to compare with, and for tests the newest CCCL and
# matplotlib; on a machine with a GPU, CUPTI where the toolkit comes without.
# Where nothing is missing, neither apt-get nor the network is touched.

readonly cmake_least=3.25 cuda_least=12.8        # what CMakeLists.txt asks for
readonly cmake_pinned=3.31.6 cuda_pinned=13.0.2  # what is installed where there is less
readonly cccl_pinned=13.3.5.0.6                  # CCCL 3.5.0: the newest to test with, beside the toolkit's own
readonly matplotlib_pinned=3.10.8                # of scripts/plot.py, where python3 has none
readonly rmm_pinned=26.10.0 rmm_logger_pinned=0.3.0  # whose allocators daa-bench compares with
readonly cuda_pinned_driver=580                  # the oldest driver that runs programs of that toolkit
readonly compiler_kib=$((2 * 1024 * 1024))       # memory of one compiler: nvcc takes up to 2 GiB for CUB

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
own_cmake=$root/build/tools/cmake-$cmake_pinned
own_cuda=$root/build/tools/cuda-$cuda_pinned
own_cccl=$root/build/tools/cccl-$cccl_pinned
own_rmm=$root/build/tools/rmm-$rmm_pinned
own_matplotlib=$root/build/tools/matplotlib-$matplotlib_pinned
readonly root own_cmake own_cuda own_cccl own_rmm own_matplotlib

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# The comment at the head of the script that is running.
show_header() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

# Leaves the name of the first GPU in `gpu`; dies where there is none.
require_gpu() {
  local remedy="scripts/test.sh builds and tests without a GPU, scripts/bench.sh measures on the host runtime"
  command -v nvidia-smi >/dev/null || die "no GPU here: there is no nvidia-smi, which comes with NVIDIA's driver. $remedy"
  gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>&1) || die "no GPU here: nvidia-smi fails: ${gpu%%$'\n'*}. $remedy"
  gpu=${gpu%%$'\n'*}
  [[ -n $gpu ]] || die "no GPU here: nvidia-smi lists none. $remedy"
}

# results_folder GPU: where the results of a GPU of that name go.
results_folder() {
  echo "$root/results/$(sed 's/^NVIDIA //; s/[^A-Za-z0-9]\+/-/g' <<<"$1" | tr '[:upper:]' '[:lower:]')"
}

# at_least HAVE WANT: is version HAVE no older than WANT?
at_least() { [[ $1 == [0-9]* ]] && printf '%s\n' "$2" "$1" | sort -VC; }

# Installs what is missing. Leaves a cmake that is new enough on PATH, and the toolkit's folder in `cuda`.
# Until the script closes file 9, a second one waits.
prepare() {
  mkdir -p "$root/build/tools"
  exec 9>"$root/build/tools/lock"
  flock --nonblock 9 || { say "waiting for another of these scripts to finish building" && flock 9; }

  missing=()
  command -v g++ >/dev/null || need g++
  command -v ninja >/dev/null || need ninja-build
  command -v git >/dev/null || need git
  has_header benchmark/benchmark.h || need libbenchmark-dev
  has_header CLI/CLI.hpp || need libcli11-dev
  has_header fmt/core.h || need libfmt-dev
  has_header gmock/gmock.h || need libgmock-dev  # and so libgtest-dev, whose CMake files may name both
  find_cmake || if command -v cmake >/dev/null; then need_python; else need cmake; fi
  find_cuda || need_python

  ((${#missing[@]} == 0)) || install_packages
  find_cmake || install_cmake
  find_cuda || install_cuda
  rm -rf "$root/build/tools/partial"
}

# need PACKAGE: adds it to `missing`, once.
need() { [[ " ${missing[*]} " == *" $1 "* ]] || missing+=("$1"); }
has_header() { [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]]; }

# What `from_python` takes.
need_python() {
  python3 -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || need ca-certificates
}

# Installs the packages of `missing`. Libraries may stay missing where only root could: CMake then fetches them.
install_packages() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600) candidate package
  ((EUID == 0)) || apt=(sudo "${apt[@]}")
  if ! command -v apt-get >/dev/null || ! command -v "${apt[0]}" >/dev/null; then
    for package in "${missing[@]}"; do
      [[ $package == lib* ]] || die "missing, and neither root nor sudo here; as root: apt-get install ${missing[*]}"
    done
    say "missing, so CMake will fetch and compile what it needs of ${missing[*]}"
    return
  fi

  say "apt-get update"
  "${apt[@]}" update >&2 || say "apt-get update failed; going on with the lists that are here"
  if [[ " ${missing[*]} " == *" cmake "* ]]; then
    candidate=$(LC_ALL=C apt-cache policy cmake | awk '/Candidate:/ { print $2 }')
    at_least "$candidate" "$cmake_least" || need_python
  fi
  say "apt-get install ${missing[*]}"
  "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >&2 || die "could not install: ${missing[*]}"
}

# Succeeds when the cmake on PATH is new enough; the one in build/tools comes first.
find_cmake() {
  [[ ! -d $own_cmake || $PATH == "$own_cmake"/* ]] || PATH=$own_cmake/cmake/data/bin:$PATH
  command -v cmake >/dev/null && at_least "$(cmake --version | awk 'NR == 1 { print $3 }')" "$cmake_least"
}

# Succeeds when there is a toolkit that is new enough, and leaves its folder in `cuda`.
find_cuda() {
  local nvcc release
  for nvcc in "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" "${CUDA_PATH:+$CUDA_PATH/bin/nvcc}" "$(command -v nvcc)" \
    /usr/local/cuda/bin/nvcc /usr/local/cuda-*/bin/nvcc "$own_cuda/bin/nvcc"; do
    [[ -x $nvcc ]] || continue
    release=$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
    cuda=$(dirname "$(dirname "$nvcc")")
    at_least "$release" "$cuda_least" && return
  done
  return 1
}

install_cmake() {
  say "installing CMake $cmake_pinned into ${own_cmake#"$root"/}: 30 MB to download, 80 MB on disk"
  from_python "cmake==$cmake_pinned"
  mv -T "$partial/packages" "$own_cmake"
  find_cmake || die "CMake $cmake_pinned does not run here"
}

install_cuda() {
  local driver toolkit
  say "installing CUDA $cuda_pinned into ${own_cuda#"$root"/}: 130 MB to download, 330 MB on disk"
  from_python "cuda-toolkit[nvcc,crt,nvvm,cudart,cccl,nvtx,profiler,cupti]==$cuda_pinned"
  toolkit=$partial/packages/nvidia/cu13
  ln -s lib "$toolkit/lib64"
  ln -s libcudart.so.13 "$toolkit/lib/libcudart.so"  # without it CMake takes the whole for no toolkit
  mv -T "$toolkit" "$own_cuda"
  find_cuda || die "CUDA $cuda_pinned does not run here"

  driver=$(grep -oEm1 '[0-9]{3,}\.[0-9.]+' /proc/driver/nvidia/version 2>/dev/null) || return 0
  at_least "$driver" "$cuda_pinned_driver" ||
    say "but driver $driver cannot run CUDA $cuda_pinned: update it to $cuda_pinned_driver, or install CUDA $cuda_least and set CUDA_HOME"
}

# Installs the CCCL that tests are to be built with as well. Does without it where it cannot: offline, say.
prepare_newest_cccl() {
  [[ ! -d $own_cccl ]] || return 0
  say "installing CCCL $cccl_pinned into ${own_cccl#"$root"/}: 4 MB to download, 25 MB on disk"
  install_optional "$own_cccl" nvidia/cu13/include/cccl "nvidia-cuda-cccl==$cccl_pinned" ||
    say "so there will be no tests with it, only with the toolkit's CCCL"
}

# Installs RMM, whose allocators daa-bench then compares with. Does without it where it cannot.
prepare_rmm() {
  local major
  [[ ! -d $own_rmm ]] || return 0
  say "installing RMM $rmm_pinned into ${own_rmm#"$root"/}: 5 MB to download, 28 MB on disk"
  major=$("$cuda/bin/nvcc" --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')
  install_optional "$own_rmm" . "librmm-cu$major==$rmm_pinned" "rapids-logger==$rmm_logger_pinned" ||
    say "so daa-bench will be without RMM's allocators"
}

# Installs matplotlib for scripts/plot.py, which finds it there, where python3 has none. Does without it where it cannot.
prepare_matplotlib() {
  ! python3 -c 'import matplotlib' 2>/dev/null || return 0
  [[ ! -d $own_matplotlib ]] || return 0
  say "installing matplotlib $matplotlib_pinned into ${own_matplotlib#"$root"/}: 40 MB to download, 170 MB on disk"
  install_optional "$own_matplotlib" . "matplotlib==$matplotlib_pinned" || say "so nothing can be plotted, and its tests are skipped"
}

# install_optional FOLDER PART REQUIREMENT...: makes PART of what the requirements install into FOLDER. Fails where it cannot.
install_optional() {
  local folder=$1 part=$2 status=0
  shift 2
  (
    missing=()
    need_python
    ((${#missing[@]} == 0)) || install_packages
    PIP_RETRIES=1 from_python "$@"
    mv -T "$(realpath "$partial/packages/$part")" "$folder"
  ) || status=$?
  rm -rf "$root/build/tools/partial"
  return $status
}

# Installs CUPTI, with which daa-bench counts CUDA calls on a GPU, where the toolkit has none; it is of the toolkit's
# release. Leaves its folder in `cupti`, empty where it is the toolkit's or where there is no GPU. Does without it where
# it cannot: offline, say.
prepare_cupti() {
  local release package
  cupti=
  [[ -e /proc/driver/nvidia/version ]] || return 0
  [[ ! -e $cuda/include/cupti.h && ! -e $cuda/extras/CUPTI/include/cupti.h ]] || return 0
  release=$("$cuda/bin/nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
  package=nvidia-cuda-cupti
  [[ $release != 12.* ]] || package+=-cu12
  cupti=$root/build/tools/cupti-$release
  [[ ! -d $cupti ]] || return 0
  say "installing CUPTI $release into ${cupti#"$root"/}: 10 MB to download, 45 MB on disk"
  (
    missing=()
    need_python
    ((${#missing[@]} == 0)) || install_packages
    PIP_RETRIES=1 from_python "$package==$release.*"
    mv -T "$(dirname "$(dirname "$(find "$partial/packages" -name cupti.h)")")" "$cupti"
  ) || { say "so daa-bench will not count CUDA calls" && cupti=; }
  rm -rf "$root/build/tools/partial"
}

# from_python REQUIREMENT...: installs them into `partial`/packages, from where the caller moves it to its place, whole.
from_python() {
  partial=$root/build/tools/partial
  rm -rf "$partial"
  python3 -m venv "$partial"
  "$partial/bin/python" -m pip install --disable-pip-version-check --only-binary :all: \
    --target "$partial/packages" "$@" >&2 || die "could not install $* from the Python registry"
}

# build PRESET [TARGET...]: leaves it (or all) up to date in build/PRESET. Configures only at first, and when the toolkit,
# the newest CCCL, RMM, CUPTI, the presets, the GPUs or the place of the project have changed. A folder that somebody
# else has configured is taken as it is.
build() {
  local folder=$root/build/$1 preset=$1 settings newest_cccl rmm
  shift
  newest_cccl=$([[ ! -d $own_cccl ]] || echo "$own_cccl")
  rmm=$([[ ! -d $own_rmm ]] || echo "$own_rmm")
  settings=$(printf '%s\n' "$root" "$cuda" "$newest_cccl" "$rmm" "${cupti:-}" "$(cksum <"$root/CMakePresets.json")" \
    "$(cat /proc/driver/nvidia/gpus/*/information 2>/dev/null | grep ^Model)")
  if [[ ! -e $folder/build.ninja ]] || { [[ -e $folder/.settings ]] && [[ $(<"$folder/.settings") != "$settings" ]]; }; then
    say "configuring build/$preset with ${cuda}"
    (cd "$root" && cmake --fresh --preset "$preset" -DCUDAToolkit_ROOT="$cuda" -DDAA_NEWEST_CCCL="$newest_cccl" \
      -DDAA_RMM="$rmm" -DDAA_CUPTI="${cupti:-}") >&2
    printf '%s\n' "$settings" >"$folder/.settings"
  fi
  cmake --build "$folder" --parallel "$(compilers)" ${1+--target "$@"} >&2
}

# As many as there are processors, but no more than the free memory has room for.
compilers() {
  local free limit processors
  free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
  [[ $limit != [0-9]* ]] || ((limit / 1024 >= free)) || free=$((limit / 1024))
  processors=$(nproc)
  local jobs=$((free / compiler_kib))
  echo $((jobs < 1 ? 1 : jobs < processors ? jobs : processors))
}
