# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A clock beyond what ROS 2 can stamp is one sentence, at the start as in a running node."""

import os
from pathlib import Path
import signal
import subprocess

from ament_index_python.packages import get_package_prefix
from graph_harness import next_domain, PATIENCE_S
import pytest

LIB = Path(get_package_prefix('baby_cry_detector')) / 'lib' / 'baby_cry_detector'
FAKETIME = next(map(str, Path('/usr/lib').glob('*/faketime/libfaketime.so.1')), '')
pytestmark = pytest.mark.skipif(not FAKETIME, reason='needs libfaketime (Debian: faketime)')
SENTENCE = "this machine's clock says {}, and ROS 2 publishes nothing after 2038"


def start(when, tmp_path):
    """Start a diary at another time."""
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(next_domain()), 'LD_PRELOAD': FAKETIME,
                   'FAKETIME': when, 'FAKETIME_DONT_FAKE_MONOTONIC': '1'}
    return subprocess.Popen(
        [str(LIB / 'diary'), '--ros-args', '-p', f'file:={tmp_path}/d.sqlite'],
        env=environment, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True)


def test_a_clock_of_2106_at_the_start(tmp_path):
    process = start('@2106-02-07 00:00:00', tmp_path)
    printed, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1 and 'Traceback' not in printed
    assert SENTENCE.format(2106) in printed


def test_a_clock_that_gets_there_while_a_node_runs(tmp_path):
    process = start('@2038-01-19 03:14:02', tmp_path)
    printed = ''
    for line in process.stdout:
        printed += line
        if SENTENCE.format(2038) in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert SENTENCE.format(2038) in printed and 'Traceback' not in printed
