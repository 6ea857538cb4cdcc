# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What starts every command: a signal that comes again while it ends changes nothing."""

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


@pytest.mark.parametrize('first', ['SIGINT', 'SIGTERM'])
@pytest.mark.parametrize('name', ['SIGINT', 'SIGTERM'])
def test_a_second_signal_while_it_ends_is_no_error(tmp_path, first, name):
    (tmp_path / 'ends.py').write_text(ENDS.format(name=name, first=first))
    script = tmp_path / 'command.py'
    script.write_text(TEMPLATE.read_text().replace('@ENTRY_MODULE@', 'ends')
                      .replace('@INTERRUPTED@', '0'))
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True,
                           timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, '')
