# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Clocks that are set or slewed are told from those that are kept right."""

from baby_cry_detector.care.motion.stamp_clock import MachineClock, StampClock
import numpy as np
import pytest


@pytest.mark.parametrize('pace, set_s', [(0.1, 0.05), (0.02, 0.2), (-0.005, 1.0), (5e-4, None)])
def test_a_clock_that_is_slewed_is_seen_and_one_that_is_kept_right_is_not(pace, set_s):
    clock, rng = StampClock(), np.random.default_rng(1)
    seen = [now_s for now_s in np.arange(0.0, 20.0, 0.025)
            if clock.read(100.0 + now_s, 1.7e9 + now_s * (1.0 + pace) + rng.uniform(0.0, 1e-3))]
    if set_s is None:
        assert not seen
    else:
        assert seen[0] <= set_s + 0.03
        assert max(np.diff(seen)) <= 1.1               # as long as it goes on
        assert clock.is_in_doubt(120.0) and not clock.is_in_doubt(123.0)


@pytest.mark.parametrize('pace', [-0.1, 0.0, 5e-4, 0.02, 0.0833])
def test_the_machines_own_clock_is_judged_by_one_that_nobody_slews(pace):
    clock, rng = MachineClock(), np.random.default_rng(1)
    said = [clock.slew(7.0 + raw_s * (1.0 + pace) + rng.uniform(0.0, 2e-3), raw_s)
            for raw_s in np.arange(0.0, 10.0, 0.1)]
    if abs(pace) > 0.03:
        assert said[20:] == pytest.approx([pace] * 80, abs=3e-3)
    else:
        assert not any(said)


def test_a_machine_that_slept_is_not_taken_for_one_that_is_slewed_for_long():
    clock = MachineClock()
    said = [clock.slew(raw_s + 3600.0 * (raw_s >= 5.0), raw_s) for raw_s in range(12)]
    assert said[5] and not any(said[:5]) and not any(said[8:])
