# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A process that is frozen in full swing: nothing is thrown when it goes on."""

import signal

import pytest
from rocked_crib import Baby, care_of, SwungCrib


@pytest.fixture
def care(tmp_path, monkeypatch):
    """Return a made classifier, and a crib."""
    with care_of(tmp_path, monkeypatch, SwungCrib) as graph:
        yield graph


def test_a_process_that_is_frozen_in_full_swing_throws_nobody_when_it_goes_on(care, tmp_path):
    baby, crib = Baby(care), care.crib
    rocker = care.start('rocker', policy=str(care.policy), duty_min_per_hour=30.0)
    for frozen_s in (0.15, 0.5, 1.2, 3.0, 6.0):
        baby.is_rocked(care, crib.is_swinging)
        rocker.send_signal(signal.SIGSTOP)
        try:
            baby.pause(frozen_s)
        finally:
            rocker.send_signal(signal.SIGCONT)
        baby.pause(1.0)
        assert crib.faults() == [], frozen_s
