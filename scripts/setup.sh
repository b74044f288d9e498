# shellcheck shell=bash
# Sourced by the other scripts: `prepare` installs what is missing, `build` configures and compiles.
#
# apt-get (as root or with sudo) installs compiler, Ninja, Git, four libraries and, optionally, MPI. pip installs everything else from the
# Python registry into build/tools, without root: CMake and the CUDA toolkit where they are missing or too old, and
# optional tools. One line says what will be installed before anything is; --no-install as the first argument of a script,
# or DAA_NO_INSTALL=1, refuses instead. Where nothing is missing, neither apt-get nor the network is used.

readonly cmake_least=3.25 cuda_least=12.8        # what CMakeLists.txt asks for
readonly cmake_pinned=3.31.6 cuda_pinned=13.0.2  # what is installed where there is less
readonly cuda_pinned_driver=580                  # the oldest driver that runs programs of that toolkit
readonly compiler_kib=$((2 * 1024 * 1024))       # memory of one compiler: nvcc takes up to 2 GiB for CUB

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly root tools=$root/build/tools
readonly own_cmake=$tools/cmake-$cmake_pinned own_cuda=$tools/cuda-$cuda_pinned
readonly own_cccl=$tools/cccl-13.3.5.0.6 own_rmm=$tools/rmm-26.10.0 own_matplotlib=$tools/matplotlib-3.10.8
readonly own_nccl=$tools/nccl-2.28.9

if [[ ${1:-} == --no-install ]]; then
  DAA_NO_INSTALL=1
  shift
fi

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# Prints the comment at the head of the running script.
show_header() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

# Sets `gpu` to the name of the first GPU; dies if there is none.
require_gpu() {
  local remedy="scripts/test.sh builds and tests without a GPU, scripts/bench.sh measures on the host runtime"
  command -v nvidia-smi >/dev/null || die "no GPU: there is no nvidia-smi, which comes with NVIDIA's driver. $remedy"
  gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>&1) || die "no GPU: nvidia-smi fails: ${gpu%%$'\n'*}. $remedy"
  gpu=${gpu%%$'\n'*}
  [[ -n $gpu ]] || die "no GPU: nvidia-smi lists none. $remedy"
}

# results_folder GPU: the folder of today's results of a GPU of that name.
results_folder() {
  echo "$root/results/$(sed 's/^NVIDIA //; s/[^A-Za-z0-9]\+/-/g' <<<"$1" | tr '[:upper:]' '[:lower:]')/$(date +%F)"
}

