#!/usr/bin/env bash
# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
# Write requirements/lock/*.txt anew: every package of the wheels path with its version and hashes,
# for every Python that is supported (`make lock`). tools/setup.sh installs from these files only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check uv
mkdir -p requirements/lock
for distro in jazzy kilted; do
  {
    echo "# Made by \`make lock\` from requirements/{ros_$distro,colcon,run}.txt: don't edit."
    "$folder/venv/bin/uv" pip compile --universal --python-version 3.10 --generate-hashes \
      --no-header --no-emit-index-url -q \
      "requirements/ros_$distro.txt" requirements/colcon.txt requirements/run.txt
  } >"$folder/$distro.txt"
  mv "$folder/$distro.txt" "requirements/lock/$distro.txt"
  echo "requirements/lock/$distro.txt: $(grep -c '^[a-z].*==' "requirements/lock/$distro.txt") packages"
done
