# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The compiled core for tests: the built one, or one compiled for the test; and its reference."""

import atexit
from contextlib import contextmanager
from functools import lru_cache
import os
from pathlib import Path
import shutil
import subprocess
import tempfile

from baby_cry_detector import compiled
import pytest

ROOT = Path(__file__).parents[2] / 'baby_cry_detector'
FLAGS = ('-std=c99', '-O3', '-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math')


def sources():
    """Return the C files of the core."""
    rooms = ('audio', 'features', 'model', 'decision', 'stream')
    return [ROOT / 'core.c',
            *(path for room in rooms for path in sorted((ROOT / room).rglob('*.c')))]


@lru_cache(maxsize=None)
def core():
    """Return the library; skip where there is none and none can be built."""
    found, reason = compiled.load(compiled.PATHS)
    if found is not None:
        return found
    compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
    if compiler is None:
        pytest.skip(f'{reason}, and there is no C compiler to build it')
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run([compiler, *FLAGS, '-shared', '-fPIC', '-o', folder / '_core.so', *sources(),
                    '-lm'], check=True)
    found, reason = compiled.load([folder / '_core.so'])
    assert found is not None, reason
    return found


@contextmanager
def python():
    """Let what is made inside compute in Python."""
    before = os.environ.get(compiled.PURE_PYTHON)
    os.environ[compiled.PURE_PYTHON] = '1'
    try:
        yield
    finally:
        if before is None:
            del os.environ[compiled.PURE_PYTHON]
        else:
            os.environ[compiled.PURE_PYTHON] = before
