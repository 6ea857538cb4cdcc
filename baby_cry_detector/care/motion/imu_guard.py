# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What an inertial sensor on the crib must not show: shocks, vibration and tilt."""

from collections import deque
import math
from typing import Deque, Optional, Sequence, Tuple

import numpy as np

WARN_TILT_DEG, STOP_TILT_DEG = 5.0, 7.0
GRAVITY_TIME_S = 2.0                      # over which gravity is told from motion
# Over the limit so often within this time, in a row or not; so much over it: once is enough.
SAMPLES_TO_STOP, PEAK_WINDOW_S = 3, 2.0
FAR_BEYOND = 2.0
# Vibration is what changes within so short a time; rocking hardly does. A sine that reaches the
# limit has this share of it as its root mean square.
RMS_WINDOW_S, RMS_SHARE, RMS_LEAST = 0.2, 0.7, 5
# Slower than this a shock falls between two samples.
LEAST_RATE_HZ, RATE_WINDOW_S = 20.0, 1.0
# What else is no acceleration in m/s^2 with gravity (REP 145): g, gravity taken away, all zeros.
GRAVITY_RANGE = (8.0, 12.0)
MOST_ACCELERATION = 200.0                 # beyond that it is no motion to take gravity from
NONE, OK, WARN, STOP = 'none', 'ok', 'warn', 'stop'
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
        self.rms = 0.0
        self._gravity: Optional[Tuple[float, ...]] = None
        self._stamp_s = 0.0
        self._over_s: Deque[float] = deque(maxlen=SAMPLES_TO_STOP)
        self._times_s: Deque[float] = deque(maxlen=4000)
        self._recent: Deque[Tuple[float, ...]] = deque(maxlen=2000)      # time, x, y, z

    def update(self, stamp_s: float, acceleration: Sequence[float],
               up: Optional[Sequence[float]] = None) -> Tuple[str, str]:
        """
        Take a sample; return (``ok``, ``warn`` or ``stop``, what is wrong).

        :param stamp_s: when it came.
        :param acceleration: (x, y, z) with gravity, m/s^2; no numbers count as over the limit.
        :param up: direction of up as the sensor sees it, where it knows its orientation.
        """
        values = tuple(float(value) for value in acceleration)
        self._note_time(stamp_s)
        if not all(math.isfinite(value) for value in values):
            return self._judged(stamp_s, True, 'the sensor gives no numbers')
        if not all(abs(value) <= MOST_ACCELERATION for value in values):
            # Not to be remembered as gravity.
            return STOP, f'acceleration above {MOST_ACCELERATION:g} m/s²'
        if self._gravity is None:
            self._gravity = values
        step_s = min(_LONGEST_STEP_S, max(0.0, stamp_s - self._stamp_s))
        self._stamp_s = stamp_s
        share = 1.0 - math.exp(-step_s / GRAVITY_TIME_S)
        self.acceleration = math.dist(values, self._gravity)
        self._recent.append((stamp_s, *values))
        self._gravity = tuple(old + share * (new - old)
                              for old, new in zip(self._gravity, values))
        x, y, z = self._gravity if up is None or not any(up) else up
        self.tilt_deg = math.degrees(math.atan2(math.hypot(x, y), z))
        gravity = math.hypot(*self._gravity)
        strange = not GRAVITY_RANGE[0] <= gravity <= GRAVITY_RANGE[1]
        over = (strange or self.acceleration > self.limit
                or not self.tilt_deg <= STOP_TILT_DEG)
        if strange:
            return self._judged(stamp_s, over, f'the sensor shows {gravity:.2f} m/s² of gravity '
                                'instead of 9.8')
        return self._judged(stamp_s, over, f'acceleration {self.acceleration:.2f} m/s², '
                            f'tilt {self.tilt_deg:.1f}°')

    def _note_time(self, stamp_s: float) -> None:
        """Remember when samples came; a clock that goes back begins anew."""
        if self._times_s and stamp_s < self._times_s[-1]:
            self._times_s.clear()
            self._recent.clear()
            self._over_s.clear()
        self._times_s.append(stamp_s)
        while self._times_s[0] < stamp_s - RATE_WINDOW_S:
            self._times_s.popleft()

    def rate_hz(self) -> float:
        """Return how many samples came in the last second."""
        return len(self._times_s) / RATE_WINDOW_S

    def _judged(self, stamp_s: float, over: bool, sentence: str) -> Tuple[str, str]:
        while self._recent and self._recent[0][0] < stamp_s - RMS_WINDOW_S:
            self._recent.popleft()
        if len(self._recent) >= RMS_LEAST:
            self.rms = float(np.sqrt(np.var(np.array(self._recent)[:, 1:], axis=0).sum()))
        else:
            self.rms = 0.0
        if over:
            self._over_s.append(stamp_s)
        if self.acceleration > FAR_BEYOND * self.limit:
            return STOP, sentence
        if len(self._over_s) == SAMPLES_TO_STOP and stamp_s - self._over_s[0] <= PEAK_WINDOW_S:
            return STOP, sentence
        if self.rms > RMS_SHARE * self.limit:
            return STOP, f'vibration of {self.rms:.2f} m/s² (root mean square)'
        if not self.tilt_deg <= WARN_TILT_DEG:
            return WARN, sentence
        return OK, ''

    def slowness(self, since_s: float) -> str:
        """
        Return why so few samples guard nothing, or ''.

        :param since_s: for how long the sensor is heard.
        """
        if since_s > 2.0 * RATE_WINDOW_S and self.rate_hz() < LEAST_RATE_HZ:
            return (f'{self.rate_hz():.0f} samples a second miss shocks and vibration; at least '
                    f'{LEAST_RATE_HZ:g} are needed')
        return ''
