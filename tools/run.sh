#!/usr/bin/env bash
# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0

# Set up what is missing and start `baby-cry-live ARGUMENT...` (make run). Ctrl-C ends it at any
# moment, of the setting up too, without a word and with exit code 0.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
interrupted=
trap interrupted=yes INT
"$here/tools/setup.sh"
code=$?
if [ "$code" -eq 0 ] && [ -z "$interrupted" ]; then
  # Held back until there is somebody to take it: Python would tell where its start was interrupted,
  # that of colcon's scripts in env.sh too.
  env --block-signal=INT "$here/env.sh" baby-cry-live "$@"
  code=$?
fi
[ -z "$interrupted" ] || [ "$code" -ne 130 ] || code=0
exit "$code"
