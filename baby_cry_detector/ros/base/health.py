# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What hearing costs and how late it is: the figures of a node's diagnostics."""

from collections import deque
import time

FRAME_S = 0.01
# An older stamp is not that of live audio: a recording of another day, or another clock.
OLDEST_LIVE_S = 60.0
# A publisher that starts again counts anew once; two that send at once do so all the time.
INTERLEAVED_S = 10.0
INTERLEAVED_TIMES = 4


# What middleware that does not number messages says instead.
NOT_NUMBERED = (None, (1 << 64) - 1)


class Interleaving:
    """
    Do messages of several publishers arrive in turn? Each numbers its own, from 1.

    :ivar is_told: whether this middleware numbers them.
    """

    def __init__(self):
        """Nothing has come yet."""
        self._newest = 0
        self._any_came = self.is_told = False
        self._steps_back_s = deque(maxlen=INTERLEAVED_TIMES)

    def note(self, number) -> None:
        """Take the number that its publisher gave a message; ``None`` where none is told."""
        self._any_came = True
        if number in NOT_NUMBERED:
            return
        self.is_told = True
        if number <= self._newest:
            self._steps_back_s.append(time.monotonic())
        self._newest = number

    def note_own(self) -> None:
        """Take that a node of this process handed over a message by a call."""
        if self._newest:
            self._steps_back_s.append(time.monotonic())
        self._newest = 0

    def is_seen(self) -> bool:
        """Return whether the numbers stepped back again and again lately."""
        return (len(self._steps_back_s) == INTERLEAVED_TIMES
                and time.monotonic() - self._steps_back_s[0] < INTERLEAVED_S)

    def senders(self, node, topic: str) -> list:
        """Return the names of those who send a topic at once; none where one does."""
        # One that was killed counts as a publisher until DDS misses it; it sends nothing.
        if not self._any_came or self.is_told and not self.is_seen() \
                or node.count_publishers(topic) < 2:
            return []
        return sorted(f'{end.node_namespace.rstrip("/")}/{end.node_name}'
                      for end in node.get_publishers_info_by_topic(topic))


class Workload:
    """
    Processor time per frame and the age of the newest audio, since the last look.

    :ivar frames: how many were worked through since the start.
    """

    def __init__(self):
        """Nothing has been done yet."""
        self.frames = 0
        self._cost_s = self._start_s = 0.0
        self._seen = (0, 0.0)
        self._age_s = None
        self._figures = {}

    def __enter__(self):
        """Begin to count the processor time of this thread as work."""
        self._start_s = time.thread_time()

    def __exit__(self, *_):
        """End it."""
        self._cost_s += time.thread_time() - self._start_s

    def add(self, frames: int, age_ns: int) -> None:
        """Note frames that were worked through, and the time since their audio ended."""
        self.frames += frames
        age_s = age_ns * 1e-9
        if -1.0 < age_s < OLDEST_LIVE_S:
            self._age_s = max(self._age_s or 0.0, age_s)

    def figures(self) -> dict:
        """
        Return what to show; figures stay as they were while nothing is heard.

        The real-time factor is processor time over the duration of the audio: above 1 the
        machine is too slow.
        """
        frames, cost_s = self.frames - self._seen[0], self._cost_s - self._seen[1]
        if frames:
            self._figures = {'cost_us_per_frame': round(cost_s / frames * 1e6, 1),
                             'real_time_factor': round(cost_s / (frames * FRAME_S), 4)}
            if self._age_s is not None:
                self._figures['queue_age_s'] = round(self._age_s, 3)
        self._seen = (self.frames, self._cost_s)
        self._age_s = None
        return {'frames': self.frames, **self._figures}