has_gpu() { [[ -e /proc/driver/nvidia/version ]]; }
has_gpus() { # has_gpus NUMBER
  local gpus=(/proc/driver/nvidia/gpus/*/information)
  [[ -e ${gpus[0]} ]] && ((${#gpus[@]} >= $1))
}
has_mpi() { command -v mpicxx >/dev/null && command -v mpirun >/dev/null; }
has_header() { [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]]; }

# at_least HAVE WANT: succeeds if version HAVE is WANT or newer.
at_least() { [[ $1 == [0-9]* ]] && printf '%s\n' "$2" "$1" | sort -VC; }

# Succeeds if the cmake on PATH is new enough; the one in build/tools comes first.
find_cmake() {
  [[ ! -d $own_cmake || $PATH == "$own_cmake"/* ]] || PATH=$own_cmake/cmake/data/bin:$PATH
  command -v cmake >/dev/null && at_least "$(cmake --version | awk 'NR == 1 { print $3 }')" "$cmake_least"
}

# Succeeds if there is a toolkit that is new enough; sets `cuda` to its folder and `cuda_release` to its version.
find_cuda() {
  local nvcc
  for nvcc in "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" "${CUDA_PATH:+$CUDA_PATH/bin/nvcc}" "$(command -v nvcc)" \
    /usr/local/cuda/bin/nvcc /usr/local/cuda-*/bin/nvcc "$own_cuda/bin/nvcc"; do
    [[ -x $nvcc ]] || continue
    cuda=$(dirname "$(dirname "$nvcc")")
    cuda_release=$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
    at_least "$cuda_release" "$cuda_least" && return
  done
  cuda=$own_cuda cuda_release=${cuda_pinned%.*}
  return 1
}

# describe TOOL: sets, of a tool from the Python registry: `title`, `folder` where it goes, `part` of what pip installs,
# pip's `requirements`, and what follows `without` it.
describe() {
  case $1 in
    cmake) title="CMake $cmake_pinned (30 MB)" folder=$own_cmake part=. requirements=("cmake==$cmake_pinned") ;;
    cuda)
      title="CUDA $cuda_pinned (130 MB)" folder=$own_cuda part=nvidia/cu13
      requirements=("cuda-toolkit[nvcc,crt,nvvm,cudart,cccl,nvtx,profiler,cupti]==$cuda_pinned")
      ;;
    cupti) # with which daa-bench counts CUDA calls on a GPU, of the toolkit's release
      title="CUPTI $cuda_release (10 MB)" folder=$tools/cupti-$cuda_release part=nvidia/cu13
      requirements=("nvidia-cuda-cupti==$cuda_release.*") without="daa-bench does not count CUDA calls"
      [[ $cuda_release != 12.* ]] || part=nvidia/cuda_cupti requirements=("nvidia-cuda-cupti-cu12==$cuda_release.*")
      ;;
    rmm)
      title="RMM ${own_rmm##*-} (5 MB)" folder=$own_rmm part=. without="daa-bench has no allocators of RMM"
      requirements=("librmm-cu${cuda_release%%.*}==${own_rmm##*-}" rapids-logger==0.3.0)
      ;;
    cccl)
      title="CCCL ${own_cccl##*-} (4 MB)" folder=$own_cccl part=nvidia/cu13/include/cccl
      requirements=("nvidia-cuda-cccl==${own_cccl##*-}") without="tests use the toolkit's CCCL only"
      ;;
    nccl)
      title="NCCL ${own_nccl##*-} (300 MB)" folder=$own_nccl part=. without="nothing runs on several GPUs"
      requirements=("nvidia-nccl-cu${cuda_release%%.*}==${own_nccl##*-}")
      ;;
    matplotlib)
      title="matplotlib ${own_matplotlib##*-} (40 MB)" folder=$own_matplotlib part=. without="there are no pictures"
      requirements=("matplotlib==${own_matplotlib##*-}")
      ;;
  esac
}

# is_missing TOOL
is_missing() {
  case $1 in
    cmake) ! find_cmake ;;
    cuda) ! find_cuda ;;
    cupti) has_gpu && [[ ! -d $folder && ! -e $cuda/include/cupti.h && ! -e $cuda/extras/CUPTI/include/cupti.h ]] ;;
    nccl) has_gpus 2 && [[ ! -d $folder && ! -e $cuda/include/nccl.h ]] && ! has_header nccl.h ;;
    matplotlib) [[ ! -d $folder ]] && ! python3 -c 'import matplotlib' 2>/dev/null ;;
    *) [[ ! -d $folder ]] ;;
  esac
}

