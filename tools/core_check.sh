#!/usr/bin/env bash
# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
# The compiled core without Python around it: as built here; under the sanitizers, with random bits
# as input; and for aarch64 under qemu-user, where Debian's cross compiler is there
# (apt-get install gcc-aarch64-linux-gnu qemu-user). Run inside the built environment:
#     ./env.sh tools/core_check.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONPATH=test/helpers${PYTHONPATH:+:$PYTHONPATH} python test/helpers/core_cases.py "$work/cases"
flags="-std=c99 -Wall -Wextra -Werror -ffp-contract=off -fno-math-errno -fno-trapping-math"
mapfile -t sources < <(find baby_cry_detector/features baby_cry_detector/model \
  baby_cry_detector/audio baby_cry_detector/decision baby_cry_detector/stream -name '*.c' | sort)
build() {  # COMPILER OUTPUT FLAGS…
  local compiler=$1 output=$2
  shift 2
  # The driver itself at -O1: at -O3 GCC 12 for aarch64 stops over it with an internal error.
  # shellcheck disable=SC2086
  "$compiler" $flags "$@" -O1 -Ibaby_cry_detector -c -o "$output.o" test/compiled/exercise.c
  # shellcheck disable=SC2086
  "$compiler" $flags "$@" -o "$output" "$output.o" baby_cry_detector/core.c "${sources[@]}" -lm
}
echo "== $(uname -m)"
build "${CC:-cc}" "$work/native" -O3
"$work/native" "$work/cases"
echo "== AddressSanitizer, UndefinedBehaviorSanitizer, $rounds rounds of random bits each"
# ONE_WIDTH: sanitizers and functions in several versions do not go together.
build "${CC:-cc}" "$work/sanitized" -O1 -g -DONE_WIDTH -fsanitize=address,undefined \
  -fno-sanitize-recover=all
"$work/sanitized" "$work/cases" "$rounds"
echo "== aarch64"
if command -v aarch64-linux-gnu-gcc > /dev/null && command -v qemu-aarch64 > /dev/null; then
  build aarch64-linux-gnu-gcc "$work/aarch64" -O3 -static
  qemu-aarch64 "$work/aarch64" "$work/cases"
else
  echo 'left out: gcc-aarch64-linux-gnu and qemu-user are not installed'
fi
