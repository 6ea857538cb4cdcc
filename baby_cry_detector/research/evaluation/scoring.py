# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Scores of clips by the streaming extractor and runtime: exactly what a robot would answer."""

from typing import List, Optional, Sequence

from baby_cry_detector.audio.ffmpeg import open_recording
from baby_cry_detector.audio.formats import from_pcm16
from baby_cry_detector.decision.smoothing import causal_mean, window_length
from baby_cry_detector.features import extract, FeatureSet, StreamingExtractor
from baby_cry_detector.model.checkpoint import Checkpoint
from baby_cry_detector.model.runtime import make_runtime
from baby_cry_detector.research.evaluation.clips import ClipScores, FRAME_STEP_S
from baby_cry_detector.research.training.chains import (first_sound_of_levels_s, frame_level_db,
                                                        FRAMES_PER_S, HOP_LENGTH)
from baby_cry_detector.research.training.feature_store import no_progress, Progress
from baby_cry_detector.research.training.manifest import Clip, ManifestError
import numpy as np

LEVEL_FRAMES = 3600 * FRAMES_PER_S     # an onset is looked for in the first hour, in 3 MB


def score_with_checkpoint(checkpoint: Checkpoint, clips: Sequence[Clip],
                          progress: Progress = no_progress) -> ClipScores:
    """
    Return score, threshold and onset delay of each clip, each from a fresh state.

    :raises ManifestError: with one line per file that cannot be read.
    """
    feature_set = FeatureSet.from_dict(checkpoint.feature_set)
    runtime = make_runtime(checkpoint)
    scores, delays, problems = [], [], []
    for number, clip in enumerate(clips):
        runtime.reset()
        heard = ClipScore(checkpoint.smoothing_s, checkpoint.enter_threshold)
        try:
            _score(clip.file, feature_set, runtime, heard)
        except (OSError, ValueError, RuntimeError) as error:
            problems.append(f'{clip.path}: {error}')
            continue
        scores.append(heard.score)
        delays.append(heard.delay_s(feature_set.lookahead_s))
        progress('scoring', number + 1, len(clips))
    if problems:
        raise ManifestError('\n'.join(problems))
    return ClipScores(np.array(scores), np.full(len(scores), checkpoint.enter_threshold),
                      np.array(delays))


class ClipScore:
    """
    Score and onset delay of a recording of any length, part by part.

    :param smoothing_s: length of the mean whose maximum is the score.
    :param threshold: at which it is detected.
    :ivar score: 0 to 1, of what has been heard; 0 before anything.
    """

    def __init__(self, smoothing_s: float, threshold: float):
        self.score = 0.0
        self._threshold = threshold
        self._length = window_length(smoothing_s, FRAME_STEP_S)
        self._newest = np.zeros(0)             # probabilities that means to come still hold
        self._frames = 0
        self._first: Optional[int] = None      # frame at which it is detected
        self._levels: List[np.ndarray] = []
        self._levels_left = LEVEL_FRAMES

    def add(self, probability: np.ndarray, level_db: np.ndarray) -> None:
        """Take P(cry) and levels of the next frames, ``(n,)`` and ``(m,)``."""
        values = np.concatenate((self._newest, probability))
        means = causal_mean(values, self._length)[len(self._newest):]
        self._newest = values[max(0, len(values) - self._length + 1):]
        if len(means):
            self.score = max(self.score, float(means.max()))
            above = np.flatnonzero(means >= self._threshold)
            if self._first is None and len(above):
                self._first = self._frames + int(above[0])
        self._frames += len(means)
        level_db = level_db[:self._levels_left]
        self._levels_left -= len(level_db)
        if len(level_db):
            self._levels.append(level_db)

    def delay_s(self, lookahead_s: float) -> float:
        """
        Return from the first hour's first loud sound to the detection; NaN if there is none.

        :param lookahead_s: from a frame's first sample until its row is known.
        """
        if self._first is None:
            return float('nan')
        levels = np.concatenate(self._levels) if self._levels else np.zeros(0)
        heard_s = self._first * FRAME_STEP_S + lookahead_s
        return max(0.0, float(heard_s - first_sound_of_levels_s(levels)))


def _score(file, feature_set: FeatureSet, runtime, heard: ClipScore) -> None:
    """Give P(cry) and the level of every frame; the recording is never held in memory."""
    extractor = StreamingExtractor(feature_set)
    rest = np.zeros(0)
    for block in open_recording(file, feature_set.sample_rate, 10.0):
        samples = from_pcm16(block.pcm)
        frames = extractor.process(samples).values
        rest = np.concatenate((rest, samples))
        levels = frame_level_db(rest)
        rest = rest[len(levels) * HOP_LENGTH:]
        heard.add(runtime.process(frames.astype(np.float32))[0], levels)
    frames = extractor.flush().values
    heard.add(runtime.process(frames.astype(np.float32))[0], np.zeros(0))


def probabilities_of_stream(checkpoint: Checkpoint, samples: np.ndarray) -> np.ndarray:
    """Return P(cry) of every frame of one long stream, float32 (n_frames,)."""
    feature_set = FeatureSet.from_dict(checkpoint.feature_set)
    runtime = make_runtime(checkpoint)
    parts: List[np.ndarray] = []
    frames = extract(feature_set, samples).astype(np.float32)
    for start in range(0, len(frames), 10000):
        parts.append(runtime.process(frames[start:start + 10000])[0])
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
