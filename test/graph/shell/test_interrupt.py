# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C at any moment of `make run` and `baby-cry-live`: quiet, exit code 0."""

from pathlib import Path
import random
import shutil
import subprocess

from interrupting import complaint, interrupt
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize('arguments', [[], ['--separate'], ['--behaviours']])
def test_ctrl_c_at_any_moment_is_quiet(arguments):
    for delay_s in (random.uniform(0.3, 2.0), random.uniform(2.0, 6.0)):
        code, output = interrupt(['baby-cry-live', *arguments, 'demo'], delay_s)
        assert not complaint(code, output), (delay_s, code, output)


@pytest.mark.skipif(not (ROOT / 'Makefile').exists() or not shutil.which('make'),
                    reason='needs a source checkout and make')
def test_ctrl_c_of_make_run_is_no_error():
    assert subprocess.run(['make', '-s', 'setup'], cwd=ROOT).returncode == 0
    for delay_s in (random.uniform(0.2, 2.0), 6.0):
        code, output = interrupt(['make', 'run', 'SOURCE=demo'], delay_s, ROOT)
        assert not complaint(code, output), (delay_s, code, output)
