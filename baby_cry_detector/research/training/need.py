# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The need head: what the hidden state of the detector says about the reason of a cry.

The detector stays as it is; a linear layer on its last hidden state is fitted to the clips whose
reason is known: softmax(log prior + s (W (h - mean h) + b)). The scale s in [0, 1] is fitted on
babies that W has not seen. Where the reason cannot be heard across babies, s goes to 0, the
answer is the prior whatever is heard, and the decision, which asks for evidence beyond the prior,
abstains.
"""

from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import Member
from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.model.network import CryNetwork
from baby_cry_detector.research.training import loop
import numpy as np
from scipy.optimize import minimize, minimize_scalar
import torch

#: Hidden states count where the cry probability is at least this.
CRY_PROBABILITY = 0.5
RIDGE = 1.0


@dataclass
class NeedHead:
    """
    A linear head on standardised hidden states.

    :param weight: (n_needs, H). :param bias: (n_needs,), without the log prior.
    :param mean: (H,) of the hidden states. :param std: (H,)
    """

    weight: np.ndarray
    bias: np.ndarray
    mean: np.ndarray
    std: np.ndarray

    def evidence(self, hidden: np.ndarray) -> np.ndarray:
        """Return the evidence beyond the prior, (n, n_needs) for hidden (n, H)."""
        return (hidden - self.mean) / self.std @ self.weight.T + self.bias


@dataclass
class NeedResult:
    """
    What was learnt about needs, honestly.

    :param scale: s. :param threshold: confidence from which a need is answered; 1 = never.
    :param figures: JSON document for provenance and model card.
    """

    priors: np.ndarray
    scale: float
    threshold: float
    figures: Dict


@torch.no_grad()
def hidden_of_clips(network: CryNetwork, normalisation: loop.Normalisation,
                    frames: Sequence[np.ndarray]) -> np.ndarray:
    """
    Return each clip's mean hidden state (input of the heads) over what sounds like crying.

    The whole clip counts where nothing reaches `CRY_PROBABILITY`. Shape (n_clips, H).
    """
    caught: List[torch.Tensor] = []
    hook = network.label_head.register_forward_pre_hook(
        lambda module, inputs: caught.append(inputs[0]))
    rows = []
    try:
        for clip in frames:
            caught.clear()
            logits, _, _ = network(torch.from_numpy(normalisation(clip))[None])
            probability = torch.sigmoid(loop.cry_logit(logits))[0].numpy()
            hidden = caught[0][0].numpy()
            crying = probability >= CRY_PROBABILITY
            rows.append((hidden[crying] if crying.any() else hidden).mean(0))
    finally:
        hook.remove()
    return np.array(rows)


def fit_head(hidden: np.ndarray, needs: np.ndarray, log_prior: np.ndarray) -> NeedHead:
    """Fit W and b by ridge-penalised cross-entropy on top of the prior."""
    n_needs, size = len(log_prior), hidden.shape[1]
    mean, std = hidden.mean(0), hidden.std(0) + 1e-3
    x = (hidden - mean) / std
    one_hot = np.eye(n_needs)[needs]

    def cost(flat: np.ndarray) -> Tuple[float, np.ndarray]:
        weight, bias = flat[:-n_needs].reshape(n_needs, size), flat[-n_needs:]
        logits = log_prior + x @ weight.T + bias
        logits -= logits.max(1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(1, keepdims=True)
        loss = -np.log(np.maximum((shares * one_hot).sum(1), 1e-12)).mean()
        loss += RIDGE / (2 * len(x)) * (flat * flat).sum()
        slope = (shares - one_hot) / len(x)
        gradient = np.concatenate([(slope.T @ x).ravel(), slope.sum(0)])
        return loss, gradient + RIDGE / len(x) * flat

    flat = minimize(cost, np.zeros(n_needs * size + n_needs), jac=True, method='L-BFGS-B').x
    return NeedHead(flat[:-n_needs].reshape(n_needs, size), flat[-n_needs:], mean, std)


def priors_of(needs: np.ndarray, n_needs: int) -> np.ndarray:
    """Return how often each need occurs, one added to each."""
    counts = np.bincount(needs, minlength=n_needs) + 1.0
    return counts / counts.sum()


def out_of_fold_evidence(hidden_of_fold: Callable[[int], np.ndarray], needs: np.ndarray,
                         folds: np.ndarray, n_needs: int) -> np.ndarray:
    """
    Return each clip's evidence from a head that was fitted on other folds.

    :param hidden_of_fold: hidden states of all clips from the detector without that fold.
    """
    evidence = np.zeros((len(needs), n_needs))
    for fold in np.unique(folds):
        hidden = hidden_of_fold(int(fold))
        inside = folds == fold
        prior = priors_of(needs[~inside], n_needs)
        head = fit_head(hidden[~inside], needs[~inside], np.log(prior))
        evidence[inside] = head.evidence(hidden[inside])
    return evidence


def fit_scale(evidence: np.ndarray, needs: np.ndarray, priors: np.ndarray) -> float:
    """Return the s in [0, 1] with the best cross-entropy; 0 unless it clearly beats the prior."""
    def cost(scale: float) -> float:
        return float(-np.log(answer(evidence, priors, scale)[np.arange(len(needs)), needs]).mean())
    best = minimize_scalar(cost, bounds=(0.0, 1.0), method='bounded')
    # A gain within two standard errors of nothing is nothing.
    rows = np.arange(len(needs))
    gain = (np.log(answer(evidence, priors, best.x)[rows, needs])
            - np.log(answer(evidence, priors, 0.0)[rows, needs]))
    if gain.mean() < 2 * gain.std() / np.sqrt(len(gain)):
        return 0.0
    return float(best.x)


def answer(evidence: np.ndarray, priors: np.ndarray, scale: float) -> np.ndarray:
    """Return softmax(log prior + scale * evidence), rows summing to 1."""
    logits = np.log(priors) + scale * evidence
    logits -= logits.max(1, keepdims=True)
    shares = np.exp(logits)
    return np.maximum(shares / shares.sum(1, keepdims=True), 1e-12)


def choose_threshold(shares: np.ndarray, needs: np.ndarray, priors: np.ndarray,
                     precision: float, minimum: int = 20) -> float:
    """
    Return the lowest confidence from which answers are right often enough; 1 = never answer.

    Counted are answers whose share at least doubles the odds of the prior: repeating the most
    frequent need is no answer. At least ``minimum`` of them must support a threshold.
    """
    best = shares.argmax(1)
    confidence = shares[np.arange(len(shares)), best]
    prior = priors[best]
    counted = confidence / (1 - confidence + 1e-12) >= 2 * prior / (1 - prior)
    right = best == needs
    for threshold in np.unique(np.round(confidence[counted], 3)):
        chosen = counted & (confidence >= threshold)
        if chosen.sum() < minimum:
            break
        if right[chosen].mean() >= precision:
            return float(threshold)
    return 1.0


def evaluate_needs(hidden_of_fold: Callable[[int], np.ndarray], needs: np.ndarray,
                   folds: np.ndarray, groups: Sequence[str], labels: Sequence[str],
                   precision: float, n_permutations: int = 20, seed: int = 0) -> NeedResult:
    """
    Return priors, scale, threshold and figures, with permuted labels beside them.

    Macro recall is that of the class with the most evidence beyond the prior (the prior alone
    would always say the same need). Labels are permuted between groups' clips within the fold.
    """
    n_needs = len(labels)
    cached: Dict[int, np.ndarray] = {}

    def hidden(fold: int) -> np.ndarray:
        if fold not in cached:
            cached[fold] = hidden_of_fold(fold)
        return cached[fold]

    def macro(truth: np.ndarray) -> Tuple[float, np.ndarray]:
        evidence = out_of_fold_evidence(hidden, truth, folds, n_needs)
        matrix = metrics.confusion_matrix(truth, evidence.argmax(1), n_needs)
        return metrics.unweighted_recall(matrix), evidence

    priors = priors_of(needs, n_needs)
    real, evidence = macro(needs)
    scale = fit_scale(evidence, needs, priors)
    shares = answer(evidence, priors, scale)
    threshold = choose_threshold(shares, needs, priors, precision)
    rng = np.random.default_rng(seed)
    permuted = [macro(_permuted(needs, folds, rng))[0] for _ in range(n_permutations)]
    best = shares.argmax(1)
    answered = shares[np.arange(len(best)), best] >= threshold
    n_clips = {label: int((needs == index).sum()) for index, label in enumerate(labels)}
    figures = {
        'clips': n_clips, 'n_groups': len(set(groups)), 'macro_recall': round(real, 4),
        'chance': round(1.0 / n_needs, 4),
        'permuted_mean': round(float(np.mean(permuted)), 4) if permuted else None,
        'permuted_95': round(float(np.percentile(permuted, 95)), 4) if permuted else None,
        'p_value': (round((1 + sum(value >= real for value in permuted))
                          / (1 + len(permuted)), 4) if permuted else None),
        'scale': round(scale, 4), 'threshold': threshold,
        'answered_share': round(float(answered.mean()), 4),
        'answered_precision': (round(float((best == needs)[answered].mean()), 4)
                               if answered.any() else None)}
    return NeedResult(priors, scale, threshold, figures)


def _permuted(needs: np.ndarray, folds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shuffled = needs.copy()
    for fold in np.unique(folds):
        inside = np.flatnonzero(folds == fold)
        shuffled[inside] = needs[rng.permutation(inside)]
    return shuffled


def with_head(member: Member, head: Optional[NeedHead], priors: np.ndarray, scale: float
              ) -> Member:
    """Return the member with a need head whose answer is log prior + scale * evidence."""
    if not isinstance(member.architecture, Architecture):
        raise TypeError('expected a recurrent network: a need head reads its states')
    architecture = member.architecture.with_changes(n_needs=len(priors))
    size = architecture.shapes()['need_head.weight'][1]
    weight = np.zeros((len(priors), size))
    bias = np.log(priors)
    if head is not None and scale > 0:
        weight = scale * head.weight / head.std
        bias = bias + scale * (head.bias - head.weight @ (head.mean / head.std))
    arrays = dict(member.arrays)
    arrays['need_head.weight'] = weight.astype(np.float32)
    arrays['need_head.bias'] = bias.astype(np.float32)
    return Member(architecture, member.input_columns, member.mean, member.std, arrays)
