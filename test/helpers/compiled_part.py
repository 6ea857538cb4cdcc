# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The compiled part of the descriptors for tests: the built one, or one compiled for the test."""

import atexit
from functools import lru_cache
from pathlib import Path
import shutil
import subprocess
import tempfile

from baby_cry_detector.research.descriptors import compiled
import pytest

SOURCE = (Path(__file__).parents[2] / 'baby_cry_detector' / 'research' / 'descriptors'
          / 'period_walk.c')
IMPLEMENTATIONS = ('compiled', 'python')


@lru_cache(maxsize=None)
def path() -> Path:
    """Return the library; skip where there is none and none can be built."""
    for built in compiled._PATHS:
        if compiled._load([built])[0] is not None:
            return built
    compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
    if compiler is None or not SOURCE.is_file():
        pytest.skip('the compiled part is not built, and there is no C compiler to build it')
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = folder / '_period_walk.so'
    subprocess.run([compiler, '-std=c99', '-O3', '-ffp-contract=off', '-shared', '-fPIC', '-o',
                    library, SOURCE, '-lm'], check=True)
    return library


def use(implementation: str, monkeypatch) -> None:
    """Let new extractors compute with ``compiled`` or ``python``; skip where it can't be."""
    if implementation == 'python':
        monkeypatch.setenv(compiled.PURE_PYTHON, '1')
        assert compiled.library() is None
        return
    found = compiled._load([path()])
    monkeypatch.delenv(compiled.PURE_PYTHON, raising=False)
    monkeypatch.setattr(compiled, '_loaded', found)
    assert compiled.library() is not None
