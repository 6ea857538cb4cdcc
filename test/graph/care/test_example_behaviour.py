# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The example of the guide does what the guide says, on the real graph."""

import os
from pathlib import Path
import subprocess
import sys
import time

from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base import qos
from care_graph import CareGraph
import pytest
from std_msgs.msg import Float32

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / 'examples' / 'night_light.py'
GUIDE = ROOT / 'docs' / 'develop' / 'write_your_own_behaviour.md'


@pytest.fixture
def care(tmp_path):
    graph = CareGraph(tmp_path)
    yield graph
    assert graph.close()


def test_the_night_light_glows_while_it_cries_and_goes_out_in_silence(care):
    levels = []
    care.node.create_subscription(Float32, 'brightness', lambda m: levels.append(m.data),
                                  qos.latched(1000))
    old_ns = time.time_ns() - 60_000_000_000
    care.say(old_ns, old_ns - 1)                       # latched, from before it was there
    care.processes['night_light'] = subprocess.Popen(
        [sys.executable, str(EXAMPLE)],
        env={**os.environ, 'ROS_DOMAIN_ID': str(care.domain_id)})
    care.until(lambda: care.node.count_publishers('brightness'))
    care.spin(0.5)
    assert not levels and not care.care
    onset_ns = time.time_ns()

    def cry():
        care.say(time.time_ns(), onset_ns, intensity=0.5)
        care.spin(0.1)
        return levels and len(care.care) == 1

    care.until(cry)
    assert levels[-1] == pytest.approx(0.15)
    care.until(lambda: levels[-1] == 0.0 and len(care.care) == 2)     # nobody speaks any more
    started, ended = care.care
    assert (started.phase, ended.phase) == (CareEvent.PHASE_STARTED, CareEvent.PHASE_ENDED)
    assert started.action_id == ended.action_id and started.event_id != ended.event_id
    assert started.episode_id == f'crib-{onset_ns}'


def test_the_guide_shows_the_example_as_it_is():
    code = EXAMPLE.read_text().split('SPDX-License-Identifier: Apache-2.0\n')[1]
    assert code.strip() in GUIDE.read_text()
