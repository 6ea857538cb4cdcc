# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A sensor that lies about the joint, in mid-swing and from the start: that is told, and not felt.

What counts is what the simulated controller executes, and that one of the sentences is said.
"""

import math

from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base.ros_time import from_nanoseconds
from baby_cry_detector.ros.tools.simulated_crib import SimulatedCrib
import numpy as np
import pytest
from rocked_crib import Baby, care_of, events, NS
from sensor_msgs.msg import JointState

JOINT = 'crib_rocking_joint'
# Of the stroke of 60 mm what a brake may need that is drawn from what is not so.
MOST_STROKE_M = 0.063
# How the rocker says that something is wrong with what is measured.
SENTENCES = ('does not follow', 'do not say where', 'joint_states are', 'joint_states say',
             f'{JOINT} 2 times', 'is not at rest', 'from its rest position')


def scaled(factor):
    """Return a sensor that counts in other units."""
    return lambda crib, place: [([JOINT], [factor * place], 0.0)]


def frozen(crib, place):
    """Say where it was when that began."""
    crib.kept = place if crib.kept is None else crib.kept
    return [([JOINT], [crib.kept], 0.0)]


def old(age_s):
    """Return a sensor whose stamps are of another time."""
    return lambda crib, place: [([JOINT], [place], age_s)]


def disputed(crib, place):
    """Say two places in turn, as two sensors of one name do."""
    return [([JOINT], [place], 0.0), ([JOINT], [place + 0.02], 0.0)]


LIES = {
    'frozen': frozen, 'millimetres': scaled(1000.0), 'degrees': scaled(57.3),
    'half': scaled(0.5), 'mirrored': scaled(-1.0), '3 s old': old(3.0), '3 s ahead': old(-3.0),
    'twice': lambda crib, place: [([JOINT, JOINT], [place, place], 0.0)],
    'disputed': disputed, 'no number': lambda crib, place: [([JOINT], [math.nan], 0.0)],
    'no place': lambda crib, place: [([JOINT], [], 0.0)],
    'nothing': lambda crib, place: [],
}


def with_a_mimic(crib, place):
    """Say a joint before it that mirrors it, as URDFs have them: no lie."""
    return [(['crib_mimic_joint', JOINT], [-place, place], 0.0)]


class LyingCrib(SimulatedCrib):
    """Says of its place what it is told to."""

    lie = kept = None

    def tell(self):
        """Publish where it is not."""
        place = self.curve.state(self.now_s())[0]
        said = self.lie(self, place) if self.lie else [([JOINT], [place], 0.0)]
        for names, places, age_s in said:
            message = JointState(name=names, position=[float(one) for one in places])
            message.header.stamp = from_nanoseconds(
                self.get_clock().now().nanoseconds - round(age_s * NS))
            self._states.publish(message)

    def begin(self, lie):
        """Lie from now on; ``None``: tell the truth."""
        self.kept, self.lie = None, lie

    def speed(self):
        """Return how fast it is."""
        return abs(self.curve.state(self.now_s())[1])

    def furthest(self):
        """Return the largest distance from the rest position that was executed, m."""
        ends = [since_s for since_s, _ in self.executed[1:]] + [self.now_s()]
        return max(float(np.abs(curve.states(np.linspace(since_s, end_s, 60))[0]).max())
                   for (since_s, curve), end_s in zip(self.executed, ends))


@pytest.fixture
def care(tmp_path, monkeypatch):
    """Return a made classifier, and such a crib."""
    with care_of(tmp_path, monkeypatch, LyingCrib, place=0.01) as graph:
        yield graph


def is_inside(crib):
    """Return whether nothing was executed that a baby must not feel."""
    return not crib.faults() and crib.furthest() <= MOST_STROKE_M


def told(care):
    """Return all that the rocker has said of it: why a session ended or was refused, and now."""
    _, message, details = care.diagnosis('rocker')
    ends = events(care, CareEvent.PHASE_ENDED) + events(care, CareEvent.PHASE_REFUSED)
    return [message, details.get('why', ''), *(event.text for event in ends)]


def is_noticed(care):
    """Return whether one of the sentences is said."""
    return any(sentence in text for text in told(care) for sentence in SENTENCES)


@pytest.mark.parametrize('lie', LIES)
def test_a_lie_in_mid_swing_is_noticed_and_throws_nobody(care, tmp_path, lie):
    baby, crib = Baby(care), care.crib
    care.start('rocker', policy=str(care.policy), duty_min_per_hour=30.0)
    baby.is_rocked(care, lambda: crib.speed() > 0.05)
    del care.care[:]
    crib.begin(LIES[lie])
    baby.until(lambda: is_noticed(care))
    baby.until(lambda: crib.speed() == 0.0)
    assert is_inside(crib), (crib.faults(), crib.furthest())


@pytest.mark.parametrize('lie', LIES)
def test_a_lie_from_the_start_is_noticed_or_nothing_is_felt_of_it(care, tmp_path, lie):
    baby, crib = Baby(care), care.crib
    crib.begin(LIES[lie])
    care.start('rocker', policy=str(care.policy), duty_min_per_hour=30.0)
    baby.quiet()
    baby.until(lambda: care.diagnosis('rocker')[2].get('left_s'))
    baby.cry()
    # Each of them shows once the crib should move, or before.
    baby.until(lambda: is_noticed(care))
    baby.until(lambda: crib.speed() == 0.0)
    assert is_inside(crib), (crib.faults(), crib.furthest())


def test_a_joint_that_mimics_it_changes_nothing(care, tmp_path):
    baby, crib = Baby(care), care.crib
    crib.begin(with_a_mimic)
    care.start('rocker', policy=str(care.policy), duty_min_per_hour=30.0)
    baby.is_rocked_for(care, 2.0, lambda: crib.speed() > 0.05)
    assert is_inside(crib), (crib.faults(), crib.furthest())
