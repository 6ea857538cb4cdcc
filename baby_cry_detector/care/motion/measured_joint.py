# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where the joint is, as `joint_states` measures it: fresh or not, at rest or not, followed."""

from collections import deque
import math
from typing import Deque, List, Optional, Tuple

from baby_cry_detector.care.motion.joint import Joint
import numpy as np

FRESH_S = 0.5                             # a joint that is not measured for longer is not known
REST_S, REST_M = 0.5, 1e-3                # within a millimetre for half a second: at rest
ESTIMATE_S = 0.15                         # over which velocity and acceleration are read
OLDEST_STAMP_S = 0.5
# How far it may be from where it was told to be: what a servo lags, and more is not following.
LAG_M, LAG_S = 2e-3, 0.02
# Set-points are held until the next one comes, and no plan is joined from there.
LOOSE_LAG_M, LOOSE_LAG_S = 4e-3, 0.06
TIMES_ASTRAY = 3
# Two sensors that speak in turn are astray with every other sample.
OFTEN_ASTRAY, OF_SAMPLES = 5, 10
GROWTH_S = 0.08                           # over which it is seen how that grows
MOVING_M, MOVING_S = 4e-4, 0.2            # less than that in that time is noise
# Three samples within less show no curve: their noise would be most of it.
CURVE_S = 0.05
# A sensor that is wilder than this shows nothing that a crib can do.
MOST_M, MOST_SPEED, MOST_ACCELERATION = 1.0, 0.45, 2.0
# For so long after a jump nothing is concluded from it, nor from samples that lie on no curve.
JUMPED_S, MOST_SCATTER_M = 0.5, 5e-4


