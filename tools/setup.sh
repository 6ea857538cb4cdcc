#!/usr/bin/env bash
# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0

# Prepare everything that `make run` (tools/setup.sh) and `make test` (tools/setup.sh test) need:
# a virtual environment, ROS 2 Jazzy from wheels unless a ROS 2 is sourced, and a colcon build.
# Running it again does only what is missing. Progress goes to standard error.
# PYTHON=/path/to/python3 and ROS_WHEELS=jazzy|kilted are kept for the commands that follow.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

want=${1:-run}
venv=$PWD/.venv
here=$PWD
state=$PWD/.setup
log=$state/setup.log
install_ros='install ROS 2 Jazzy (https://docs.ros.org/en/jazzy/Installation.html), source it, then run this again'

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
step() { printf '• %s\n' "$*" >&2; }

# heeding COMMAND...: Ctrl-C ends this too, whatever exit code the command makes of it: that is no
# failure to be explained. Only meanwhile: within $(…) bash 5.2 can't read what a trap is to do.
heeding() {
  local code=0
  trap 'trap - INT; kill -INT "$BASHPID"' INT
  "$@" || code=$?
  trap - INT
  return "$code"
}

# run WHAT-TO-DO-ON-FAILURE COMMAND...: quiet unless it fails.
run() {
  local advice=$1; shift
  if ! heeding "$@" >>"$log" 2>&1; then
    tail -n 25 "$log" >&2
    die "$advice (full log: ${log#"$PWD"/})"
  fi
}

digest() { cat "$@" 2>/dev/null | sha256sum | cut -c1-16; }

supported() {
  command -v "$1" >/dev/null &&
    heeding "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null
}

# The choice of an earlier command holds until another one is made.
find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    supported "$PYTHON" || return 2
    command -v "$PYTHON" | tee "$state/python"; return
  fi
  for candidate in "$(cat "$state/python" 2>/dev/null)" python3 python3.12 python3.11 python3.13 python3.10; do
    if [ -n "$candidate" ] && supported "$candidate"; then command -v "$candidate"; return; fi
  done
  return 1
}

# colcon's scripts and CMake's generators break on such a folder, late and with many words.
case $PWD in *[!A-Za-z0-9/_.,+@~=-]*)
  die "the path of this checkout has a space or a letter that the build tools can't take: $PWD; move it, for example to ~/baby_cry_detector" ;;
esac
mkdir -p "$state"
# Two commands given at once after a change must not build into the same folders.
if command -v flock >/dev/null; then
  exec 9>"$state/lock"
  flock -n 9 || { step 'waiting for another setup to end'; flock 9; }
fi
: >"$log"; : >"$state/begun"
[ "$(uname -s)" = Linux ] || die "this package runs on Linux; on $(uname -s), $install_ros in a Linux container"

# --- a ROS 2 that is sourced wins over the wheels ------------------------------------------------
if [ -n "${ROS_DISTRO:-}" ] && [ -n "${AMENT_PREFIX_PATH:-}" ]; then
  mode=ros-$ROS_DISTRO
  python=$(command -v python3) || die 'no python3 on the path'
  heeding "$python" -c 'import rclpy' 2>/dev/null ||
    die "ROS 2 $ROS_DISTRO is sourced but $python can't import rclpy; use the Python that this ROS was built for"
else
  kept=$(cat "$state/distro" 2>/dev/null || :)
  distro=${ROS_WHEELS:-${kept:-jazzy}}
  [ -e "requirements/lock/$distro.txt" ] || die "ROS_WHEELS=$distro: expected jazzy or kilted"
  [ "$distro" = "$kept" ] || printf '%s\n' "$distro" >"$state/distro"
  mode=wheels
  [ "$distro" = jazzy ] || mode=wheels-$distro
  [ "$(uname -m)" = x86_64 ] ||
    die "ROS 2 wheels exist for x86_64 only, this is $(uname -m); $install_ros"
  python=$(find_python) || [ $? -ne 2 ] ||
    die "PYTHON=$PYTHON: expected an interpreter of Python 3.10 to 3.13"
  [ -n "$python" ] ||
    die "no Python 3.10 to 3.13 found (have: $(python3 --version 2>&1 || echo none)); install one and set PYTHON=/path/to/python3, or $install_ros"
fi
[[ $mode == wheels* ]] || command -v cmake >/dev/null || die 'no CMake: apt-get install cmake'
command -v g++ >/dev/null || die 'no C++ compiler: apt-get install g++ (the messages are compiled)'
# What an interrupted Python would say of itself is nobody's business, here and below.
heeding "$python" - 2>/dev/null <<'PY' || die "the headers of $python are missing: apt-get install python3-dev (the messages are compiled against them)"
import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h')))
PY

