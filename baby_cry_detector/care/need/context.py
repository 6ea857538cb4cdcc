# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a baby when it cries, and what of it corrects the habits' answer. Pure."""

from dataclasses import dataclass
import math
from typing import Optional, Tuple

from baby_cry_detector.care.need.labels import NEEDS
from baby_cry_detector.units import DAY_NS, HOUR_NS
import numpy as np

# After so long without an entry it was forgotten, not the baby.
LONGEST_H = {'fed': 8.0, 'slept': 8.0, 'changed': 10.0}
# So soon after it was fed nobody is told that it is hungry: habits that are regular enough
# outweigh one entry, for entries may be wrong, and whoever made this one knows better.
JUST_FED_H = 0.5
COLUMNS = ('one', 'hour_sin', 'hour_cos', 'half_day_sin', 'half_day_cos', 'duration', 'intensity',
           *(f'last_{need}' for need in NEEDS))


@dataclass(frozen=True)
class Context:
    """
    What is known at one moment of an episode.

    :param fed_h: hours since it was entered, ``None`` if it was not; ``slept_h`` (put to sleep),
        ``changed_h`` alike.
    :param hour: of the day, local, 0 to 24.
    :param age_days: since birth; ``None`` if no date is known.
    :param last: the need of the newest episode that is labelled, if any.
    :param duration_min: how long it cries already.
    :param failed: needs whose action was tried in this episode in vain.
    :param shares: of `NEEDS` by this baby's habits and what was entered (`Guesses`); ``None``
        where nothing of that is known.
    :param feed_interval_h: how often it is hungry, as far as that is known by now.
    """

    stamp_ns: int
    fed_h: Optional[float] = None
    slept_h: Optional[float] = None
    changed_h: Optional[float] = None
    hour: float = 12.0
    age_days: Optional[float] = None
    last: Optional[str] = None
    duration_min: float = 0.0
    intensity: float = 0.5
    failed: Tuple[str, ...] = ()
    shares: Optional[Tuple[float, ...]] = None
    feed_interval_h: Optional[float] = None


def local_hour(stamp_ns: int, utc_offset_h: float) -> float:
    """Return the hour of the day, 0 to 24."""
    return (stamp_ns % DAY_NS / HOUR_NS + utc_offset_h) % 24.0


def columns_of(context: Context) -> np.ndarray:
    """Return what the habits know nothing of, shape (len(COLUMNS),), of the order of 1."""
    angle = context.hour * math.pi / 12
    return np.array([
        1.0, 0.7 * math.sin(angle), 0.7 * math.cos(angle), 0.7 * math.sin(2 * angle),
        0.7 * math.cos(2 * angle), math.tanh(context.duration_min / 10.0),
        2.0 * context.intensity - 1.0, *(float(context.last == need) for need in NEEDS)])


def is_just_fed(context: Context) -> bool:
    """Return whether a feed was entered for the last half hour."""
    return context.fed_h is not None and context.fed_h < JUST_FED_H
