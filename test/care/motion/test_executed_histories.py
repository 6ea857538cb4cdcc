# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a consumer executes over random histories stays within the limits, in joint units.

Two thousand here; `tools/soak.py --only motion` lives through a hundred thousand.
"""

from collections import Counter

import pytest
from rocked_histories import EVENTS, histories


@pytest.mark.parametrize('seed', range(4))
def test_nothing_that_is_executed_leaves_the_limits(seed):
    seen, wrong = Counter(), []
    for name, faults, _ in histories(seed, 500):
        seen[name] += 1
        wrong += [(name, faults)] if faults else []
    assert not wrong
    assert set(seen) == {event.__name__ for event in EVENTS}
