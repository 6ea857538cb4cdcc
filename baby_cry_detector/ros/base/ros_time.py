# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Between ROS time messages and the integer nanoseconds of the pure core."""

import time
from typing import Optional

from baby_cry_detector.units import SECOND_NS
from builtin_interfaces.msg import Duration, Time

LAST_S = 2**31 - 1      # 2038-01-19: the messages, and Fast DDS, hold no later second


def from_nanoseconds(nanoseconds: int) -> Time:
    """Return a ROS time; times before 1970 become 1970, which is all the message can hold."""
    seconds, rest = divmod(max(0, nanoseconds), SECOND_NS)
    return Time(sec=min(seconds, LAST_S), nanosec=rest)


def duration_from_nanoseconds(nanoseconds: int) -> Duration:
    """Return a ROS duration."""
    seconds, rest = divmod(nanoseconds, SECOND_NS)
    return Duration(sec=max(-2**31, min(seconds, LAST_S)), nanosec=rest)


def to_nanoseconds(stamp) -> int:
    """Return a ROS time or duration in nanoseconds."""
    return stamp.sec * SECOND_NS + stamp.nanosec


def now_nanoseconds(node) -> int:
    """Return the node's time, which is simulated if use_sim_time says so."""
    clock = node.get_clock().handle
    with clock:
        return clock.get_now().nanoseconds


def middleware_sentence(error: Exception) -> str:
    """Return what the middleware raised, without its source files, and whether it's the clock."""
    sentence = ' '.join(str(error).partition(', at /')[0].split())
    if time.time() > LAST_S:
        year = time.gmtime().tm_year
        sentence += f": this machine's clock says {year}, and ROS 2 publishes nothing after 2038"
    return sentence


class Arrival:
    """
    How long ago something came.

    Told by the clock on which less time has passed: a simulated clock may race far ahead of
    what this machine can work through, or stand still, and a clock may be set.
    """

    def __init__(self, node):
        """Nothing has come yet."""
        self._node = node
        self._steady_ns = self._node_ns = None

    def note(self, node_ns: Optional[int] = None) -> int:
        """Say that something comes now; return the node's time, which may be known already."""
        self._steady_ns = time.monotonic_ns()
        self._node_ns = now_nanoseconds(self._node) if node_ns is None else node_ns
        return self._node_ns

    def clear(self) -> None:
        """Forget it."""
        self._steady_ns = self._node_ns = None

    def silent_ns(self) -> Optional[int]:
        """Return the time since, at least 0; ``None`` if nothing came."""
        if self._steady_ns is None:
            return None
        passed_ns = now_nanoseconds(self._node) - self._node_ns
        if passed_ns < 0:       # the clock was set back, which says nothing about the audio
            self._node_ns += passed_ns
            passed_ns = 0
        return min(passed_ns, time.monotonic_ns() - self._steady_ns)

    def steady_silent_ns(self) -> Optional[int]:
        """
        Return the real time since, whatever the node's clock does; ``None`` if nothing came.

        For what must stop rather once too often: nobody watches while a clock stands still.
        """
        return None if self._steady_ns is None else time.monotonic_ns() - self._steady_ns


class StandingClock:
    """How long a node's clock has stood still, in real time: a simulated one may, or vanish."""

    def __init__(self, node):
        """Begin to watch."""
        self._node = node
        self._seen_ns = now_nanoseconds(node)
        self._moved_ns = time.monotonic_ns()

    def standing_ns(self) -> int:
        """Return for how long it has shown the same time to whoever asks here, regularly."""
        now_ns, steady_ns = now_nanoseconds(self._node), time.monotonic_ns()
        if now_ns != self._seen_ns:
            self._seen_ns, self._moved_ns = now_ns, steady_ns
        return steady_ns - self._moved_ns
