# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What every file keeps to: an exception says why on its line; files and folders stay small."""

from collections import defaultdict
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ('baby_cry_detector', 'benchmarks', 'docs', 'examples', 'launch', 'test', 'tools')
MOST_FILES, LONGEST = 15, 400
CODE = ('.py', '.c', '.h', '.js', '.css', '.html', '.sh')
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


@pytest.mark.skipif(not (ROOT / 'docs').is_dir(), reason='needs the source tree')
def test_no_file_is_long():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding='utf-8').splitlines())
               for folder in FOLDERS for path in (ROOT / folder).rglob('*')
               if path.suffix in CODE and ROOT / 'docs' / 'site' not in path.parents}
    assert len(lengths) > 500
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST}


@pytest.mark.skipif(not (ROOT / 'docs').is_dir(), reason='needs the source tree')
def test_no_folder_is_full():
    # A compiled part lies beside the Python that it computes, under the same name.
    names = defaultdict(set)
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob('*'):
            if path.suffix in (*CODE, '.md') and (
                    path.name not in ('__init__.py', 'conftest.py')):
                names[str(path.parent.relative_to(ROOT))].add(path.stem)
    full = {folder: len(stems) for folder, stems in names.items() if len(stems) > MOST_FILES
            and not folder.startswith('docs/site')}
    assert not full
