# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Thresholds with a name, and with what they were measured to do; a checkpoint carries them."""

import math
from typing import Any, Mapping, Tuple

from baby_cry_detector.fields import ParameterError

#: From what misses least to what wakes least.
OPERATING_POINTS = ('sensitive', 'balanced', 'quiet')
#: Where they lie in a checkpoint's provenance.
ENTRY = 'operating_points'


def thresholds_of(provenance: Mapping[str, Any], name: str) -> Tuple[float, float]:
    """
    Return enter and leave threshold of an operating point.

    :param provenance: of the checkpoint: ``{'operating_points': {name: {'enter_threshold': …,
        'leave_threshold': …, what it was measured to do}}}``.
    :raises ParameterError: if the checkpoint has none of that name, or a wrong one.
    """
    points = provenance.get(ENTRY)
    if not isinstance(points, Mapping) or not isinstance(points.get(name), Mapping):
        known = ', '.join(points) if isinstance(points, Mapping) and points else 'none'
        raise ParameterError(f'operating_point: this checkpoint has no {name!r}; it has {known}')
    enter, leave = (points[name].get(key) for key in ('enter_threshold', 'leave_threshold'))
    for value in (enter, leave):
        if isinstance(value, bool) or not isinstance(value, (int, float)) \
                or not math.isfinite(value):
            raise ParameterError(f"operating_point: the checkpoint's {name!r} has no thresholds")
    if not 0.0 < leave < enter <= 0.95:
        raise ParameterError(f"operating_point: the checkpoint's {name!r} has thresholds that "
                             f'do not fit together: {enter:g}, {leave:g}')
    return float(enter), float(leave)
