# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What an inertial sensor on the crib must not show while it is rocked: shocks and tilt."""

import math
from typing import Optional, Sequence, Tuple

WARN_TILT_DEG, STOP_TILT_DEG = 5.0, 7.0
GRAVITY_TIME_S = 2.0                      # over which gravity is told from motion
SAMPLES_TO_STOP = 3                       # one wild sample is an error of the sensor
# What else is no acceleration in m/s^2 with gravity (REP 145): g, gravity taken away, all zeros.
GRAVITY_RANGE = (8.0, 12.0)
MOST_ACCELERATION = 200.0                 # what a sensor of 16 g can't give
OK, WARN, STOP = 'ok', 'warn', 'stop'
_LONGEST_STEP_S = 1.0


def up_from_quaternion(x: float, y: float, z: float, w: float
                       ) -> Optional[Tuple[float, float, float]]:
    """
    Return the direction of up as a sensor of this orientation sees it, of any length.

    ``None`` if all are zero, which is no orientation. The length of the quaternion is no matter.
    """
    if not any((x, y, z, w)):
        return None
    return 2.0 * (x * z - w * y), 2.0 * (y * z + w * x), w * w + z * z - x * x - y * y


class ImuGuard:
    """
    Follow one sensor that is mounted with its z axis up.

    :param acceleration_limit: m/s^2, of the motion without gravity.
    """

    def __init__(self, acceleration_limit: float = 1.0) -> None:
        """Nothing was measured."""
        self.limit = acceleration_limit
        self.tilt_deg = 0.0
        self.acceleration = 0.0
        self._gravity: Optional[Tuple[float, ...]] = None
        self._stamp_s = 0.0
        self._over = 0

    def update(self, stamp_s: float, acceleration: Sequence[float],
               up: Optional[Sequence[float]] = None) -> Tuple[str, str]:
        """
        Take a sample; return (``ok``, ``warn`` or ``stop``, what is wrong).

        :param acceleration: (x, y, z) with gravity, m/s^2; no numbers count as over the limit.
        :param up: direction of up as the sensor sees it, where it knows its orientation.
        """
        values = tuple(float(value) for value in acceleration)
        if not all(abs(value) <= MOST_ACCELERATION for value in values):
            # Not to be remembered as gravity.
            self._over += 1
            return self._judged('the sensor gives no sensible numbers')
        if self._gravity is None:
            self._gravity = values
        step_s = min(_LONGEST_STEP_S, max(0.0, stamp_s - self._stamp_s))
        self._stamp_s = stamp_s
        share = 1.0 - math.exp(-step_s / GRAVITY_TIME_S)
        self._gravity = tuple(old + share * (new - old)
                              for old, new in zip(self._gravity, values))
        self.acceleration = math.dist(values, self._gravity)
        x, y, z = self._gravity if up is None or not any(up) else up
        self.tilt_deg = math.degrees(math.atan2(math.hypot(x, y), z))
        gravity = math.hypot(*self._gravity)
        strange = not GRAVITY_RANGE[0] <= gravity <= GRAVITY_RANGE[1]
        over = (strange or self.acceleration > self.limit
                or not self.tilt_deg <= STOP_TILT_DEG)
        self._over = self._over + 1 if over else 0
        if strange:
            return self._judged(f'the sensor shows {gravity:.2f} m/s² of gravity instead of 9.8')
        return self._judged(f'acceleration {self.acceleration:.2f} m/s², '
                            f'tilt {self.tilt_deg:.1f}°')

    def _judged(self, sentence: str) -> Tuple[str, str]:
        if self._over >= SAMPLES_TO_STOP:
            return STOP, sentence
        if not self.tilt_deg <= WARN_TILT_DEG:
            return WARN, sentence
        return OK, ''
