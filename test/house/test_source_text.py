# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the text of every file keeps to: an exception from a check says why on its line."""

from pathlib import Path
import re

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ('baby_cry_detector', 'benchmarks', 'docs', 'examples', 'launch', 'test', 'tools')
EXCEPTION = re.compile(r'#\s*(noqa|type: ignore)\b')
WITH_REASON = re.compile(r'# (noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\])  # \S')


@pytest.mark.skipif(not (ROOT / 'docs').is_dir(), reason='needs the source tree')
def test_each_exception_says_why():
    silent = [f'{path.relative_to(ROOT)}:{number}: {line.strip()}'
              for folder in FOLDERS for path in sorted((ROOT / folder).rglob('*.py'))
              if path != Path(__file__).resolve()
              for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1)
              if EXCEPTION.search(line) and not WITH_REASON.search(line)]
    assert not silent
