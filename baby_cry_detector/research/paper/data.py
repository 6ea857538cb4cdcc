# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Recordings, classes and frames of a comparison.

Data sets: EmoDB (the open stand-in for FAU Aibo and CASIA), the reasons of donateacry, or any
manifest with a label per clip. Groups (speakers, phones) never stand on both sides of a split.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple
import zlib

from baby_cry_detector.research.corpus.layouts import ADAPTERS, EMODB_EMOTIONS
from baby_cry_detector.research.paper.settings import EMOTION, NEEDS, Preset
from baby_cry_detector.research.training.feature_store import FeatureStore, no_progress, Progress
from baby_cry_detector.research.training.manifest import (Clip, CRY, DATA_DIR_VARIABLE,
                                                          default_data_dir)
from baby_cry_detector.research.training.manifest import EMOTION as EMOTION_KIND
from baby_cry_detector.research.training.manifest import leaking_groups, load_clips, ManifestError
import numpy as np

#: The reasons that donateacry has enough of to be told apart at all.
DONATEACRY_NEEDS = ('hungry', 'tired', 'discomfort', 'belly_pain', 'burping')
CORPORA: Dict[str, Callable[[Clip], bool]] = {
    'emodb': lambda clip: (clip.source.lower() == 'emodb'
                           and clip.label in EMODB_EMOTIONS.values()),
    'donateacry': lambda clip: (clip.source.startswith('donateacry') and clip.kind == CRY
                                and clip.label in DONATEACRY_NEEDS),
}
SAMPLES_PER_FRAME = 160
#: Frames that the training folds' statistics count as in a speaker's running ones: 5 s.
PRIOR_FRAMES = 500


@dataclass
class PaperData:
    """
    What the networks are trained and scored on.

    :param kind: `NEEDS` or `EMOTION`, the column of Table 1.
    :param labels: names of the classes. :param truth: (n,) class of each clip.
    :param groups: (n,) speaker or phone. :param folds: (n,)
    :param frames: one float32 array (n_frames, F) per clip.
    """

    name: str
    kind: str
    clips: List[Clip]
    labels: Tuple[str, ...]
    truth: np.ndarray
    groups: np.ndarray
    folds: np.ndarray
    frames: List[np.ndarray]
    feature_set: str
    columns: Tuple[str, ...]
    digest: str

    @property
    def fold_numbers(self) -> List[int]:
        """Return the folds that there are."""
        return sorted(int(fold) for fold in set(self.folds))


def choose_clips(dataset: str, data_dir: Optional[Path]) -> List[Clip]:
    """
    Return the clips of ``emodb``, ``donateacry`` or a manifest.

    :param data_dir: a folder with a ``manifest.csv`` that names its sources, or the corpus
        as it is distributed; the folder that ``BABY_CRY_DATA_DIR`` names where None.
    :raises ManifestError: if there are none, or too few classes or folds, or groups leak.
    """
    if dataset not in CORPORA:
        clips = load_clips(Path(dataset) if data_dir is None else Path(data_dir) / dataset,
                           is_strict=False)
    else:
        root = data_dir or default_data_dir()
        if root is None:
            raise ManifestError(f'no recordings: give --data, or set {DATA_DIR_VARIABLE}')
        root = Path(root)
        if not root.is_dir():
            raise ManifestError(f'{root}: no such folder')
        if (root / 'manifest.csv').is_file():
            clips = [clip for clip in load_clips(root) if CORPORA[dataset](clip)]
        else:
            clips = _adapted(dataset, root)
        if not clips:
            raise ManifestError(f'{root}: holds no recording of {dataset}')
    leaks = leaking_groups(clips)
    if leaks:
        raise ManifestError(f'{len(leaks)} groups lie in more than one fold, first '
                            f'{", ".join(leaks[:5])}: scores would be too good')
    if len({clip.label for clip in clips}) < 2 or len({clip.fold for clip in clips}) < 2:
        raise ManifestError(f'{dataset}: expected at least two labels and two folds (of groups '
                            'that share no fold)')
    return clips


def _adapted(dataset: str, root: Path) -> List[Clip]:
    found = ADAPTERS[dataset](root)
    if found.problems:
        raise ManifestError('\n'.join(found.problems) + f'\nput right, or run "baby-cry manifest '
                            f'{dataset} {root} --skip-wrong --out FILE.csv" and give FILE.csv '
                            'as --dataset')
    clips = [Clip(row['path'], root / row['path'], row['label'], row['group'], int(row['fold']),
                  row['kind'], {'source': row['source']}) for row in found.rows]
    return [clip for clip in clips if CORPORA[dataset](clip)]


