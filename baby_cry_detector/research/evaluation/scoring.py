# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Scores of clips by the streaming extractor and runtime: exactly what a robot would answer."""

from typing import List, Sequence, Tuple

from baby_cry_detector.audio.formats import from_pcm16
from baby_cry_detector.audio.sources import FileSource
from baby_cry_detector.features import extract, FeatureSet, StreamingExtractor
from baby_cry_detector.model.checkpoint import Checkpoint
from baby_cry_detector.model.runtime import make_runtime
from baby_cry_detector.research.evaluation.clips import ClipScores, onset_delay_s, score_clips
from baby_cry_detector.research.training.chains import (first_sound_of_levels_s, frame_level_db,
                                                        HOP_LENGTH)
from baby_cry_detector.research.training.feature_store import no_progress, Progress
from baby_cry_detector.research.training.manifest import Clip, ManifestError
import numpy as np


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
        try:
            probability, level_db = _heard(clip.file, feature_set, runtime)
        except (OSError, ValueError, RuntimeError) as error:
            problems.append(f'{clip.path}: {error}')
            continue
        scores.append(score_clips([probability], checkpoint.smoothing_s)[0])
        delays.append(onset_delay_s(probability, checkpoint.enter_threshold,
                                    checkpoint.smoothing_s, first_sound_of_levels_s(level_db),
                                    feature_set.lookahead_s))
        progress('scoring', number + 1, len(clips))
    if problems:
        raise ManifestError('\n'.join(problems))
    return ClipScores(np.array(scores), np.full(len(scores), checkpoint.enter_threshold),
                      np.array(delays))


def _heard(file, feature_set: FeatureSet, runtime) -> Tuple[np.ndarray, np.ndarray]:
    """Return P(cry) and the level of every frame; the recording is never held in memory."""
    extractor = StreamingExtractor(feature_set)
    probabilities, levels, rest = [], [], np.zeros(0)
    for block in FileSource(file, feature_set.sample_rate, block_duration_s=10.0):
        samples = from_pcm16(block.pcm)
        frames = extractor.process(samples).values
        probabilities.append(runtime.process(frames.astype(np.float32))[0])
        rest = np.concatenate((rest, samples))
        levels.append(frame_level_db(rest))
        rest = rest[len(levels[-1]) * HOP_LENGTH:]
    frames = extractor.flush().values
    probabilities.append(runtime.process(frames.astype(np.float32))[0])
    return np.concatenate(probabilities), np.concatenate(levels)


def probabilities_of_stream(checkpoint: Checkpoint, samples: np.ndarray) -> np.ndarray:
    """Return P(cry) of every frame of one long stream, float32 (n_frames,)."""
    feature_set = FeatureSet.from_dict(checkpoint.feature_set)
    runtime = make_runtime(checkpoint)
    parts: List[np.ndarray] = []
    frames = extract(feature_set, samples).astype(np.float32)
    for start in range(0, len(frames), 10000):
        parts.append(runtime.process(frames[start:start + 10000])[0])
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
