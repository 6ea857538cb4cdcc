# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How rocking moves: a sine under a raised-cosine envelope, and what limits it.

    x(t) = A e(t) sin(2 pi f (t - t_on)) + x_on (1 - R(t - t_on))
    e(t) = R(t - t_on) - R(t - t_off)

R rises from 0 to 1 in ``ramp_s`` as ``(1 - cos(pi t / ramp_s)) / 2``; ``x_on`` is where it was
measured when it began. A stop at any moment, even within the start, is the second R: it ends at
rest at the rest position, and nowhere does the velocity jump. Units are metres and seconds; 0 is
the rest position.
"""

from dataclasses import dataclass
from functools import lru_cache
import math
from typing import Optional, Tuple

from baby_cry_detector.care.hard_limits import (FREQUENCY_RANGE_HZ, LARGEST_AMPLITUDE_MM,
                                                SHORTEST_RAMP_S)
import numpy as np

# Between points of a trajectory a consumer interpolates, which peaks some per cent higher.
INTERPOLATION_MARGIN = 0.95
# The highest that is planned, m/s^2: what is joined late, or from a hair elsewhere, has to be made
# up for below the limit.
HIGHEST_PLANNED = 0.63


def envelope(t: np.ndarray, ramp_s: float) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return R and its first two derivatives at times since its beginning, each like ``t``."""
    phase = np.pi * np.clip(t / ramp_s, 0.0, 1.0)
    inside = (t >= 0.0) & (t <= ramp_s)
    rate = math.pi / ramp_s
    return (0.5 * (1.0 - np.cos(phase)), 0.5 * rate * np.sin(phase) * inside,
            0.5 * rate * rate * np.cos(phase) * inside)


def peak_acceleration(frequency_hz: float, amplitude_m: float, ramp_s: float) -> float:
    """
    Return the highest acceleration in m/s^2 at whatever phase and moment it is stopped.

    The envelope adds its own share: at the end of a start it is ``A (w^2 + pi^2 / 2 T^2)``, and
    more where a stop cuts into a start.
    """
    omega = 2.0 * math.pi * frequency_hz
    t = np.linspace(0.0, 2.0 * ramp_s, 121)
    stops = np.linspace(0.0, ramp_s, 31)[:, None]
    level, slope, curve = (on - off for on, off in zip(
        envelope(t, ramp_s), envelope(t - stops, ramp_s)))
    cut = np.hypot(curve - level * omega * omega, 2.0 * slope * omega)
    # Stopped later, it falls from an envelope of 1.
    return amplitude_m * max(float(cut.max()), omega * omega + 0.5 * (math.pi / ramp_s) ** 2)


@lru_cache(maxsize=256)
def fit(frequency_hz: float, amplitude_m: float, acceleration: float,
        ramp_s: float = SHORTEST_RAMP_S) -> Tuple[float, float]:
    """
    Return (frequency, amplitude) that keep the limits; the acceleration decides.

    The frequency is lowered first, as far as 0.3 Hz, then the amplitude.

    :param acceleration: highest peak in m/s^2; above 0.66 it counts as 0.66.
    :raises ValueError: if something is no positive number.
    """
    if not all(math.isfinite(value) and value > 0
               for value in (frequency_hz, amplitude_m, acceleration, ramp_s)):
        raise ValueError('expected a frequency, an amplitude, an acceleration and a ramp above 0, '
                         f'got {frequency_hz!r}, {amplitude_m!r}, {acceleration!r}, {ramp_s!r}')
    allowed = min(acceleration * INTERPOLATION_MARGIN, HIGHEST_PLANNED)
    low, high = FREQUENCY_RANGE_HZ
    frequency_hz = min(high, max(low, frequency_hz))
    amplitude_m = min(amplitude_m, LARGEST_AMPLITUDE_MM * 1e-3)
    if peak_acceleration(frequency_hz, amplitude_m, ramp_s) <= allowed:
        return frequency_hz, amplitude_m
    slowest = peak_acceleration(low, amplitude_m, ramp_s)
    if slowest > allowed:
        return low, amplitude_m * allowed / slowest
    for _ in range(20):
        middle = 0.5 * (low + frequency_hz)
        if peak_acceleration(middle, amplitude_m, ramp_s) <= allowed:
            low = middle
        else:
            frequency_hz = middle
    return low, amplitude_m


@dataclass
class RockingProfile:
    """
    One session, from rest to rest at the rest position.

    :param start_s: when it begins.
    :param offset_m: where it is then.
    :param stop_s: when the stop begins; ``None``: not yet.
    """

    frequency_hz: float
    amplitude_m: float
    ramp_s: float
    start_s: float
    offset_m: float = 0.0
    stop_s: Optional[float] = None

    @property
    def end_s(self) -> float:
        """Return when it is at rest again; infinite before it was stopped."""
        if self.stop_s is None:
            return math.inf
        if self.stop_s > self.start_s:
            return self.stop_s + self.ramp_s
        return self.start_s + (self.ramp_s if self.offset_m else 0.0)

    def state(self, t: np.ndarray, stop_s: Optional[float] = None
              ) -> Tuple[np.ndarray, np.ndarray]:
        """
        Return (positions in m, velocities in m/s) at times.

        :param stop_s: as if it were stopped then, where it was not stopped before.
        """
        since = np.asarray(t, np.float64) - self.start_s
        stops = [stop for stop in (stop_s, self.stop_s) if stop is not None]
        level, slope, _ = envelope(since, self.ramp_s)
        way, speed = self.offset_m * (1.0 - level), -self.offset_m * slope
        if stops:
            stopped = since - max(0.0, min(stops) - self.start_s)
            less, less_slope, _ = envelope(stopped, self.ramp_s)
            level, slope = level - less, slope - less_slope
        omega = 2.0 * math.pi * self.frequency_hz
        sine, cosine = np.sin(omega * since), np.cos(omega * since)
        return (way + self.amplitude_m * level * sine,
                speed + self.amplitude_m * (slope * sine + level * omega * cosine))


def offset_acceleration(offset_m: float, ramp_s: float) -> float:
    """Return what the way from there to the rest position adds to the acceleration, m/s^2."""
    return abs(offset_m) * 0.5 * (math.pi / ramp_s) ** 2
