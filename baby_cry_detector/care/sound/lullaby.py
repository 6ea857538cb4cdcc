# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A lullaby on a music box: Johannes Brahms, Wiegenlied op. 49 no. 4 (1868).

The melody is in the public domain. The notes are high above a baby's voice, each is struck and
dies away at a steady pitch with next to no overtones: nothing in it glides, breathes or is rough.
Two octaves lower it provoked false cries, three octaves lower it hid real ones.
"""

from typing import Iterator

import numpy as np

BEATS_A_MINUTE = 66.0
#: (pitch in semitones above the keynote, beats); None is a rest. Three beats a bar, with upbeat.
MELODY = (
    (4, 0.5), (4, 0.5),
    (7, 2.0), (4, 0.5), (4, 0.5),
    (7, 2.0), (4, 0.5), (7, 0.5),
    (12, 1.0), (11, 1.5), (9, 0.5),
    (9, 1.0), (7, 1.0), (2, 0.5), (4, 0.5),
    (5, 1.0), (2, 1.0), (2, 0.5), (4, 0.5),
    (5, 2.0), (2, 0.5), (5, 0.5),
    (11, 0.5), (9, 0.5), (7, 1.0), (11, 1.0),
    (12, 2.0), (0, 0.5), (0, 0.5),
    (12, 2.0), (9, 0.5), (5, 0.5),
    (7, 2.0), (4, 0.5), (0, 0.5),
    (5, 1.0), (7, 1.0), (9, 1.0),
    (7, 2.0), (0, 0.5), (0, 0.5),
    (12, 2.0), (9, 0.5), (5, 0.5),
    (7, 2.0), (4, 0.5), (0, 0.5),
    (5, 1.0), (4, 1.0), (2, 1.0),
    (0, 2.0), (None, 3.0),
)
KEYNOTE_HZ = 1046.5            # C6: a music box, two octaves above a baby's voice
DECAY_S = 0.5
RING_S = 2.5                   # how long a note is heard after it was struck
OVERTONES = (1.0, 0.05)


def _note(sample_rate: int, hertz: float) -> np.ndarray:
    time_s = np.arange(round(RING_S * sample_rate)) / sample_rate
    attack = np.sin(0.5 * np.pi * np.minimum(time_s / 0.04, 1.0)) ** 2
    release = np.sin(0.5 * np.pi * np.clip((RING_S - time_s) / 0.5, 0.0, 1.0)) ** 2
    note: np.ndarray = attack * release * np.exp(-time_s / DECAY_S) * sum(
        gain * np.sin(2 * np.pi * hertz * (k + 1) * time_s) for k, gain in enumerate(OVERTONES))
    return note


def lullaby(sample_rate: int) -> Iterator[np.ndarray]:
    """
    Yield the lullaby over and over, a note at a time; what still rings rings into the next.

    :param sample_rate: in Hz.
    """
    beat_s = 60.0 / BEATS_A_MINUTE
    notes = {pitch: _note(sample_rate, KEYNOTE_HZ * 2.0 ** (pitch / 12.0))
             for pitch, _ in MELODY if pitch is not None}
    ringing = np.zeros(round(RING_S * sample_rate))
    while True:
        for pitch, beats in MELODY:
            if pitch is not None:
                ringing += notes[pitch]
            count = round(beats * beat_s * sample_rate)
            if count > ringing.size:
                yield np.concatenate((ringing, np.zeros(count - ringing.size)))
                ringing = np.zeros(ringing.size)
                continue
            yield ringing[:count].copy()
            ringing = np.concatenate((ringing[count:], np.zeros(count)))
