# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Blocks that were dropped, kept for a while: their stamps may yet turn out to be the fault.

That stamps do not advance is known after seconds; what came meanwhile was taken for audio that
comes twice. Once times of arrival are used instead it can be heard after all.
"""

from collections import deque
from typing import Deque, List, NamedTuple

from baby_cry_detector.audio.messages import AudioMessage
from baby_cry_detector.stream.intake import StampedFrames
from baby_cry_detector.units import SECOND_NS
import numpy as np

# Longer than the slowest judgement of the stamps takes; of absurdly short blocks so many.
MOST_NS, MOST_BLOCKS = 15 * SECOND_NS, 4096


class DroppedBlock(NamedTuple):
    """A message, how much audio it holds, and whether it is the same as one before it."""

    message: AudioMessage
    duration_ns: int
    is_copy: bool


class DroppedBlocks:
    """Those that were dropped since the last one that was heard."""

    def __init__(self) -> None:
        self._blocks: Deque[DroppedBlock] = deque(maxlen=MOST_BLOCKS)
        self._lasts_ns = 0

    def add(self, block: DroppedBlock) -> None:
        """Keep one; the oldest go."""
        self._blocks.append(block)
        self._lasts_ns += block.duration_ns
        while self._lasts_ns > MOST_NS and len(self._blocks) > 1:
            self._lasts_ns -= self._blocks.popleft().duration_ns

    def clear(self) -> None:
        """Forget them: what came after them was heard."""
        if self._blocks:
            self._blocks.clear()
            self._lasts_ns = 0

    def take(self, with_copies: bool) -> List[DroppedBlock]:
        """Return them and forget them; where stamps stand still, silence looks like a copy."""
        taken = [block for block in self._blocks if with_copies or not block.is_copy]
        self.clear()
        return taken


def joined(parts: List[StampedFrames]) -> List[StampedFrames]:
    """Return the same frames in as few parts as can be: many messages at once would be lost."""
    runs: List[List[StampedFrames]] = []
    for part in parts:
        last = runs[-1][-1] if runs else None
        if last is not None and part.first_frame == last.first_frame + len(last.values) and (
                part.trouble == last.trouble):
            runs[-1].append(part)
        else:
            runs.append([part])
    return [run[0] if len(run) == 1 else StampedFrames(
        run[0].first_frame, run[0].start_ns, np.concatenate([part.values for part in run]),
        run[0].trouble, np.concatenate([part.samples for part in run if part.samples is not None])
        if all(part.samples is not None for part in run) else None) for run in runs]
