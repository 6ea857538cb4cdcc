# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What was heard of the last minutes, and what a soothing action changed in it."""

from collections import deque
from dataclasses import dataclass
import math
from typing import Deque, NamedTuple, Tuple

from baby_cry_detector.units import SECOND_NS

WINDOW_NS = 60 * SECOND_NS              # "before" and "after" are at most a minute each
SHORTEST_NS = 3 * SECOND_NS             # of what was heard; less says nothing
MOST_PIECES = 4000


@dataclass(frozen=True)
class Effect:
    """
    An action that has ended, and what was heard before and during its last minute.

    :param action: ``rock`` or ``sound``.
    :param action_id: its name, unique.
    :param since_ns: when it began.
    :param until_ns: when it ended.
    :param why: it ended, in a sentence.
    :param cry_share_before: share of the time spent crying, 0 to 1, in the last minute before it,
        counted from the onset at the earliest; NaN where less than 3 s were heard.
    :param cry_share_after: the same of its own last minute.
    :param intensity_before: mean intensity of the same time, 0 to 1; not crying counts as 0.
    :param intensity_after: the same of its own last minute.
    """

    action: str
    action_id: str
    episode_id: str
    since_ns: int
    until_ns: int
    why: str
    cry_share_before: float
    cry_share_after: float
    intensity_before: float
    intensity_after: float


class _Piece(NamedTuple):
    from_ns: int
    to_ns: int
    crying: bool
    intensity: float


class CryHistory:
    """Crying and intensity of the last two minutes, as pieces of constant state."""

    def __init__(self) -> None:
        """Nothing was heard."""
        self._pieces: Deque[_Piece] = deque(maxlen=MOST_PIECES)

    def clear(self) -> None:
        """Forget it."""
        self._pieces.clear()

    def add(self, from_ns: int, to_ns: int, crying: bool, intensity: float) -> None:
        """Add a time that begins where the last one ended, or later."""
        intensity = intensity if crying else 0.0
        last = self._pieces[-1] if self._pieces else None
        if last is not None and last[1:] == (from_ns, crying, intensity):
            self._pieces[-1] = last._replace(to_ns=to_ns)
        elif to_ns > from_ns:
            self._pieces.append(_Piece(from_ns, to_ns, crying, intensity))
        while self._pieces and self._pieces[0].to_ns < to_ns - 2 * WINDOW_NS:
            self._pieces.popleft()

    def measure(self, from_ns: int, to_ns: int,
                shortest_ns: int = SHORTEST_NS) -> Tuple[float, float]:
        """Return (share of the time crying, mean intensity); NaN if too little was heard."""
        heard = crying = intensity = 0.0
        for start, end, cries, value in self._pieces:
            piece = min(end, to_ns) - max(start, from_ns)
            if piece > 0:
                heard += piece
                crying += piece * cries
                intensity += piece * value
        if heard < max(1, shortest_ns):
            return math.nan, math.nan
        return crying / heard, intensity / heard