def load_data(dataset: str, data_dir: Optional[Path], feature_set: str,
              cache_dir: Optional[Path], progress: Progress = no_progress) -> PaperData:
    """
    Return clips and whole-clip frames, features from the cache where it has them.

    :raises ManifestError: on data that can't be used, with one line per piece.
    """
    clips = choose_clips(dataset, data_dir)
    store = FeatureStore(clips, feature_set, cache_dir, progress)
    features = store.clip_features()
    frames = [np.asarray(features.of(index)) for index in range(len(clips))]
    empty = [clip.path for clip, values in zip(clips, frames) if not len(values)]
    if empty:
        raise ManifestError('\n'.join(f'{path}: shorter than one frame' for path in empty))
    labels = tuple(sorted({clip.label for clip in clips}))
    kind = EMOTION if all(clip.kind == EMOTION_KIND for clip in clips) else NEEDS
    name = dataset if dataset in CORPORA else Path(dataset).stem
    return PaperData(
        name, kind, clips, labels, np.array([labels.index(clip.label) for clip in clips]),
        np.array([clip.group for clip in clips]), np.array([clip.fold for clip in clips]),
        frames, store.feature_set.id, store.columns, store.data_digest)


def cut_clips(frames: Sequence[np.ndarray], samples_of: Callable[[int], np.ndarray],
              max_clip_s: float) -> List[np.ndarray]:
    """
    Return the loudest ``max_clip_s`` of each clip that is longer.

    :param samples_of: returns the samples of a clip, by its index.
    """
    if max_clip_s <= 0:
        return list(frames)
    longest = round(max_clip_s * 100)
    result = []
    for index, values in enumerate(frames):
        if len(values) > longest:
            samples = np.asarray(samples_of(index), float)
            samples = samples[:len(samples) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME]
            energy = (samples.reshape(-1, SAMPLES_PER_FRAME) ** 2).sum(1)[:len(values)]
            total = np.concatenate([[0.0], np.cumsum(energy)])
            start = int(np.argmax(total[longest:] - total[:-longest]))
            values = values[start:start + longest]
        result.append(values)
    return result


def normalise(data: PaperData, frames: Sequence[np.ndarray], left_out: int,
              how: str) -> List[np.ndarray]:
    """
    Return every clip's normalised frames; nothing is learnt from the fold ``left_out``.

    ``training``: mean and deviation of the other folds' frames. ``speaker``: those of the
    group's own frames so far, its clips in an order that knows no class (a hash of their path),
    the training folds' statistics counting as `PRIOR_FRAMES`. Causal: a robot could do it.

    :param how: ``training`` or ``speaker``.
    """
    total, squares, count = 0.0, 0.0, 0
    for values, fold in zip(frames, data.folds):
        if fold != left_out:
            wide = values.astype(np.float64)
            total, squares = total + wide.sum(0), squares + (wide * wide).sum(0)
            count += len(wide)
    mean = total / count
    variance = np.maximum(squares / count - mean * mean, 0.0)
    variance[variance < 1e-12] = 1.0
    if how == 'training':
        return [((values - mean) / np.sqrt(variance)).astype(np.float32) for values in frames]
    result: List[np.ndarray] = [np.zeros(0, np.float32)] * len(frames)
    for group in np.unique(data.groups):
        inside = sorted(np.flatnonzero(data.groups == group).tolist(),
                        key=lambda index: zlib.crc32(data.clips[index].path.encode()))
        # Scaled by the training statistics first, which keeps the squares exact enough.
        scaled = np.concatenate([(frames[index] - mean) / np.sqrt(variance) for index in inside])
        heard = PRIOR_FRAMES + np.arange(1, len(scaled) + 1)[:, None]
        running = np.cumsum(scaled, 0) / heard
        spread = (PRIOR_FRAMES + np.cumsum(scaled * scaled, 0)) / heard - running ** 2
        values = ((scaled - running) / np.sqrt(np.maximum(spread, 1e-4))).astype(np.float32)
        ends = np.cumsum([len(frames[index]) for index in inside])
        for index, part in zip(inside, np.split(values, ends[:-1])):
            result[index] = part
    return result


def cut_for(data: PaperData, preset: Preset) -> List[np.ndarray]:
    """Return the frames that a preset trains on."""
    from baby_cry_detector.audio.sources import read_audio
    return cut_clips(data.frames, lambda index: read_audio(data.clips[index].file),
                     preset.max_clip_s)
