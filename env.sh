#!/usr/bin/env bash
# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0

# Run any command inside the project's environment: ./env.sh baby-cry listen F.wav
# Prints nothing of its own on standard output.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "$#" -eq 0 ]; then
  echo 'usage: ./env.sh COMMAND [ARGUMENT...]   (for example ./env.sh baby-cry listen F.wav)' >&2
  exit 2
fi
# Built, here, still there, and nothing changed since (git pull)? A look at the times costs some
# milliseconds; setup.sh then compares contents.
built_for=$(cat "$here/.setup/venv" 2>/dev/null)
newer() {
  [ -e "$here/.setup/build.done" ] && [ -x "$here/install/baby_cry_detector/bin/baby-cry" ] &&
    [ -x "$here/.venv/bin/python" ] && [ "${built_for##* }" -ef "$here" ] || return 0
  [ -n "$(cd "$here" && find package.xml CMakeLists.txt LICENSE NOTICE cmake msg srv launch config \
    baby_cry_detector underlay requirements tools/setup.sh -name __pycache__ -prune -o \
    \( -type f -o -type d \) -newer .setup/build.done -print -quit)" ]
}
if newer; then
  "$here/tools/setup.sh" || exit
fi
# The nodes too: ./env.sh caregiver_page --ros-args -r __ns:=/crib
export PATH=$here/install/baby_cry_detector/lib/baby_cry_detector:$here/.venv/bin:$PATH
# colcon's scripts read unset variables and print nothing unless asked to trace.
# shellcheck disable=SC1091
. "$here/install/setup.bash" >&2
case $(cat "$here/.setup/venv") in
  wheels*)
    export AMENT_PREFIX_PATH=$AMENT_PREFIX_PATH:$here/.venv
    # Set here, the wheels' loader need not start Python a second time.
    export LD_LIBRARY_PATH=$here/.venv/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    ;;
esac
exec "$@"
