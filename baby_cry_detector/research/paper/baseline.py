# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The statistical rival: functionals of the whole clip and a linear support-vector machine.

On IS09 these are the 384 values of the INTERSPEECH 2009 Emotion Challenge. scikit-learn is
optional: only this needs it.
"""

from typing import Dict, List, Sequence

from baby_cry_detector.features.functionals import FUNCTIONALS, functionals
from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.paper.data import PaperData
import numpy as np

#: Costs of the machine; chosen within the training folds, by their own folds.
COSTS = (1e-4, 1e-3, 1e-2, 1e-1)


class NoScikitLearn(ImportError):
    """scikit-learn is missing; the message says how to get it."""


def run_baseline(data: PaperData, frames_of_fold) -> Dict:
    """
    Return what a linear SVM on functionals answers, each fold from the others.

    Classes weigh alike. The cost is the one with the best UAR when every training fold is
    answered from the other training folds.

    :param frames_of_fold: takes a fold, returns every clip's frames, normalised without it.
    :raises NoScikitLearn: if it is not installed.
    """
    try:
        from sklearn.svm import SVC
    except ImportError as error:
        raise NoScikitLearn('the statistical baseline needs scikit-learn: apt install '
                            'python3-sklearn, or pip install baby_cry_detector[baseline]'
                            ) from error

    def answers(rows: np.ndarray, learn: np.ndarray, ask: np.ndarray, cost: float) -> np.ndarray:
        if len(set(data.truth[learn])) < 2:
            return np.full(len(ask), data.truth[learn][0])
        mean, std = rows[learn].mean(0), rows[learn].std(0)
        scaled = (rows - mean) / np.where(std > 1e-9, std, 1.0)
        machine = SVC(kernel='linear', C=cost, class_weight='balanced')
        return machine.fit(scaled[learn], data.truth[learn]).predict(scaled[ask])

    clips: List[int] = []
    decided: List[int] = []
    costs = []
    for fold in data.fold_numbers:
        rows = statistics(frames_of_fold(fold))
        inside = np.flatnonzero(data.folds != fold)
        best = (-1.0, COSTS[0])
        for cost in COSTS:
            inner = np.zeros(len(data.truth), int)
            for held in set(data.folds[inside]):
                learn = inside[data.folds[inside] != held]
                ask = inside[data.folds[inside] == held]
                if not len(learn):      # two folds in all: nothing to choose by
                    learn = ask
                inner[ask] = answers(rows, learn, ask, cost)
            uar = metrics.unweighted_recall(metrics.confusion_matrix(
                data.truth[inside], inner[inside], len(data.labels)))
            best = max(best, (uar, cost), key=lambda item: item[0])
        costs.append(best[1])
        ask = np.flatnonzero(data.folds == fold)
        clips += [int(index) for index in ask]
        decided += [int(label) for label in answers(rows, inside, ask, best[1])]
    return {'model': 'svm', 'n_values': len(data.columns) * len(FUNCTIONALS), 'costs': costs,
            'clips': clips, 'decided': decided}


def statistics(frames: Sequence[np.ndarray]) -> np.ndarray:
    """Return the functionals of every clip, (n_clips, 12 F)."""
    return np.stack([functionals(values.astype(np.float64)) for values in frames])
