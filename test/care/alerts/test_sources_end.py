# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A disagreement that is over is over: an ordinary cry after it is told."""

from baby_cry_detector.care.alerts.sources import CALM_NS, Disagreement
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.units import SECOND_NS


def test_a_disagreement_ends_although_nothing_changes_any_more():
    sources = Disagreement()
    now_ns = 1_000 * SECOND_NS
    for number in range(12):
        now_ns += SECOND_NS // 10
        sources.note(CryState(now_ns, crying=bool(number % 2), episode_id='a'), now_ns)
    assert sources.is_seen(now_ns)
    ended_ns = now_ns
    while now_ns < ended_ns + CALM_NS + 5 * SECOND_NS:
        now_ns += SECOND_NS // 5
        sources.note(CryState(now_ns, crying=True, episode_id='b'), now_ns)
    assert not sources.is_seen(now_ns)
