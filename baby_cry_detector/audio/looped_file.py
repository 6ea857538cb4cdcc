# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A recording as an endless sound: decoded as it goes, its end cross-faded into its beginning."""

import os
from typing import Iterator, Union

from baby_cry_detector.audio import AudioSourceError, FileSource, from_pcm16
from baby_cry_detector.audio.ffmpeg import open_recording
import numpy as np

JOINT_S = 0.1                  # of the cross-fade where the recording begins again


def looped(path: Union[str, 'os.PathLike[str]'], sample_rate: int,
           joint_s: float = JOINT_S) -> Iterator[np.ndarray]:
    """
    Yield a recording over and over in pieces ``(n,)`` float64; it is never held in memory.

    At the joint the end and the beginning are mixed with equal power, so that neither a step nor
    a gap is heard; each round is shorter than the recording by that.

    :param path: WAV, FLAC, OGG …
    :param sample_rate: of what is yielded, in Hz.
    :raises AudioSourceError: if the file is missing or cannot be decoded, at once; or during
        iteration if it turns out to be damaged further on.
    """
    source = open_recording(path, sample_rate, 0.1)
    return _rounds(source, max(1, round(joint_s * sample_rate)))


def _rounds(source: FileSource, joint: int) -> Iterator[np.ndarray]:
    tail = np.zeros(0)         # end of the round before, to be mixed into the next
    while True:
        held, is_short = np.zeros(0), True
        for block in source:
            held = np.concatenate((held, from_pcm16(block.pcm)))
            if held.size > 3 * joint:
                if tail.size:
                    held, tail = _joined(tail, held), np.zeros(0)
                yield held[:-joint]
                held, is_short = held[-joint:], False
        if not held.size:
            raise AudioSourceError(f'{source.path}: holds no samples any more')
        if is_short:
            yield from _short(held)
        tail = held


def _short(whole: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a recording for ever that is shorter than three joints."""
    joint = whole.size // 4
    yield whole[:whole.size - joint]
    tail = whole[whole.size - joint:]
    again = _joined(tail, whole)[:whole.size - joint]
    while True:
        yield again.copy()


def _joined(tail: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Return ``head`` with ``tail`` faded out over its beginning."""
    head = head.copy()
    phase = (np.arange(tail.size) + 0.5) / tail.size * np.pi / 2
    head[:tail.size] = tail * np.cos(phase) + head[:tail.size] * np.sin(phase)
    return head
