# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The crib's joint: its place at rest, its units, and the limits of motion in them."""

from dataclasses import dataclass
from typing import Any, Dict, TypeVar

from baby_cry_detector.care.hard_limits import (HARD_ACCELERATION, HARD_JERK, HARD_SPEED,
                                                REST_RANGE, STROKE_M, UNITS_RANGE)
import numpy as np

Place = TypeVar('Place', float, np.ndarray)


@dataclass(frozen=True)
class Joint:
    """
    One joint; it never changes while a node lives.

    :param name: as in the trajectories and in `joint_states`.
    :param rest: position at rest, in joint units.
    :param units_per_metre: joint units per metre of the cot's motion.
    :raises ValueError: if a number is outside of what a crib can be.
    """

    name: str = 'crib_rocking_joint'
    rest: float = 0.0
    units_per_metre: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no crib."""
        for what, value, (low, high) in (('rest_position', self.rest, REST_RANGE),
                                         ('units_per_metre', self.units_per_metre, UNITS_RANGE)):
            if not low <= value <= high:
                raise ValueError(f'{what}: expected {low:g} to {high:g}, got {value!r}')

    def position(self, metres: Place) -> Place:
        """Return joint positions of places in metres from the rest position."""
        return self.rest + self.units_per_metre * metres

    def metres(self, position: Place) -> Place:
        """Return places in metres from the rest position of joint positions."""
        return (position - self.rest) / self.units_per_metre

    @property
    def stroke(self) -> float:
        """Return the largest distance from the rest position, in joint units."""
        return STROKE_M * self.units_per_metre

    @property
    def speed(self) -> float:
        """Return the highest speed, in joint units per second."""
        return HARD_SPEED * self.units_per_metre

    @property
    def acceleration(self) -> float:
        """Return the highest acceleration, in joint units per second squared."""
        return HARD_ACCELERATION * self.units_per_metre

    @property
    def jerk(self) -> float:
        """Return the highest jerk, in joint units per second cubed."""
        return HARD_JERK * self.units_per_metre

    def document(self) -> Dict[str, Any]:
        """Return what makes it this crib and no other."""
        return {'joint': self.name, 'rest': self.rest, 'units_per_metre': self.units_per_metre}
