# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Clicks of a loose plug or of lost words, and a converter that is driven against its end.

A click is a sample or two, loud, with nothing beside it: what reached the converter as sound rings
for longer. Of 2513 recordings, as they are and clipped by up to 24 dB, none has one a second.
"""

from typing import Tuple

from baby_cry_detector.audio.formats import PCM16_SCALE
import numpy as np

LOUD, REST = 0.5, 0.1                  # a click's sample at least; beside it, at most
WIDEST, BESIDE = 3, 12                 # samples of it; and on each side
MOST_SHARE = 8                         # of the samples: one in so many; more is no click
RAIL = 32_000 / PCM16_SCALE
# What a converter gives at its end for longer is below 60 Hz: in a cry, however far it is clipped,
# that is less than 0.01 of it.
DRIVEN_S = 0.008


def count_clicks(samples: np.ndarray) -> Tuple[int, float]:
    """
    Return how many clicks there are, and the power of what is left without them.

    :param samples: ``(n,)``, 1.0 is full scale.
    """
    level = np.abs(samples)
    loud = np.flatnonzero(level > LOUD)
    quiet = samples[level <= REST]
    if not len(loud) or len(loud) * MOST_SHARE > len(samples):
        return 0, 1.0
    parts = np.flatnonzero(np.diff(loud) > WIDEST)
    starts = loud[np.concatenate(([0], parts + 1))]
    ends = loud[np.concatenate((parts, [len(loud) - 1]))] + 1
    inside = ((ends - starts <= WIDEST) & (starts >= BESIDE) & (ends + BESIDE <= len(samples)))
    beside = np.arange(1, BESIDE + 1)[2:]
    alone = ((level[starts[inside, None] - beside] <= REST).all(axis=1)
             & (level[ends[inside, None] - 1 + beside] <= REST).all(axis=1))
    return int(alone.sum()), float(np.var(quiet)) if len(quiet) else 1.0


def driven_share(samples: np.ndarray, sample_rate: int) -> float:
    """
    Return for which share of the time the converter stands at its end, 0 to 1.

    :param samples: ``(n,)``, 1.0 is full scale.
    """
    ends = np.where(np.abs(samples) >= RAIL, np.sign(samples), 0.0)
    changes = np.concatenate(([0], np.flatnonzero(np.diff(ends)) + 1, [len(samples)]))
    lengths = np.diff(changes)
    long = (ends[changes[:-1]] != 0.0) & (lengths >= DRIVEN_S * sample_rate)
    return float(lengths[long].sum()) / len(samples)