class MeasuredJoint:
    """
    The last second of what one joint's sensor says.

    :param joint: in whose units.
    :param setpoints: whether it is told set-points.
    """

    def __init__(self, joint: Joint, setpoints: bool = False) -> None:
        """Nothing was measured."""
        self._joint = joint
        self._lag = (LOOSE_LAG_M, LOOSE_LAG_S) if setpoints else (LAG_M, LAG_S)
        self._samples: Deque[Tuple[float, float]] = deque(maxlen=2000)     # time, position
        self.trouble = ''                      # why the last sample was not taken
        self._astray = 0                       # so often in a row
        self._strayed: Deque[bool] = deque(maxlen=OF_SAMPLES)
        self._jumped_s = -math.inf             # when it was last somewhere else at once
        self.error_m = 0.0                     # how far it is from where it was told to be
        self.off_m = 0.0                       # and from there too if straight lines are drawn
        self._errors: Deque[Tuple[float, float]] = deque(maxlen=50)  # time, that with its sign

    def clear(self) -> None:
        """Forget what was measured."""
        self._samples.clear()
        self._errors.clear()
        self._strayed.clear()
        self._astray, self.trouble, self.error_m, self.off_m = 0, '', 0.0, 0.0

    def take(self, arrival_s: float, position: float, age_s: float = 0.0) -> bool:
        """
        Take a sample; return whether it says anything.

        :param arrival_s: when it came, on the clock of the motion.
        :param position: in joint units.
        :param age_s: how old its stamp was then.
        """
        if not -0.1 <= age_s <= OLDEST_STAMP_S:
            what = f'{age_s:.1f} s old' if age_s > 0 else f'{-age_s:.1f} s ahead of the clock'
            self.trouble = f'joint_states are {what}'
            return False
        if not (math.isfinite(position) and abs(self._joint.metres(position)) <= MOST_M):
            self.trouble = f'joint_states say {position!r}, which is no place of a crib'
            return False
        time_s = arrival_s - max(0.0, age_s)
        if self._samples and time_s <= self._samples[-1][0]:
            return False                       # repeated, or out of order
        self.trouble = ''
        if self._samples and abs(position - self._samples[-1][1]) > (
                MOST_SPEED * self._joint.units_per_metre * (time_s - self._samples[-1][0]) + 1e-9):
            self._jumped_s = time_s
        self._samples.append((time_s, position))
        while self._samples[0][0] < time_s - 1.0:
            self._samples.popleft()
        return True

    def is_fresh(self, now_s: float) -> bool:
        """Return whether it was measured lately."""
        return bool(self._samples) and now_s - self._samples[-1][0] <= FRESH_S

    @property
    def position(self) -> Optional[float]:
        """Return the last position, in joint units."""
        return self._samples[-1][1] if self._samples else None

    def latest(self, duration_s: float) -> List[Tuple[float, float]]:
        """Return the samples of so long, (time, position)."""
        return [sample for sample in self._samples if sample[0] >= self.time_s - duration_s]

    def is_at_rest(self, now_s: float) -> bool:
        """Return whether it is known to have stood still for half a second."""
        if not self.is_fresh(now_s):
            return False
        since_s = self._samples[-1][0] - REST_S
        if self._samples[0][0] > since_s:
            return False                       # not known for so long
        places = [position for time_s, position in self._samples if time_s >= since_s]
        return len(places) >= 3 and (
            max(places) - min(places) <= REST_M * self._joint.units_per_metre)

    def estimate(self, now_s: float) -> Optional[Tuple[float, float, Optional[float]]]:
        """
        Return (position, velocity, acceleration) just now, in joint units; ``None``: not known.

        From a parabola through the last 0.15 s, so that no sensor of velocity is needed; from a
        line through three samples that lie too close together, and the acceleration is ``None``.
        """
        if not self.is_fresh(now_s) or now_s - self._jumped_s < JUMPED_S:
            return None
        newest_s = self._samples[-1][0]
        if now_s - newest_s > ESTIMATE_S:
            return None                    # longer ago than what it would be drawn from
        recent = [sample for sample in self._samples if sample[0] >= newest_s - ESTIMATE_S]
        if len(recent) < 4:
            recent = list(self._samples)[-4:]
        if len(recent) < 3 or recent[0][0] < newest_s - 3.0 * ESTIMATE_S:
            return None
        t, x = np.array(recent).T
        is_curve = len(recent) > 3 or newest_s - recent[0][0] >= CURVE_S
        curve = np.polyfit(t - newest_s, x, 2 if is_curve else 1)
        scatter = np.abs(np.polyval(curve, t - newest_s) - x).max()
        acceleration = float(2.0 * curve[0]) if is_curve else None
        scale = self._joint.units_per_metre
        if (scatter > MOST_SCATTER_M * scale
                or abs(acceleration or 0.0) > MOST_ACCELERATION * scale):
            return None
        ahead_s = now_s - newest_s
        velocity = float(np.polyval(np.polyder(curve), ahead_s))
        return float(np.polyval(curve, ahead_s)), velocity, acceleration

    def follows(self, position: float, velocity: float, on_lines: Optional[float] = None) -> bool:
        """
        Return whether it is where it was told to be when it was measured last.

        :param position: where it should have been then, ``velocity`` how fast, joint units.
        :param on_lines: where it should have been if straight lines are drawn; anywhere between
            counts as followed.
        """
        if not self._samples:
            return True
        scale = self._joint.units_per_metre
        x = self._samples[-1][1]
        self.error_m = abs(x - position) / scale
        low, high = sorted((position, position if on_lines is None else on_lines))
        off_m = (min(0.0, x - low) + max(0.0, x - high)) / scale
        self.off_m = abs(off_m)
        self._errors.append((self.time_s, off_m))
        allowed_m = self._lag[0] + self._lag[1] * abs(velocity) / scale
        strays = self.off_m > allowed_m
        self._astray = self._astray + 1 if strays else 0
        self._strayed.append(strays)
        if sum(self._strayed) < OFTEN_ASTRAY:
            return self._astray < TIMES_ASTRAY
        self._strayed.clear()                  # what comes after the stop is judged anew
        return False

    @property
    def error_growth(self) -> float:
        """Return how fast the way from where it was told to be grows, m/s."""
        until_s, after = self._errors[-1] if self._errors else (0.0, 0.0)
        for from_s, before in reversed(self._errors):
            if until_s - from_s >= GROWTH_S:
                return (after - before) / (until_s - from_s)
        return 0.0

    @property
    def is_astray(self) -> bool:
        """Return whether it was not where it should have been when it was measured last."""
        return self._astray > 0

    def moved_since(self) -> float:
        """Return since when it moved if it moved with the last sample, else infinity."""
        until_s, after = self._samples[-1]
        for from_s, before in reversed(self._samples):
            if until_s - from_s >= MOVING_S:
                moved = abs(after - before) > MOVING_M * self._joint.units_per_metre
                return from_s if moved and until_s - from_s < FRESH_S else math.inf
        return math.inf

    @property
    def time_s(self) -> float:
        """Return when it was measured last."""
        return self._samples[-1][0] if self._samples else -math.inf
