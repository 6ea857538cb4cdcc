# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A controller that refuses stops without a word: they are sent again, and that is said."""

from baby_cry_detector.ros.base import qos
import pytest
from rocked_crib import Baby, care_of, is_brake, SwungCrib
from std_msgs.msg import Empty


class RefusingCrib(SwungCrib):
    """Takes no stop as often as it was told to refuse some."""

    refusals = 0

    def _take(self, message):
        if self.refusals and is_brake(message):
            self.refusals -= 1
            return
        super()._take(message)


@pytest.fixture
def care(tmp_path, monkeypatch):
    """Return a made classifier, and such a crib."""
    with care_of(tmp_path, monkeypatch, RefusingCrib) as graph:
        yield graph


@pytest.mark.parametrize('refusals', [1, 3])
def test_a_stop_that_the_controller_refuses_is_sent_again_and_that_is_said(
        care, tmp_path, refusals):
    baby, crib = Baby(care), care.crib
    stop = care.node.create_publisher(Empty, 'rock_stop', qos.STATE)
    care.start('rocker', policy=str(care.policy), duty_min_per_hour=30.0)
    baby.until(stop.get_subscription_count)
    baby.is_rocked(care, crib.is_swinging)
    crib.refusals, told = refusals, crib.curve
    stop.publish(Empty())
    # Of a slow way to rest, which a busy machine leads to, none is refused: then some are left.
    baby.until(lambda: crib.refusals < refusals and crib.now_s() > crib.curve.end_s)
    # Not by the plan before, whose end takes three seconds more.
    assert crib.curve is not told and crib.curve.end_s < told.end_s
    baby.until(lambda: 'the controller did not carry out the stop: it was sent again'
               in care.diagnosis('rocker')[1])
    assert int(care.diagnosis('rocker')[2]['stopped_again']) >= refusals - crib.refusals
    assert crib.faults() == []
