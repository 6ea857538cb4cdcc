# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Clips that stay on disk: a corpus of tens of hours does not fit into memory as samples."""

from pathlib import Path

from baby_cry_detector.audio.sources import SAMPLE_RATE
import numpy as np
import soundfile


class SamplesOnDisk:
    """
    Stands for a float32 array of a 16 kHz mono file; slices are read when they are asked for.

    :raises ValueError: if the file is of another rate or has several channels.
    :raises OSError: if it can't be read.
    """

    def __init__(self, file: Path):
        self._file = str(file)
        about = soundfile.info(self._file)
        if about.samplerate != SAMPLE_RATE or about.channels != 1:
            raise ValueError(f'expected 16 kHz mono, got {about.samplerate} Hz with '
                             f'{about.channels} channels')
        self._length = about.frames

    def __len__(self) -> int:
        """Return the number of samples."""
        return self._length

    def __getitem__(self, where: slice) -> np.ndarray:
        """Return float32 samples of a slice without a step."""
        start, stop, step = where.indices(self._length)
        if step != 1:
            raise ValueError('expected a slice without a step')
        if stop <= start:
            return np.zeros(0, np.float32)
        return soundfile.read(self._file, stop - start, start, dtype='float32')[0]


def stays_on_disk(file: Path, longer_than_s: float) -> bool:
    """Return whether a file is long, and can be read in pieces as it is."""
    try:
        about = soundfile.info(str(file))
    except (OSError, RuntimeError):
        return False
    return (about.samplerate == SAMPLE_RATE and about.channels == 1
            and about.frames > longer_than_s * SAMPLE_RATE)