# --- the virtual environment ---------------------------------------------------------------------
key="$mode $(heeding "$python" -c 'import sys; print(sys.version_info[:2], sys.base_prefix)' 2>/dev/null) $PWD"
if [ "$(cat "$state/venv" 2>/dev/null)" != "$key" ] || ! heeding "$venv/bin/python" -c '' 2>/dev/null; then
  step "virtual environment for $("$python" --version 2>/dev/null) ($mode)"
  rm -rf "$venv" build install log "$state"/*.done
  options=(); [ "$mode" != "ros-${ROS_DISTRO:-}" ] || options=(--system-site-packages)
  run 'python3 -m venv failed: apt-get install python3-venv' "$python" -m venv "${options[@]}" "$venv"
  printf '%s\n' "$key" >"$state/venv"
fi
pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

# requirements NAME WHY [OPTION...]: install requirements/NAME.txt unless it is installed already.
requirements() {
  local file=requirements/$1.txt stamp=$state/${1//\//_}.done why=$2
  shift 2
  [ "$(cat "$stamp" 2>/dev/null)" = "$(digest "$file")" ] && return
  step "$why"
  run "could not install $file: is there a network, and does pip reach a package index?" \
    pip install "$@" -r "$file"
  digest "$file" >"$stamp"
}
if [[ $mode == wheels* ]]; then
  requirements "lock/$distro" "ROS 2 ${distro^}, colcon and what runs, from wheels (about a minute, 200 MB)" \
    --require-hashes
else
  command -v colcon >/dev/null || requirements colcon 'colcon'
  requirements run 'run-time packages'
fi
[ "$want" != test ] || requirements test 'training and test packages (torch is large)'
[ "$want" != docs ] || requirements docs 'documentation packages'

if ! heeding "$venv/bin/python" -c 'import pyaudio' 2>/dev/null; then
  if [ -e /usr/include/portaudio.h ]; then
    step 'PyAudio for the microphone'
    heeding pip install pyaudio >>"$log" 2>&1 ||
      say '  PyAudio did not build, so there will be no microphone; .setup/setup.log says why'
  else
    say '  no microphone: PyAudio needs PortAudio (apt-get install portaudio19-dev, then run this again)'
  fi
fi

# --- messages and package ------------------------------------------------------------------------
# What the build reads; the digest of it says whether to build again.
sources() { find package.xml CMakeLists.txt LICENSE NOTICE cmake msg srv launch config baby_cry_detector underlay -type f \
  ! -name '*.pyc' ! -name '*.so' ! -path '*/training/*.yaml' -print0 | sort -z | xargs -0 sha256sum | digest; }
now=$(sources)
if [ "$(cat "$state/build.done" 2>/dev/null)" != "$now" ] ||
  [ ! -x install/baby_cry_detector/bin/baby-cry ]; then
  # One that fails or is ended leaves nothing that runs, whatever the sources are next time.
  rm -f "$state/build.done"
  export PATH=$venv/bin:$PATH
  if [[ $mode == wheels* ]]; then
    run 'could not adapt the ROS wheels to this environment' "$venv/bin/python" tools/relocate_wheels.py
    export AMENT_PREFIX_PATH=$venv CMAKE_PREFIX_PATH=$venv
    generator=-GNinja
  else
    generator=-GUnix\ Makefiles
  fi
  # Without it colcon lets the compiler wait until the machine's load falls below its cores.
  export MAKEFLAGS=${MAKEFLAGS:--j$(nproc)}
  build() {
    run 'the build failed' colcon build "$@" --cmake-args "$generator" -DBUILD_TESTING=OFF \
      -DPython3_EXECUTABLE="$venv/bin/python" -DPython3_FIND_VIRTUALENV=ONLY
  }
  # A released audio_common_msgs wins; the underlay is the same type for machines without it.
  if ! grep -qs . $(printf '%s/share/audio_common_msgs/package.xml ' ${AMENT_PREFIX_PATH//:/ }); then
    if [ ! -e install/audio_common_msgs/share/audio_common_msgs/package.xml ]; then
      step 'building audio_common_msgs (half a minute)'
      build --paths underlay/audio_common_msgs
    fi
    export CMAKE_PREFIX_PATH=$PWD/install/audio_common_msgs:${CMAKE_PREFIX_PATH:-}
    export AMENT_PREFIX_PATH=$PWD/install/audio_common_msgs:${AMENT_PREFIX_PATH:-}
  fi
  # CMake refuses headers (NumPy's, in .venv) that lie below the package's own folder, so the
  # package is built from a copy of its sources; times are kept, so only changes are compiled.
  rm -rf "$state/package" && mkdir -p "$state/package"
  cp -a package.xml CMakeLists.txt LICENSE NOTICE cmake msg srv launch config baby_cry_detector "$state/package/"
  # What was moved or removed must not stay importable: an install adds and never takes away.
  rm -rf install/baby_cry_detector
  step 'building baby_cry_detector (under a minute the first time)'
  build --paths "$state/package"
  # Ready is what runs: the command line, and a message through ROS's own serialisation.
  check() (
    export PATH=$venv/bin:$PATH LD_LIBRARY_PATH=$venv/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    # shellcheck disable=SC1091
    set +u; . "$here/install/setup.bash"; set -u
    [[ $mode != wheels* ]] || export AMENT_PREFIX_PATH=$AMENT_PREFIX_PATH:$venv
    baby-cry --version && python -c '
from rclpy.serialization import deserialize_message, serialize_message
from baby_cry_detector.msg import CryNeed
sent = CryNeed(cry_probability=0.5, labels=["cry"])
assert deserialize_message(serialize_message(sent), CryNeed) == sent'
  )
  run 'built, but it does not run' check
  printf '%s\n' "$now" >"$state/build.done"
fi
touch -r "$state/begun" "$state/build.done"        # env.sh looks for what is newer
step 'ready'
