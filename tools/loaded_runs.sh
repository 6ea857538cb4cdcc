#!/usr/bin/env bash
# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
# The graph tests again and again beside a busy loop for each core: a race that hides on a quiet
# machine shows. Prints what failed, and at the end how many failures there were in how many runs;
# exit status 1 where there was one. Run inside the built environment:
#     ./env.sh tools/loaded_runs.sh [RUNS [PATH...]]
set -uo pipefail
cd "$(dirname "$0")/.."
runs=${1:-20}
shift || true
paths=("$@")
[ "${#paths[@]}" -gt 0 ] || paths=(test/graph)
loops=()
trap 'kill "${loops[@]}" 2> /dev/null' EXIT
for _ in $(seq "$(nproc)"); do
  while :; do :; done &
  loops+=("$!")
done
said=$(mktemp)
failures=0
for run in $(seq "$runs"); do
  begin=$SECONDS
  pytest -q -rfE -n 2 --dist loadfile -p no:cacheprovider "${paths[@]}" > "$said"
  code=$?
  # 5: nothing was collected, which is no run that passed.
  failed=$(grep -cE '^(FAILED|ERROR) ' "$said")
  [ "$code" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
  failures=$((failures + failed))
  echo "run $run: $failed failed, $(((SECONDS - begin) / 60)) min, load $(cut -d' ' -f1 /proc/loadavg): $(tail -n 1 "$said")"
  grep -E '^(FAILED|ERROR) ' "$said"
done
rm -f "$said"
echo "$failures failures in $runs runs beside $(nproc) busy loops"
[ "$failures" -eq 0 ]
