# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The microphone with the noise of the robot's own motion made softer.

What a motion sounds like in each phase is learned while it moves and nobody cries, and taken from
the power of each frequency. How much softer anything becomes is bounded (`FLOOR`): what is louder
than the motion passes, and nothing is ever gated. Without a motion, or before it is learned, the
very samples that go in come out.
"""

from collections import deque
from typing import Deque, Dict, List, Optional, Tuple

from baby_cry_detector.audio.motion_noise.phase import MotionPhase, SAME_PERIOD, SAME_STROKE
from baby_cry_detector.audio.motion_noise.template import LOG_BIAS, MotionTemplate, TINY
from baby_cry_detector.units import SECOND_NS
import numpy as np

SAMPLE_RATE = 16_000
FRAME, HOP = 512, 256          # samples, 32 and 16 ms
BINS = FRAME // 2 + 1
#: The least gain of a frequency: 20 dB softer.
FLOOR = 10 ** (-20 / 20)
#: Of the power before it in the estimate of what is not the motion (Ephraim and Malah 1984).
_SMOOTHING = 0.9
#: The motion is taken for so much louder than it is on the average.
CAUTION = 2.0
#: From this probability on somebody may cry, and nothing is learned; nor shortly before, since a
#: cry is noticed late, nor shortly after.
QUIET_BELOW, BEFORE_S, AFTER_S = 0.3, 3.0, 2.0
#: Without a word about crying for so long nothing is learned.
MOST_SILENT_S = 3.0
MOST_TEMPLATES = 4             # of different motions
#: Of the frames while it stands still: every which, how many at least, and the memory (13 s).
ROOM_EVERY, LEAST_ROOM, ROOM_MEMORY = 4, 30, 0.995
_WINDOW = np.sqrt(np.hanning(FRAME + 1)[:FRAME])


class MotionNoise:
    """
    Samples of a microphone in, the same with the motion softer out.

    :ivar phase: of the joint; whoever knows its position adds it.
    """

    def __init__(self) -> None:
        self.phase = MotionPhase()
        self._templates: List[MotionTemplate] = []
        # Of the microphone from the next frame's first sample on, and what is taken from it.
        self._line, self._removed = np.zeros(0), np.zeros(FRAME)
        self._line_ns = 0
        self._released = 0                     # samples of it that were given back
        self._turn = 0
        self._pending: Deque[Tuple[int, Optional[MotionTemplate], float, np.ndarray]] = deque()
        self._crying_ns = self._told_ns = -10 * SECOND_NS
        self._newest_ns = 0
        self._room, self._room_frames = np.zeros(BINS), 0
        self._kept = np.zeros(BINS)            # power that the frame before kept
        self._told = np.zeros(2)               # power before and after

    # --- what is known ---------------------------------------------------------------------------
    def on_probability(self, cry_probability: float) -> None:
        """Take what the detector thinks: while somebody may cry nothing is learned."""
        self._told_ns = self._newest_ns
        if not cry_probability < QUIET_BELOW:
            self._crying_ns = self._newest_ns
            self._pending.clear()

    def _template(self) -> MotionTemplate:
        """Return the template of the present motion."""
        for template in self._templates:
            if abs(template.period_s - self.phase.period_s) < SAME_PERIOD * template.period_s and (
                    abs(template.stroke - self.phase.stroke) < SAME_STROKE * template.stroke):
                return template
        template = MotionTemplate(self.phase.period_s, self.phase.stroke, BINS)
        self._templates = [*self._templates[-(MOST_TEMPLATES - 1):], template]
        return template

    # --- what is heard ---------------------------------------------------------------------------
    @property
    def owed(self) -> int:
        """Return how many samples went in that have not come out."""
        return len(self._line) - self._released

    def process(self, stamp_ns: int, samples: np.ndarray) -> np.ndarray:
        """
        Take samples of the microphone, return those that are ready, in order.

        :param stamp_ns: capture time of the first.
        :param samples: ``(n,)`` float64 at 16 kHz.
        """
        self._newest_ns = stamp_ns + len(samples) * SECOND_NS // SAMPLE_RATE
        if not self.phase.is_known(self._newest_ns):
            if not len(self._line):
                return samples                 # nobody speaks of a motion
            return np.concatenate((self.flush(), samples))
        self._line_ns = stamp_ns - len(self._line) * SECOND_NS // SAMPLE_RATE
        self._line = np.concatenate((self._line, samples))
        ready: List[np.ndarray] = []
        while len(self._line) >= FRAME:
            self._frame()
            ready.append(self._release(HOP))
            self._line, self._released = self._line[HOP:], max(0, self._released - HOP)
            self._line_ns += HOP * SECOND_NS // SAMPLE_RATE
            self._removed[:-HOP] = self._removed[HOP:]
            self._removed[-HOP:] = 0.0
        if not self._active(self._newest_ns) and not self._removed.any():
            ready.append(self._release(len(self._line)))
        return np.concatenate(ready) if ready else np.zeros(0)

    def flush(self) -> np.ndarray:
        """Return what is owed; what comes next is another stretch."""
        rest = self._release(len(self._line))
        self._line, self._released = np.zeros(0), 0
        self._removed[:] = 0.0
        return rest

    def _release(self, end: int) -> np.ndarray:
        """Return what was not given back before ``end`` of the line."""
        part = slice(self._released, end)
        self._released = max(self._released, end)
        given = self._line[part]
        taken = self._removed[part]
        if len(taken) and taken.any():
            given = given.copy()
            given[:len(taken)] -= taken
        return given

    def _active(self, time_ns: int) -> Optional[MotionTemplate]:
        """Return what is known of the motion at a time; ``None`` where it is not learned."""
        if self.phase.at(time_ns) is None:
            return None
        template = self._template()
        return template if template.is_learned else None

    def _frame(self) -> None:
        """Hear the next frame: learn from it, and find what is to be taken from it."""
        time_ns = self._line_ns + FRAME // 2 * SECOND_NS // SAMPLE_RATE
        phase = self.phase.at(time_ns)
        if phase is None:
            # While it stands still the room is learned, from some of the frames.
            self._turn = (self._turn + 1) % ROOM_EVERY
            if self._turn or not self.phase.is_still(time_ns):
                return
        frame = np.nan_to_num(self._line[:FRAME], nan=0.0, posinf=0.0, neginf=0.0)
        spectrum = np.fft.rfft(_WINDOW * frame)
        power = spectrum.real ** 2 + spectrum.imag ** 2
        template = None if phase is None else self._template()
        self._learn(time_ns, template, phase or 0.0, power)
        # What was given back already can't be changed: such a frame is not touched.
        if template is None or not template.is_learned or self._released:
            return
        motion = template.power(phase or 0.0)
        if self._room_frames >= LEAST_ROOM:
            motion = np.maximum(motion - np.exp(self._room + LOG_BIAS), 0.0)
        gain = self._gain(power, CAUTION * motion)
        self._removed += _WINDOW * np.fft.irfft((1.0 - gain) * spectrum)

    def _gain(self, power: np.ndarray, motion: np.ndarray) -> np.ndarray:
        """Return how much of each frequency is kept, `FLOOR` to 1, decided from two frames."""
        motion = np.maximum(motion, TINY)
        now = np.maximum(power / motion - 1.0, 0.0)
        other = _SMOOTHING * self._kept / motion + (1.0 - _SMOOTHING) * now
        gain: np.ndarray = np.maximum(other / (1.0 + other), FLOOR)
        self._kept = gain ** 2 * power
        return gain

    # --- what is learned -------------------------------------------------------------------------
    def _learn(self, time_ns: int, template: Optional[MotionTemplate], phase: float,
               power: np.ndarray) -> None:
        """Keep a frame until it is known that nobody cried, then learn from it."""
        if self._newest_ns - self._told_ns > MOST_SILENT_S * SECOND_NS:
            self._pending.clear()
            return
        if time_ns - self._crying_ns < AFTER_S * SECOND_NS:
            return
        self._pending.append((time_ns, template, phase, power))
        while self._pending and time_ns - self._pending[0][0] > BEFORE_S * SECOND_NS:
            _, template, phase, power = self._pending.popleft()
            if template is not None:
                template.learn(phase, power)
                continue
            self._room_frames += 1
            weight = max(1.0 / self._room_frames, 1.0 - ROOM_MEMORY)
            self._room += weight * (np.log(power + TINY) - self._room)

    # --- what is said ----------------------------------------------------------------------------
    def figures(self) -> Dict[str, str]:
        """Return what there is to say of the motion; empty where nobody speaks of one."""
        if not self.phase.is_known(self._newest_ns):
            return {}
        if self.phase.at(self._newest_ns) is None:
            return {'own_motion': 'still' if self.phase.is_still(self._newest_ns) else 'unsteady'}
        template = self._template()
        if not template.is_learned:
            return {'own_motion': f'learning, {100 * template.share:.0f} %'}
        return {'own_motion': 'softened'}
