# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Whether a stop that was sent is carried out; nobody says so of one that was refused unheard.

A controller that was busy, and then took a plan too late, goes on with one before, and DDS had
acknowledged both. Where the joint is measured, that shows which of them is carried out.
"""

from collections import deque
import math
from typing import Deque, List, Optional, Sequence, Tuple

from baby_cry_detector.care.motion.executed import Curve, joined
from baby_cry_detector.care.motion.motion_gate import LATENCY_S, Motion
import numpy as np

# A plan is carried out if the joint is so near to it, and the stop so much further.
NEAR_M, APART_M = 4e-4, 8e-4
# In so many measurements, between which the plan goes so far: a sensor that says one place says
# nothing of a plan that is there just now.
TIMES_SEEN, SEEN_S, WAY_M = 3, 0.5, 1e-3
MOST_SEEN = 100
# So often one stop is sent again.
MOST_TRIES = 20
KEPT = 12
# Of so many samples one may be wild.
MANY = 8
# Nearer to each other, in m and m/s, two plans are one.
SAME = 2e-5, 2e-4
MOST_WAYS = 48

Samples = Sequence[Tuple[float, float]]


class Heeding:
    """
    The newest stop, and the plans that may be carried out instead.

    :ivar tries: how often that stop was sent again.
    :ivar unheeded: how often any was.
    """

    def __init__(self) -> None:
        """Nothing was sent."""
        self.tries = self.unheeded = 0
        self._plans: Deque[Curve] = deque(maxlen=KEPT)
        self._stop: Optional[Curve] = None
        self._sent_s = self._seen_s = -math.inf
        self._samples: Deque[Tuple[float, float]] = deque(maxlen=MOST_SEEN)
        self._ways: List[Curve] = []          # where nothing is measured

    def begin(self) -> None:
        """Begin to count: a stop was said."""
        self.tries = 0

    def count(self, motion: Optional[Motion], is_again: bool = True) -> Optional[Motion]:
        """Return what is sent, counted where it is a stop that is sent again."""
        if motion is not None and is_again:
            self.tries, self.unheeded = self.tries + 1, self.unheeded + 1
        return motion

    @property
    def has_given_up(self) -> bool:
        """Return whether it was sent again as often as makes sense."""
        return self.tries >= MOST_TRIES

    @property
    def trouble(self) -> str:
        """Return that the newest stop was not carried out at once, or ''."""
        if not self.tries:
            return ''
        times = f'{self.tries} time{"s" * (self.tries > 1)}'
        given_up = ', and no more' if self.has_given_up else ''
        return f'the controller did not carry out the stop: it was sent again {times}{given_up}'

    @property
    def stop(self) -> Optional[Curve]:
        """Return what is carried out if the newest stop was taken; ``None``: there is none."""
        return self._stop

    def note_plan(self, told: Curve) -> None:
        """Take what is carried out if a plan that was sent is taken."""
        self._plans.append(told)
        self._stop = None

    def carried_out(self, told: Curve, samples: Samples, scale: float) -> Curve:
        """
        Return the plan that what is measured lies on, though another was told since, or ``told``.

        :param samples: what was measured last, (time in s, place in joint units).
        :param scale: joint units per metre.
        """
        if _is_near(told, samples, scale, True):
            return told
        return next((plan for plan in reversed(self._plans) if _is_near(plan, samples, scale)),
                    told)

    def plausible(self, now_s: float, told: Curve, samples: Samples, scale: float, most: int
                  ) -> List[Curve]:
        """
        Return what may be carried out instead: plans since then may have been refused.

        :param most: how many plans may be where no samples tell which.
        """
        near = [plan for plan in self._plans if _is_near(plan, samples, scale)]
        soon_s, ways = now_s + LATENCY_S, []
        x, v, _ = told.state(soon_s)
        for plan in near or list(self._plans)[-most:]:
            there = plan.state(soon_s)
            if now_s < plan.end_s and (abs(there[0] - x) > SAME[0] * scale
                                       or abs(there[1] - v) > SAME[1] * scale):
                ways.append(plan)
        return ways

    def note_stop(self, sent_s: float, told: Curve) -> None:
        """
        Take a stop that was sent.

        :param told: what is carried out if it is taken.
        """
        if self._stop is not None:
            self._plans.append(self._stop)
        self._stop, self._sent_s, self._seen_s = told, sent_s, sent_s
        self._samples.clear()
        # Those before the last one too: a controller that refuses this may have refused that.
        self._ways = [plan for plan in self._plans if sent_s < plan.end_s]

    def goes_on(self, time_s: float, position: float, scale: float) -> Optional[Curve]:
        """
        Return what is carried out instead of the stop, or ``None``.

        :param time_s: when the joint was measured last, ``position`` where, joint units.
        :param scale: joint units per metre.
        """
        if self._stop is None or not self._plans or time_s <= self._seen_s or (
                time_s < self._sent_s + LATENCY_S):
            return None
        self._seen_s = time_s
        if abs(self._stop.state(time_s)[0] - position) < APART_M * scale:
            self._samples.clear()
            return None
        self._samples.append((time_s, position))
        while self._samples[0][0] < time_s - SEEN_S:
            self._samples.popleft()
        plan, error, way = self._nearest()
        if len(self._samples) < TIMES_SEEN or error > NEAR_M * scale or way < WAY_M * scale or (
                self.has_given_up or time_s >= plan.end_s):
            return None
        return plan

    def is_unclear(self, now_s: float, scale: float) -> bool:
        """Return whether nobody can see yet that a stop was refused: it has hardly moved."""
        return self._stop is not None and any(
            now_s < plan.end_s and abs(plan.state(now_s)[0] - self._stop.state(now_s)[0])
            < APART_M * scale for plan in self._plans)

    def _nearest(self) -> Tuple[Curve, float, float]:
        """Return the plan that the samples lie on, the largest error, and its way meanwhile."""
        times_s, places = np.array(self._samples).T
        best = None
        for plan in reversed(self._plans):
            told = plan.states(times_s)[0]
            error = float(np.abs(told - places).max())
            if best is None or error < best[1]:
                best = plan, error, float(told.max() - told.min())
        assert best is not None
        return best

    def may_go_on(self, now_s: float) -> List[Curve]:
        """Return what may be carried out instead of the stop, where nothing is measured."""
        return [way for way in self._ways if now_s < way.end_s]

    def note_repeat(self, motion: Motion) -> None:
        """Take a way to rest that was sent to whoever did not take the stop."""
        arrival_s = motion.start_s
        begun = {}                # those that are one from there on, or nearly, count once
        for way in self.may_go_on(arrival_s):
            x, v, _ = way.state(arrival_s)
            begun[round(x / SAME[0]), round(v / SAME[1])] = joined(motion, arrival_s, x, v)
        self._ways = [*self.may_go_on(arrival_s), *begun.values()][-MOST_WAYS:]

    def forget(self) -> None:
        """Know nothing of what is carried out: at rest, or it was told something slow."""
        self._plans.clear()
        self._stop, self._ways = None, []


def _is_near(plan: Curve, samples: Samples, scale: float, unless_known: bool = False) -> bool:
    """
    Return whether samples lie on a plan, but for one of many that may be wild.

    :param unless_known: what is returned where too few were taken since the plan.
    """
    taken = [(time_s, place) for time_s, place in samples if time_s >= plan.t[0]]
    if len(taken) < TIMES_SEEN:
        return unless_known
    strays = sum(abs(plan.state(time_s)[0] - place) > NEAR_M * scale for time_s, place in taken)
    return strays <= (len(taken) >= MANY)
