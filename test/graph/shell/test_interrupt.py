# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C at any moment of `make run` and `baby-cry-live`: quiet, exit code 0."""

import os
from pathlib import Path
import pty
import random
import select
import shutil
import subprocess
import time

import pytest

ROOT = Path(__file__).resolve().parents[3]


def interrupt(command, delay_s, cwd=None):
    """Run a command in a terminal of its own, press Ctrl-C, return (exit code, output)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd or os.getcwd())
        os.execvp(command[0], command)
    output, pressed, end_s = b'', False, time.monotonic() + delay_s
    while True:
        ready, _, _ = select.select([terminal], [], [], 0.05)
        if ready:
            try:
                piece = os.read(terminal, 65536)
            except OSError:      # the terminal is closed with its last process
                break
            output += piece
        if not pressed and time.monotonic() > end_s:
            os.write(terminal, b'\x03')
            pressed = True
        assert time.monotonic() < end_s + 60, output.decode(errors='replace')
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), output.decode(errors='replace')


@pytest.mark.parametrize('arguments', [[], ['--separate'], ['--behaviours']])
def test_ctrl_c_at_any_moment_is_quiet(arguments):
    for delay_s in (random.uniform(0.3, 2.0), random.uniform(2.0, 6.0)):
        code, output = interrupt(['baby-cry-live', *arguments, 'demo'], delay_s)
        assert 'Traceback' not in output and 'Exception' not in output, output
        assert code == 0, (delay_s, output)


@pytest.mark.skipif(not (ROOT / 'Makefile').exists() or not shutil.which('make'),
                    reason='needs a source checkout and make')
def test_ctrl_c_of_make_run_is_no_error():
    assert subprocess.run(['make', '-s', 'setup'], cwd=ROOT).returncode == 0
    code, output = interrupt(['make', 'run', 'SOURCE=demo'], 6.0, ROOT)
    assert code == 0 and '***' not in output and 'Traceback' not in output, output
