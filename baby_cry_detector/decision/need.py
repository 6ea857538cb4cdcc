# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the baby may need, or that it cannot be heard.

The reason of a cry cannot be heard reliably across babies. So a need is named only when what
was heard in this episode makes it likely enough *and* clearly likelier than before listening:
a model that repeats its training labels' frequencies says nothing, and gets UNKNOWN.
"""

import math
from typing import Dict, Iterable, NamedTuple, Optional, Sequence

from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.needs import Need
import numpy as np

_NEEDS: Dict[str, Need] = {need.name.lower(): need for need in Need}
_NEEDS.update({'belly_pain': Need.PAIN, 'anger': Need.ANGRY, 'sadness': Need.SAD,
               'hunger': Need.HUNGRY})
_SMALLEST = 1e-6               # of a probability, within a logarithm


def need_code(label: str) -> Need:
    """
    Return the need constant of a label of the model, for example ``belly_pain`` is PAIN.

    A label that has no constant of its own is UNKNOWN; its text stays among the labels.
    """
    return _NEEDS.get(label.strip().lower().replace(' ', '_').replace('-', '_'), Need.UNKNOWN)


class NeedAnswer(NamedTuple):
    """
    What can be said about the need.

    :param need: NONE when not crying.
    :param label: the model's label behind ``need``; '' for UNKNOWN and NONE.
    :param confidence: calibrated probability of that label; 0 where none is named.
    :param probabilities: ``(K,)`` of the model's needs, given that it cries; they add up to 1.
    """

    need: Need
    label: str
    confidence: float
    probabilities: np.ndarray


class NeedDecider:
    """
    Collect evidence over an episode.

    Evidence is the mean over the crying of ``log(p / prior)``: a mean, since the frames of
    one cry are far from independent; calibrated by a temperature from the checkpoint.

    :param labels: the model's needs, K of them; may be empty.
    :param priors: their frequencies in training, any scale; ``None``: all the same.
    :param temperature: the evidence is divided by it, above 0.
    :param settings: what it takes to name a need.
    :param least_confidence: that the model itself asks for, 0 to 1; 1: it never names one.
    :param step_s: time that one step stands for.
    """

    def __init__(self, labels: Sequence[str] = (), priors: Optional[Sequence[float]] = None,
                 temperature: float = 1.0, settings: DecisionSettings = DecisionSettings(),
                 step_s: float = 0.01, least_confidence: float = 0.0) -> None:
        self.labels = tuple(labels)
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f'expected different labels, got {", ".join(self.labels)}')
        count = len(self.labels)
        shares = np.full(count, 1.0) if priors is None else np.array(priors, dtype=np.float64)
        if shares.shape != (count,) or not (np.isfinite(shares) & (shares > 0)).all():
            raise ValueError(f'expected {count} priors above 0, got {shares.tolist()}')
        if not (temperature > 0 and math.isfinite(temperature)):
            raise ValueError(f'expected a temperature above 0, got {temperature!r}')
        self.priors: np.ndarray = shares / shares.sum() if count else shares
        self._log_priors = np.log(self.priors)
        self._temperature = float(temperature)
        self._step_s = step_s
        self._least_confidence = float(least_confidence)
        self.configure(settings)
        self.reset()

    def configure(self, settings: DecisionSettings) -> None:
        """Take other settings, from now on."""
        self._settings = settings

    def reset(self) -> None:
        """Forget the evidence, at the beginning of an episode."""
        self._ratios = np.zeros(len(self.labels))      # sum of weight * log(p / prior)
        self._weight = 0.0

    @property
    def heard_s(self) -> float:
        """Return how much crying the evidence comes from."""
        return self._weight * self._step_s

    def update(self, probabilities: Iterable[float], weight: float) -> None:
        """
        Take one step of the crying.

        :param probabilities: ``(K,)`` of the needs, given that it cries; any scale. What is not
            a probability (NaN, negative, all 0) is no evidence.
        :param weight: probability that this step is crying, 0 to 1.
        :raises ValueError: if there are not K of them.
        """
        values = np.asarray(probabilities, dtype=np.float64)
        if values.shape != (len(self.labels),):
            raise ValueError(f'expected {len(self.labels)} need probabilities, '
                             f'got shape {values.shape}')
        total = values.sum()
        if not (values.size and 0 < total < math.inf and values.min() >= 0 and weight > 0):
            return
        weight = min(1.0, float(weight))
        ratios = np.log(np.maximum(values / total, _SMALLEST)) - self._log_priors
        self._ratios += weight * ratios
        self._weight += weight

    def posterior(self) -> np.ndarray:
        """Return the calibrated probabilities ``(K,)``; the priors without evidence."""
        if not self._weight:
            return np.array(self.priors)
        logits = self._log_priors + self._ratios / self._weight / self._temperature
        powers: np.ndarray = np.exp(logits - logits.max())
        shares: np.ndarray = powers / powers.sum()
        return shares

    def answer(self, crying: bool) -> NeedAnswer:
        """Return what can be said now."""
        if not crying:
            return NeedAnswer(Need.NONE, '', 0.0, self.priors.copy())
        posterior = self.posterior()
        unknown = NeedAnswer(Need.UNKNOWN, '', 0.0, posterior)
        settings = self._settings
        if not self._weight or self.heard_s < settings.need_min_cry_s - 1e-9:
            return unknown
        best = int(posterior.argmax())
        confidence = float(posterior[best])
        if self._least_confidence >= 1.0 or confidence < max(
                self._least_confidence, settings.need_min_confidence):
            return unknown
        if _odds(confidence) < settings.need_min_odds_ratio * _odds(float(self.priors[best])) \
                or confidence <= self.priors[best]:
            return unknown
        code = need_code(self.labels[best])
        if code in (Need.UNKNOWN, Need.NONE):
            return unknown
        return NeedAnswer(code, self.labels[best], confidence, posterior)


def _odds(probability: float) -> float:
    return probability / (1.0 - probability) if probability < 1.0 else math.inf
