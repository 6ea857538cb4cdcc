# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C at any moment of `make run` and `baby-cry-live`: quiet, exit code 0."""

from pathlib import Path
import random
import shutil
import subprocess
import sys

from ament_index_python.packages import get_package_prefix
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


SWALLOWING = """
import os, signal
import {module} as real
def main():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        {then}
    return real.main()
"""


@pytest.mark.parametrize('then', ['pass', 'raise ImportError("initialization failed")',
                                  'raise SystemError("error return without exception set")'])
@pytest.mark.parametrize('program, module, arguments', [
    ('baby-cry-live', 'baby_cry_detector.ros.tools.live', ['demo']),
    ('feature_extractor', 'baby_cry_detector.ros.nodes.feature_extractor', [])])
def test_an_interrupt_that_somebody_swallows_or_renames_still_ends_it(
        program, module, arguments, then, tmp_path):
    """As C extensions and `except:` of others do with one that reaches them during an import."""
    (tmp_path / 'swallowing.py').write_text(SWALLOWING.format(module=module, then=then))
    # As colcon test runs it too, where the nodes are on no path.
    path = shutil.which(program) or Path(
        get_package_prefix('baby_cry_detector'), 'lib', 'baby_cry_detector', program)
    script = Path(path).read_text().replace(
        f'from {module} import main', 'from swallowing import main')
    assert 'swallowing' in script
    (tmp_path / program).write_text(script)
    done = subprocess.run([sys.executable, str(tmp_path / program), *arguments],
                          capture_output=True, text=True, timeout=50, cwd=tmp_path,
                          stdin=subprocess.DEVNULL)
    assert not complaint(done.returncode, done.stderr), done.stderr
