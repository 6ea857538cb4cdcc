# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How an episode sounds, in a few numbers, from descriptors that are computed anyway. Pure.

Means and deviations of the descriptors over the louder half of the episode's first half minute of
crying: no sound can be made from them, but a voice may be known by them, so they are for whoever
keeps them on this machine alone (`kept_voice`). Frames cost nothing: blocks of them are kept
until there are enough.
"""

from typing import Callable, List, NamedTuple, Optional

from baby_cry_detector.decision.episodes import Episode
from baby_cry_detector.features import FeatureSet
import numpy as np

# The first that is heard of an episode: what is believed of it is on record a minute after onset.
LONGEST_S, SHORTEST_S = 30.0, 1.0
VERSION = 1


class EpisodeSound(NamedTuple):
    """
    How an episode sounded.

    :ivar kind: what the values are; those of another kind can't be compared.
    :ivar values: float32, shape (D,), finite.
    """

    episode_id: str
    onset_ns: int
    kind: str
    values: np.ndarray


def columns_of(feature_set: FeatureSet) -> List[int]:
    """Return the columns that are described: no deltas, and of the spectrum MFCC alone."""
    return [number for number, name in enumerate(feature_set.columns)
            if '_de' not in name and '_diff' not in name and not name.startswith('cepstrum')]


def described(rows: np.ndarray, feature_set: FeatureSet) -> Optional[np.ndarray]:
    """
    Return how rows of an episode sound, shape (D,); ``None`` where there are too few.

    :param rows: descriptors, shape (N, F).
    """
    rows = np.asarray(rows)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) * feature_set.hop_length < SHORTEST_S * feature_set.sample_rate:
        return None
    if 'level' in feature_set.roles:
        level = rows[:, feature_set.index(feature_set.roles['level'])]
        rows = rows[level >= np.median(level)]
    chosen = rows[:, columns_of(feature_set)].astype(float)
    values = np.concatenate([chosen.mean(axis=0), chosen.std(axis=0)]).astype(np.float32)
    return values if np.isfinite(values).all() else None


class EpisodeSounds:
    """
    Follows one stream: rows and whether it cries → how each episode sounded, once.

    :param feature_set: of the rows.
    :param tell: called with each `EpisodeSound`, half a minute after it is heard to cry, or when
        it ends before.
    """

    def __init__(self, feature_set: FeatureSet, tell: Callable[[EpisodeSound], object]) -> None:
        self._feature_set, self._tell = feature_set, tell
        self._longest = round(LONGEST_S * feature_set.sample_rate / feature_set.hop_length)
        self._kind = f'{feature_set.id} {VERSION}'
        self._episode: Optional[Episode] = None
        self._blocks: List[np.ndarray] = []
        self._count = 0

    def hear(self, rows: np.ndarray, episode: Optional[Episode]) -> None:
        """
        Take rows, shape (n, F), and the episode that goes on after them, if one does.

        :param rows: they are kept, not copied: the caller makes new ones.
        """
        before = self._episode
        if before is not None and (episode is None or episode.episode_id != before.episode_id):
            self._finish()
        if episode is None:
            return
        if self._episode is None:
            self._episode, self._blocks, self._count = episode, [], 0
        if self._count < self._longest:
            self._blocks.append(rows[:self._longest - self._count])
            self._count += len(self._blocks[-1])
            if self._count >= self._longest:
                self._say()

    def _finish(self) -> None:
        if self._count < self._longest:
            self._say()
        self._episode = None

    def _say(self) -> None:
        episode, blocks, self._blocks = self._episode, self._blocks, []
        values = described(np.concatenate(blocks), self._feature_set) if blocks else None
        if episode is not None and values is not None:
            self._tell(EpisodeSound(episode.episode_id, episode.onset_ns, self._kind, values))

    def forget(self) -> None:
        """Forget the episode that goes on; nothing is told of it."""
        self._episode, self._blocks, self._count = None, [], 0
