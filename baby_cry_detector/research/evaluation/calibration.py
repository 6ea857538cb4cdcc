# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
From raw logits to probabilities whose threshold means something on unseen clips.

A network trained on chained crops is sure of itself; a threshold on its raw scores lies near 1,
where scores crowd. A shift and a temperature, fitted on out-of-fold clips alone, move the best
F1 threshold to about one half and make the clip score a probability. Both are monotone
per frame: they order frames as before.
"""

from dataclasses import asdict, dataclass
from typing import Dict, List, Sequence

from baby_cry_detector.model.checkpoint import Member
from baby_cry_detector.research.evaluation import clips as evaluation
from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.training.config import DecisionOptions
from baby_cry_detector.research.training.manifest import Clip, EMOTION
import numpy as np
from scipy.optimize import minimize


@dataclass(frozen=True)
class Calibration:
    """
    P(cry) of a frame = sigmoid((logit + shift) / temperature).

    :param threshold: clip scores from here on are cries.
    """

    shift: float = 0.0
    temperature: float = 1.0
    threshold: float = 0.5

    def probability(self, logit: np.ndarray) -> np.ndarray:
        """Return the calibrated probability of frame logits; NaN (no step yet) gives 0."""
        scaled = (np.nan_to_num(np.asarray(logit, float), nan=-1e3) + self.shift)
        return 1.0 / (1.0 + np.exp(-np.clip(scaled / self.temperature, -60, 60)))

    def to_dict(self) -> Dict[str, float]:
        """Return a JSON document."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Dict[str, float]) -> 'Calibration':
        """Return what `to_dict` wrote."""
        return cls(**document)


@dataclass(frozen=True)
class FoldCalibration:
    """
    Calibrations of a run with folds.

    :param of_fold: per fold, fitted on the clips of all OTHER folds.
    :param all_folds: fitted on all out-of-fold clips, for the detector trained on all data.
    """

    of_fold: Dict[int, Calibration]
    all_folds: Calibration


def smoothed_top_logit(probability: np.ndarray, smoothing_s: float) -> float:
    """Return the logit of a clip's score, kept within ±12."""
    score = np.clip(evaluation.score_clips([probability], smoothing_s)[0], 6e-6, 1 - 6e-6)
    return float(np.log(score / (1 - score)))


def fit(truth: np.ndarray, logits: Sequence[np.ndarray], options: DecisionOptions
        ) -> Calibration:
    """
    Return shift, temperature and threshold for clips.

    Shift and temperature minimise the cross-entropy of the clip score's logistic regression on
    the clips' top smoothed logits (Platt), classes weighted equally; the threshold is the best
    F1's, see `metrics.best_f1_threshold`.
    """
    plain = Calibration()
    tops = np.array([smoothed_top_logit(plain.probability(logit), options.smoothing_s)
                     for logit in logits])
    truth = np.asarray(truth, bool)
    weight = np.where(truth, 0.5 / max(1, truth.sum()), 0.5 / max(1, (~truth).sum()))

    def cost(x: np.ndarray) -> float:
        margin = (tops + x[0]) / np.exp(x[1]) * np.where(truth, 1.0, -1.0)
        return float((weight * np.logaddexp(0.0, -margin)).sum() + 1e-3 * x[1] ** 2)

    shift, log_temperature = minimize(cost, np.zeros(2), method='Nelder-Mead').x
    temperature = float(np.clip(np.exp(log_temperature), 0.5, 4.0))
    candidate = Calibration(float(np.clip(shift, -8, 8)), temperature)
    scores = evaluation.score_clips([candidate.probability(logit) for logit in logits],
                                    options.smoothing_s)
    threshold = metrics.best_f1_threshold(truth, scores, options.threshold_plateau)
    return Calibration(candidate.shift, temperature, float(np.clip(threshold, 0.05, 0.98)))


def fit_folds(clips: Sequence[Clip], logits: Sequence[Sequence[np.ndarray]], folds: np.ndarray,
              options: DecisionOptions) -> FoldCalibration:
    """
    Calibrate every fold on the others.

    :param logits: per network, per clip: out-of-fold frame logits; networks are averaged.
    """
    truth = np.array([clip.is_cry for clip in clips], bool)
    usable = np.array([clip.kind != EMOTION for clip in clips], bool)
    mean: List[np.ndarray] = [np.mean([row[index] for row in logits], axis=0)
                              for index in range(len(clips))]

    def fitted(chosen: np.ndarray) -> Calibration:
        rows = np.flatnonzero(chosen)
        return fit(truth[rows], [mean[row] for row in rows], options)

    of_fold = {int(fold): fitted(usable & (folds != fold)) for fold in np.unique(folds)}
    return FoldCalibration(of_fold, fitted(usable))


def shifted(member: Member, shift: float) -> Member:
    """Return a network whose cry logit is higher by ``shift``; its bias carries it."""
    arrays = dict(member.arrays)
    bias = np.array(arrays['label_head.bias'], np.float32)
    arrays['label_head.bias'] = bias + np.array([-shift / 2, shift / 2], np.float32)
    return Member(member.architecture, member.input_columns, member.mean, member.std, arrays)
