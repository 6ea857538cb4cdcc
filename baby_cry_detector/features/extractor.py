# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One implementation, two ways in: a stream of blocks, or a whole signal.

Where the compiled core was built it computes the sets that it knows (`compiled.py`); the Python
stages are what it is held against, and what computes everything else.
"""

from dataclasses import dataclass
from typing import List, Optional, Union

from baby_cry_detector.features import compiled
from baby_cry_detector.features.definition import FeatureSet
from baby_cry_detector.features.sets import get_feature_set
from baby_cry_detector.features.stages.framing import check_samples, clean_samples, Framer
from baby_cry_detector.features.stages.front_end import FrontEnd
import numpy as np
from numpy.typing import ArrayLike

# Frames computed at a time: the working set stays in the processor's cache, and the memory
# needed does not grow with the block.
CHUNK_FRAMES = 64


@dataclass(frozen=True)
class FrameBlock:
    """
    Consecutive complete rows.

    :param first_frame: number of the first row, counted from the last ``reset()``; frame n starts
        at sample ``n * hop_length``. With no rows, the number the next row will have.
    :param values: float64, shape (n, F), columns as the set names them.
    """

    first_frame: int
    values: np.ndarray

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)


class StreamingExtractor:
    """
    Turns blocks of samples of any size into rows, with bounded state.

    :param feature_set: a `FeatureSet` or its name.
    :raises ValueError: for an unknown name.
    """

    def __init__(self, feature_set: Union[FeatureSet, str]):
        if isinstance(feature_set, str):
            feature_set = get_feature_set(feature_set)
        self._set = feature_set
        self._compiled = compiled.make(feature_set)
        self._front_end: Optional[FrontEnd] = None
        if self._compiled is None:
            front_end = feature_set.parameters.get('front_end')
            if front_end:
                self._front_end = FrontEnd(sample_rate=feature_set.sample_rate,
                                           hop=feature_set.hop_length, **front_end)
            self._framer = Framer(feature_set.window_length, feature_set.hop_length)
            self._descriptors = feature_set.build(feature_set.parameters)
        self._next_frame = 0
        self._ended = False
        self._nonfinite = 0

    @property
    def feature_set(self) -> FeatureSet:
        """Return the set that is computed."""
        return self._set

    @property
    def nonfinite_samples(self) -> int:
        """Return how many samples were NaN, infinite or absurd, since construction."""
        return self._nonfinite + (self._compiled.nonfinite_samples if self._compiled else 0)

    @property
    def compiled_handle(self) -> Optional[int]:
        """Return where the compiled extractor is, or None where Python computes."""
        return self._compiled.handle if self._compiled else None

    def note_rows(self, count: int) -> None:
        """Count rows that compiled code took from `compiled_handle` itself."""
        self._next_frame += count

    def reset(self) -> None:
        """Start a new stream: frame 0 begins with the next sample."""
        if self._front_end:
            self._front_end.reset()
        if self._compiled:
            self._compiled.reset()
        else:
            self._framer.reset()
            self._descriptors.reset()
        self._next_frame = 0
        self._ended = False

    def process(self, samples: ArrayLike) -> FrameBlock:
        """
        Take the next samples and return the rows they complete.

        :param samples: floating point, shape (S,), S >= 0, within [-1, 1] (pcm16 / 32767). What
            is NaN or infinite (or beyond 1e6) is replaced by 0 and counted.
        :raises ValueError: for integers or more than one dimension, and after `flush` without
            `reset`.
        """
        if self._ended:
            raise ValueError('the stream has ended: call reset() after flush()')
        samples = check_samples(samples)
        if self._compiled:
            block = FrameBlock(self._next_frame, self._compiled.process(samples))
            self._next_frame += len(block.values)
            return block
        samples, wrong = clean_samples(samples)
        self._nonfinite += wrong
        if self._front_end:
            samples = self._front_end.process(samples)
        return self._emit(self._rows(samples))

    def _rows(self, samples: np.ndarray) -> List[np.ndarray]:
        parts: List[np.ndarray] = []
        hop = self._set.hop_length
        longest = CHUNK_FRAMES * hop
        for start in range(0, max(samples.size, 1), longest):
            buffer, count = self._framer.push(samples[start:start + longest])
            if count:
                parts.append(self._descriptors.process(buffer, count))
        return parts

    def flush(self) -> FrameBlock:
        """Return the rows still owed, edges replicated; the stream is over until `reset`."""
        if self._ended:
            return self._emit([])
        self._ended = True
        parts = self._rows(self._front_end.flush()) if self._front_end else []
        return self._emit([*parts, (self._compiled or self._descriptors).flush()])

    def _emit(self, parts: List[np.ndarray]) -> FrameBlock:
        parts = [part for part in parts if len(part)]
        if not parts:
            values = np.empty((0, len(self._set.columns)))
        else:
            values = parts[0] if len(parts) == 1 else np.concatenate(parts)
        block = FrameBlock(self._next_frame, values)
        self._next_frame += len(values)
        return block


def extract(feature_set: Union[FeatureSet, str], samples: ArrayLike) -> np.ndarray:
    """
    Return all rows of a whole signal.

    :param feature_set: a `FeatureSet` or its name.
    :param samples: as for `StreamingExtractor.process`.
    :return: float64, shape (N, F), N = floor((S - window_length) / hop_length) + 1, or 0.
    """
    extractor = StreamingExtractor(feature_set)
    first = extractor.process(samples).values
    last = extractor.flush().values
    return np.concatenate((first, last)) if len(last) else first
