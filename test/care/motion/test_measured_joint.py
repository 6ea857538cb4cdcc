# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is concluded from a joint's measurements."""

from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.measured_joint import MeasuredJoint


def test_two_sensors_that_speak_in_turn_are_not_followed_and_a_wild_one_now_and_then_is():
    for period, noticed in ((2, True), (3, False), (7, False)):
        joint = MeasuredJoint(Joint('joint'))
        said = []
        for number in range(200):
            position = 0.02 if number % period == 0 else 0.0
            joint.take(number * 0.02, position)
            said.append(joint.follows(0.0, 0.0))
        assert (not all(said)) == noticed, period
