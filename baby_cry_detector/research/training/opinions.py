# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A second opinion on recordings, as softer targets to train on.

Between crying and fussing, one listener's yes is another's no. Where a manifest has a column
with somebody else's probability that a clip is a cry (a second listener's, another model's), a
network is trained towards a mixture of it and the label. Clips are always scored by their label.
"""

from dataclasses import replace
import hashlib
from typing import Callable, Optional, Sequence

from baby_cry_detector.research.training.config import DataOptions
from baby_cry_detector.research.training.feature_store import StreamFeatures
from baby_cry_detector.research.training.manifest import Clip, ManifestError
import numpy as np


def clip_targets(clips: Sequence[Clip], options: DataOptions,
                 say: Callable[[str], None] = lambda text: None) -> Optional[np.ndarray]:
    """
    Return what each clip is trained towards, float32 (n_clips,), None for the labels alone.

    Target = (1 - weight) * label + weight * opinion; the label where a clip has no opinion.
    Where no clip has one, ``say`` is told, since a manifest may well lack the column that
    somebody else's configuration names.

    :raises ManifestError: with one line per opinion that is no number from 0 to 1, or if the
        weight is not from 0 to 1.
    """
    if not options.opinion_column:
        return None
    targets = np.array([clip.is_cry for clip in clips], np.float32)
    problems, found = [], 0
    for index, clip in enumerate(clips):
        text = clip.extra.get(options.opinion_column, '').strip()
        if not text:
            continue
        try:
            opinion = float(text)
        except ValueError:
            opinion = float('nan')
        if not 0.0 <= opinion <= 1.0:
            problems.append(f'{clip.path}: {options.opinion_column} {text!r} is not a number '
                            'from 0 to 1')
            continue
        found += 1
        targets[index] += options.opinion_weight * (opinion - targets[index])
    if problems:
        raise ManifestError('\n'.join(problems))
    if not found:
        say(f'WARNING: no clip has a {options.opinion_column!r} (data.opinion_column): '
            'training on the labels alone')
        return None
    return targets


def with_targets(streams: StreamFeatures, targets: Optional[np.ndarray],
                 is_cry: Optional[np.ndarray] = None) -> StreamFeatures:
    """
    Return training streams whose frames have their clip's target.

    Silence keeps its 0, and so does what is marked as no cry within a clip of crying.

    :param is_cry: (n_clips,) boolean, the labels; without it no clip has such parts.
    """
    if targets is None:
        return streams
    clip, hard = np.asarray(streams.clip), np.asarray(streams.target)
    known = clip >= 0
    if is_cry is not None:
        known &= ~(is_cry[np.maximum(clip, 0)] & (hard == 0))
    soft = np.where(known, targets[np.maximum(clip, 0)], hard)
    return replace(streams, target=soft.astype(np.float32))


def targets_digest(targets: np.ndarray) -> str:
    """Return a SHA-256 that names the targets."""
    return hashlib.sha256(np.ascontiguousarray(targets, '<f4').tobytes()).hexdigest()
