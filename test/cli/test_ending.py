# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What starts every command: no moment at which a signal comes is a bad one."""

from pathlib import Path
import subprocess
import sys

import pytest

TEMPLATE = Path(__file__).resolve().parents[2] / 'cmake' / 'entry_point.py.in'
ENDS = """
import atexit
import os
import signal


def main():
    atexit.register(os.kill, os.getpid(), signal.{name})
    os.kill(os.getpid(), signal.{first})
"""

# As an object goes nothing may raise: Python says that it ignores it, and goes on.
UNHEARD = """
import os
import signal
import weakref


class Object:
    pass


held = Object()
seen = weakref.ref(held, lambda _: os.kill(os.getpid(), signal.{name}))
del held


def main():
    print('went on')
"""

# What an interruption left half made complains as it goes, as rclpy's tasks do.
HALF_MADE = """
import os
import signal


class Half:
    def __init__(self):
        os.kill(os.getpid(), signal.SIGINT)
        self.whole = True

    def __del__(self):
        self.whole


def main():
    Half()
"""

# So does a task that nobody began, which goes when all else does.
NEVER_AWAITED = """
class Executor:
    async def handler(self):
        pass


def main():
    held = [Executor().handler()]
    held.append(held)
"""


def run(folder, name, text):
    """Return what a command of that module leaves: exit code, output, errors."""
    (folder / f'{name}.py').write_text(text)
    script = folder / 'command.py'
    script.write_text(TEMPLATE.read_text().replace('@ENTRY_MODULE@', name)
                      .replace('@INTERRUPTED@', '0'))
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True,
                           timeout=60, check=False)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize('first', ['SIGINT', 'SIGTERM'])
@pytest.mark.parametrize('name', ['SIGINT', 'SIGTERM'])
def test_a_second_signal_while_it_ends_is_no_error(tmp_path, first, name):
    assert run(tmp_path, 'ends', ENDS.format(name=name, first=first)) == (0, '', '')


@pytest.mark.parametrize('name', ['SIGINT', 'SIGTERM'])
def test_a_signal_while_nothing_may_raise_ends_it_without_a_word(tmp_path, name):
    assert run(tmp_path, 'unheard', UNHEARD.format(name=name)) == (0, '', '')


def test_what_an_interruption_leaves_half_made_is_no_error(tmp_path):
    assert run(tmp_path, 'half_made', HALF_MADE) == (0, '', '')


def test_a_task_that_nobody_began_is_no_error(tmp_path):
    assert run(tmp_path, 'never_awaited', NEVER_AWAITED) == (0, '', '')