# prepare [TOOL...]: installs what is missing, the optional tools of that name among it: rmm, cccl, matplotlib, nccl (where
# there are two GPUs) and mpi. Puts a cmake that is new enough on PATH, sets `cuda` to the toolkit's folder, and `cupti` to
# that of CUPTI if it is not the toolkit's.
# A second script waits until the first closes file 9.
# shellcheck disable=SC2120  # no tools are as good
prepare() {
  local wanted=() packages=() tool
  mkdir -p "$tools"
  exec 9>"$tools/lock"
  flock --nonblock 9 || { say "waiting for another of these scripts to finish building" && flock 9; }

  for tool in cmake cuda cupti "$@"; do
    [[ $tool != mpi ]] || continue  # apt-get installs it
    describe "$tool"
    ! is_missing "$tool" || wanted+=("$tool")
  done
  find_packages "$@"
  confirm
  ((${#packages[@]} == 0)) || install_packages
  for tool in "${wanted[@]}"; do install_tool "$tool"; done
  if ! find_cmake || ! find_cuda; then die "what was installed does not run here"; fi
  describe cupti
  cupti=$([[ ! -d $folder ]] || echo "$folder")
}

is_wanted() { [[ " ${wanted[*]} " == *" $1 "* ]]; }

# find_packages [TOOL...]: sets `packages` to what apt-get has to install.
find_packages() {
  command -v g++ >/dev/null || packages+=(g++)
  command -v ninja >/dev/null || packages+=(ninja-build)
  command -v git >/dev/null || packages+=(git)
  has_header benchmark/benchmark.h || packages+=(libbenchmark-dev)
  has_header CLI/CLI.hpp || packages+=(libcli11-dev)
  has_header fmt/core.h || packages+=(libfmt-dev)
  has_header gmock/gmock.h || packages+=(libgmock-dev)  # brings libgtest-dev
  [[ " $* " != *" mpi "* ]] || has_mpi || packages+=(libopenmpi-dev openmpi-bin)
  ((${#wanted[@]} == 0)) && return
  python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || packages+=(ca-certificates)
}

# needs_package PACKAGE: fails for those that are optional, or that only optional tools need.
needs_package() {
  case $1 in
    libopenmpi-dev | openmpi-bin) return 1 ;;
    python3-venv | ca-certificates) is_wanted cmake || is_wanted cuda ;;
  esac
}

# Says what will be installed. With DAA_NO_INSTALL, installs nothing: dies if something is missing that cannot be done without.
confirm() {
  local plan=() needed=() optional=() titles=() name
  for name in "${packages[@]}"; do
    if needs_package "$name"; then needed+=("$name"); else optional+=("$name"); fi
  done
  for name in "${wanted[@]}"; do
    describe "$name"
    titles+=("$title")
    [[ $name != cmake && $name != cuda ]] || needed+=("$title")
  done
  if [[ -z ${DAA_NO_INSTALL:-} ]]; then
    ((${#packages[@]} == 0)) || plan+=("by apt-get: ${packages[*]}")
    ((${#titles[@]} == 0)) || plan+=("by pip, into build/tools: $(printf '%s, ' "${titles[@]}" | sed 's/, $//')")
    ((${#plan[@]} == 0)) || say "installing $(printf '%s; ' "${plan[@]}" | sed 's/; $//')"
    return
  fi
  ((${#needed[@]} == 0)) || die "nothing may be installed, and missing are: ${needed[*]}"
  titles=("${optional[@]}" "${titles[@]}")
  ((${#titles[@]} == 0)) || say "going on without ${titles[*]}"
  packages=() wanted=()
}

# Libraries may stay missing where only root could install them: CMake then fetches them, or goes on without the optional ones.
install_packages() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600) package needed=() optional=()
  for package in "${packages[@]}"; do
    if needs_package "$package"; then needed+=("$package"); else optional+=("$package"); fi
  done
  ((EUID == 0)) || apt=(sudo "${apt[@]}")
  if ! command -v apt-get >/dev/null || ! command -v "${apt[0]}" >/dev/null; then
    for package in "${needed[@]}"; do
      [[ $package == lib* ]] || die "there is no apt-get, or neither root nor sudo; install these: ${packages[*]}"
    done
    ((${#needed[@]} == 0)) ||
      say "there is no apt-get, or neither root nor sudo: CMake fetches and compiles what it needs of ${needed[*]}"
    ((${#optional[@]} == 0)) || say "there is no apt-get, or neither root nor sudo: going on without ${optional[*]}"
    return
  fi
  "${apt[@]}" update >&2 || say "apt-get update failed; going on with the lists that are here"
  apt+=(install --yes --no-install-recommends)
  ((${#needed[@]} == 0)) || "${apt[@]}" "${needed[@]}" >&2 || die "could not install: ${needed[*]}"
  ((${#optional[@]} == 0)) || "${apt[@]}" "${optional[@]}" >&2 || say "going on without ${optional[*]}, which could not be installed"
}

# install_tool TOOL: dies if it cannot and the tool is not an optional one.
install_tool() {
  local partial=$tools/partial
  describe "$1"
  rm -rf "$partial"
  if python3 -m venv "$partial" &&
    PIP_RETRIES=2 "$partial/bin/python" -m pip install --disable-pip-version-check --only-binary :all: \
      --target "$partial/packages" "${requirements[@]}" >&2; then
    [[ $1 != cuda ]] || complete_cuda "$partial/packages/$part"
    mv -T "$(realpath "$partial/packages/$part")" "$folder"
  elif [[ $1 == cmake || $1 == cuda ]]; then
    die "could not install $title"
  else
    say "could not install $title: $without"
  fi
  rm -rf "$partial"
}

# complete_cuda FOLDER: adds what the packages lack to be a toolkit to CMake, and checks the driver.
complete_cuda() {
  local driver
  ln -s lib "$1/lib64"
  ln -s libcudart.so.13 "$1/lib/libcudart.so"
  driver=$(grep -oEm1 '[0-9]{3,}\.[0-9.]+' /proc/driver/nvidia/version 2>/dev/null) || return 0
  at_least "$driver" "$cuda_pinned_driver" ||
    say "driver $driver cannot run CUDA $cuda_pinned: update it to $cuda_pinned_driver, or install CUDA $cuda_least and set CUDA_HOME"
}

# build PRESET[:NAME] [TARGET...]: brings it (or all) up to date in build/PRESET, or build/NAME. Configures at first, and
# again if the toolkit, a tool, the presets, the GPUs or the place of the project have changed. A folder that somebody else
# has configured is taken as it is.
build() {
  local folder=$root/build/${1#*:} preset=${1%%:*} settings newest_cccl rmm nccl
  shift
  newest_cccl=$([[ ! -d $own_cccl ]] || echo "$own_cccl")
  rmm=$([[ ! -d $own_rmm ]] || echo "$own_rmm")
  nccl=$([[ ! -d $own_nccl ]] || echo "$own_nccl")
  settings=$(printf '%s\n' "$root" "$cuda" "$newest_cccl" "$rmm" "$nccl" "$cupti" "$(command -v mpicxx)" "$(cksum <"$root/CMakePresets.json")" \
    "$(cat /proc/driver/nvidia/gpus/*/information 2>/dev/null | grep ^Model)")
  if [[ ! -e $folder/build.ninja ]] || { [[ -e $folder/.settings ]] && [[ $(<"$folder/.settings") != "$settings" ]]; }; then
    say "configuring ${folder#"$root"/} with $cuda"
    (cd "$root" && cmake --fresh --preset "$preset" -B "$folder" -DCUDAToolkit_ROOT="$cuda" -DDAA_NEWEST_CCCL="$newest_cccl" \
      -DDAA_RMM="$rmm" -DDAA_NCCL="$nccl" -DDAA_CUPTI="$cupti") >&2
    printf '%s\n' "$settings" >"$folder/.settings"
  fi
  cmake --build "$folder" --parallel "$(compilers)" ${1+--target "$@"} >&2
}

# As many as there are processors, but no more than the free memory has room for.
compilers() {
  local free limit jobs processors
  free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
  [[ $limit != [0-9]* ]] || ((limit / 1024 >= free)) || free=$((limit / 1024))
  processors=$(nproc)
  jobs=$((free / compiler_kib))
  echo $((jobs < 1 ? 1 : jobs < processors ? jobs : processors))
}
