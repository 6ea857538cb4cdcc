# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The behaviours in the terminal: what they command, for a try-out without a robot."""

import atexit
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
import shutil
import tempfile

from baby_cry_detector.msg import CareEvent, CryAlert
from baby_cry_detector.needs import (ALERT_STATE_NAMES, HEARTBEAT, KIND_NAMES, MOMENT, name_of,
                                     PHASE_NAMES, PRIORITY_NAMES)
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.tools.simulated_crib import SimulatedCrib
from trajectory_msgs.msg import JointTrajectory

# Upstream last, so that nothing is published unheard. What is not there is left out.
BEHAVIOURS = {'diary': 'Diary', 'need_estimator': 'NeedEstimator',
              'caregiver_alert': 'CaregiverAlert', 'soother': 'Soother', 'rocker': 'Rocker'}
LARGEST_M, WIDTH = 0.03, 21


def make_behaviours(page: bool = False, beside=(), **kwargs) -> list:
    """
    Return the behaviours' nodes; nothing that they do outlives the try-out.

    :param page: the caregiver's page too.
    :param beside: of each but the crib; see `ManagedNode`.
    """
    folder = Path(tempfile.mkdtemp(prefix='baby_cry_'))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    diary_file = str(folder / 'diary.sqlite')
    overrides = {'diary': {'file': diary_file}, 'need_estimator': {'diary_file': diary_file},
                 'soother': {'output': 'topic'},
                 'rocker': {'keep_duty': False},
                 'caregiver_page': {'diary_file': diary_file,
                                    'token_file': str(folder / 'token')}}
    nodes = []
    for name, class_name in {**BEHAVIOURS, **({'caregiver_page': 'CaregiverPage'} if page else {})
                             }.items():
        module = f'baby_cry_detector.ros.nodes.{name}'
        if find_spec(module) is not None:
            nodes.append(getattr(import_module(module), class_name)(
                overrides.get(name), beside=beside, **kwargs))
    nodes.append(SimulatedCrib(**kwargs))      # so that there is something to rock
    return nodes


class CareView:
    """
    Follows what the behaviours say.

    :param node: whose subscriptions these are.
    """

    def __init__(self, node):
        """Subscribe."""
        self._node = node
        self._plan, self._plan_ns = None, 0
        self._alert = ''
        self._noted = 0
        self.news = ''
        self._sounds = {}
        node.create_subscription(JointTrajectory, 'joint_trajectory', self._on_plan, qos.STATE)
        node.create_subscription(CryAlert, 'alert', self._on_alert, qos.LATCHED)
        node.create_subscription(CareEvent, 'care_event', self._on_care, qos.EVENTS)

    def _on_plan(self, message):
        self._plan, self._plan_ns = message, self._node.get_clock().now().nanoseconds

    def _on_alert(self, message):
        state = name_of(ALERT_STATE_NAMES, message.state, '').upper()
        if message.state != HEARTBEAT and state:
            priority = name_of(('', *PRIORITY_NAMES[1:]), message.priority, 'high')
            self._alert = f'{state} {priority}: {message.text}'
            self.news = f'{message.alert_id} {message.sequence}'

    def _on_care(self, message):
        self._noted += 1
        kind = message.who
        if CareEvent.KIND_ROCKING <= message.kind <= CareEvent.KIND_ALERT:
            kind = KIND_NAMES[message.kind]
        phase = '' if message.phase == MOMENT else name_of(PHASE_NAMES, message.phase, '')
        self.news = f'{kind} {phase}: {message.text}'.replace(' :', ':')
        if message.kind == CareEvent.KIND_SOUND:
            self._sounds[message.action_id] = message.text
            if message.phase != CareEvent.PHASE_STARTED:
                self._sounds.pop(message.action_id, None)

    def _motion(self) -> str:
        """Return where the last plan has the crib now, as a picture."""
        if self._plan is None or not self._plan.points:
            return 'at rest'
        passed_s = (self._node.get_clock().now().nanoseconds - self._plan_ns) * 1e-9
        point = next((point for point in self._plan.points
                      if point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec
                      >= passed_s), None)
        if point is None:
            return 'at rest'
        place = point.positions[0]
        column = round((WIDTH - 1) * 0.5 * (1.0 + max(-1.0, min(1.0, place / LARGEST_M))))
        return f'{"·" * column}█{"·" * (WIDTH - 1 - column)} {1e3 * place:+5.1f} mm'

    def doing(self) -> dict:
        """Return what is done now, by name."""
        last = f', the last: {self.news}' if self.news else ''
        return {'motion': self._motion(), 'sound': ', '.join(self._sounds.values()) or 'none',
                'alert': self._alert or 'none', 'diary': f'{self._noted} events{last}'}
