# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the runs of a comparison say, with intervals: recall, convergence, time, claims.

Intervals are 95 % percentiles of a bootstrap that draws both groups (speakers, phones) and seeds
with replacement; differences are taken within each draw, so models are compared on the same
speakers. Convergence and time draw folds and seeds. Every claim of the paper is judged by such a
difference: it holds only if the whole interval lies on its side of zero.
"""

from typing import Dict, List, Optional, Sequence, Tuple

from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.paper.data import PaperData
from baby_cry_detector.research.paper.settings import MODELS, Preset, REFERENCE
import numpy as np
from numpy.typing import ArrayLike

N_DRAWS = 2000
N_PERMUTATIONS = 500
HOLDS, OPPOSITE, OPEN = 'holds', 'the opposite holds', 'not shown'
#: No verdict on recall: shuffled labels would do as well for both.
NO_SIGNAL = 'neither beats shuffled labels'
#: Classes with fewer clips than this share of the mean count as rare.
RARE_SHARE = 0.75


def finished_seeds(results: Sequence[Dict], models: Sequence[str], folds: Sequence[int]
                   ) -> List[int]:
    """Return the seeds with which every model was trained on every fold."""
    done = {(run['seed'], run['fold'], run['model']) for run in results}
    seeds = sorted({run['seed'] for run in results})
    return [seed for seed in seeds
            if all((seed, fold, model) in done for fold in folds for model in models)]


class Answers:
    """
    Confusion of one model by seed and group, shape (S, G, K, K).

    The mean over the answers after the last epochs: which epoch is the last one is chance.
    """

    def __init__(self, runs: Sequence[Dict], data: PaperData, seeds: Sequence[int]):
        """Count; ``runs`` are those of one model."""
        names, group_of = np.unique(data.groups, return_inverse=True)
        n_classes = len(data.labels)
        self.counts = np.zeros((len(seeds), len(names), n_classes, n_classes))
        self._decided: List[Tuple[np.ndarray, np.ndarray]] = []
        for run in runs:
            if run['seed'] not in seeds:
                continue
            clips = np.array(run['clips'])
            for decided in run['decided']:
                self._decided.append((clips, np.array(decided)))
                np.add.at(self.counts[list(seeds).index(run['seed'])],
                          (group_of[clips], data.truth[clips], np.array(decided)),
                          1.0 / len(run['decided']))

    def permutation(self, data: PaperData) -> Dict[str, float]:
        """Return the UAR beside that of labels shuffled within each fold."""
        n_classes = len(data.labels)
        clips = np.concatenate([clips for clips, _ in self._decided])
        decided = np.concatenate([decided for _, decided in self._decided])

        def statistic(truth: np.ndarray) -> float:
            pairs = np.bincount(truth[clips] * n_classes + decided, minlength=n_classes ** 2)
            return float(uar(pairs.reshape(n_classes, n_classes)))
        return metrics.permutation_test(statistic, data.truth, strata=data.folds,
                                        n_permutations=N_PERMUTATIONS)

    def matrix(self) -> np.ndarray:
        """Return the confusion matrix, mean over seeds, summed over groups."""
        return self.counts.mean(0).sum(0)

    def drawn(self, groups: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        """Return one matrix a draw (D, K, K) for weights of groups (D, G) and seeds (D, S)."""
        n_draws = len(groups)
        by_group = np.tensordot(seeds[:, :len(self.counts)], self.counts, 1)    # (D, G, K, K)
        return np.matmul(groups[:, None], by_group.reshape(n_draws, groups.shape[1], -1)
                         ).reshape((n_draws, *self.counts.shape[2:]))


def uar(matrices: np.ndarray) -> np.ndarray:
    """Return the unweighted recall of matrices (..., K, K), classes without clips left out."""
    return np.nanmean(_recalls(matrices), -1)


def war(matrices: np.ndarray) -> np.ndarray:
    """Return the weighted recall (accuracy) of matrices (..., K, K)."""
    return np.trace(matrices, axis1=-2, axis2=-1) / matrices.sum((-2, -1))


def _recalls(matrices: np.ndarray) -> np.ndarray:
    counts = matrices.sum(-1)
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)
    return np.where(counts > 0, hits / np.where(counts > 0, counts, 1.0), np.nan)


def _interval(values: np.ndarray) -> List[float]:
    return [round(float(value), 4) for value in np.nanpercentile(values, [2.5, 97.5])]


def make_figures(results: Sequence[Dict], data: PaperData, preset: Preset, models: Sequence[str],
                 baseline: Optional[Dict] = None) -> Dict:
    """
    Return all figures of a comparison as a JSON document.

    :param results: documents of `runs.Comparison.run`; only seeds that are complete count.
    :raises ValueError: if no seed is complete.
    """
    seeds = finished_seeds(results, models, data.fold_numbers)
    if not seeds:
        raise ValueError('no seed has all its runs yet')
    rng = np.random.default_rng(0)
    n_groups = len(np.unique(data.groups))
    group_draws = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), N_DRAWS).astype(float)
    seed_draws = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), N_DRAWS) \
        / len(seeds)
    answers = {model: Answers([run for run in results if run['model'] == model], data, seeds)
               for model in models}
    if baseline is not None:
        answers['svm'] = Answers([{'seed': 0, 'clips': baseline['clips'],
                                   'decided': [baseline['decided']]}], data, [0])
    drawn = {name: item.drawn(group_draws, np.ones((N_DRAWS, 1)) if name == 'svm' else seed_draws)
             for name, item in answers.items()}
    counts = np.bincount(data.truth, minlength=len(data.labels))
    rare = np.flatnonzero(counts < RARE_SHARE * counts.mean())
    rare = rare if len(rare) else np.array([int(np.argmin(counts))])
    document: Dict = {
        'seeds': seeds, 'folds': data.fold_numbers, 'n_clips': len(data.clips),
        'n_groups': n_groups, 'labels': {label: int(n) for label, n in zip(data.labels, counts)},
        'rare': [data.labels[index] for index in rare],
        'majority_war': round(float(counts.max() / counts.sum()), 4),
        'chance_uar': round(1 / len(data.labels), 4), 'models': {}}
    for name, item in answers.items():
        matrix = item.matrix()
        entry = {
            'uar': round(metrics.unweighted_recall(matrix), 4), 'uar_95': _interval(
                uar(drawn[name])),
            'war': round(metrics.weighted_recall(matrix), 4), 'war_95': _interval(
                war(drawn[name])),
            'permutation': item.permutation(data),
            'macro_f1': round(metrics.macro_f1(matrix), 4),
            'weighted_f1': round(metrics.weighted_f1(matrix), 4),
            'recall': _by_class(metrics.recalls(matrix)), 'f1': _by_class(
                metrics.class_f1(matrix)),
            'confusion': [[round(float(value), 2) for value in row] for row in matrix]}
        document['models'][name] = entry
    runs = {model: _by_run(results, model, seeds) for model in models}
    for model in models:
        entry = document['models'][model]
        entry['best_epoch_war'] = _weighted_best(runs[model], 'war')
        entry['best_epoch_uar'] = _weighted_best(runs[model], 'uar')
        network = preset.architecture(MODELS[model], len(data.columns), len(data.labels))
        entry['weights'] = network.count_parameters(biases=False)
        entry['weights_with_biases'] = network.count_parameters()
        entry['cpu_s_per_epoch'] = round(float(np.median(
            [np.median(run['cpu_s']) for run in runs[model].values()])), 4)
        entry['final_loss'] = round(float(np.mean(
            [np.mean(run['loss'][-3:]) for run in runs[model].values()])), 4)
        entry['final_train_war'] = round(float(np.mean(
            [np.mean(run['train_war'][-3:]) for run in runs[model].values()])), 4)
    if REFERENCE in models:
        _add_convergence(document, runs, models, data, rng)
    document['differences'] = {
        f'{a} - {b}': {
            'uar': _difference(drawn, answers, a, b, uar),
            'war': _difference(drawn, answers, a, b, war),
            'rare_recall': _difference(drawn, answers, a, b,
                                       lambda matrices: _rare_recall(matrices, rare))}
        for a, b in _pairs(list(answers))}
    document['claims'] = judge(document)
    return document


def _pairs(names: List[str]) -> List[Tuple[str, str]]:
    pairs = [(name, REFERENCE) for name in names if name not in (REFERENCE, 'svm')]
    pairs += [('depth2', 'depth1'), ('depth3', 'depth1'), ('depth1', 'gru')]
    pairs += [(name, 'svm') for name in names if name != 'svm']
    return [(a, b) for a, b in dict.fromkeys(pairs) if a in names and b in names]


def _by_class(values: np.ndarray) -> List[Optional[float]]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]


def _rare_recall(matrices: np.ndarray, rare: np.ndarray) -> np.ndarray:
    with np.errstate(invalid='ignore'):
        chosen = _recalls(matrices)[..., rare]
        known = np.isfinite(chosen)
        n_known = known.sum(-1)
        return np.where(n_known > 0, np.where(known, chosen, 0.0).sum(-1)
                        / np.maximum(n_known, 1), np.nan)


def _difference(drawn, answers, a: str, b: str, statistic) -> Dict:
    value = statistic(answers[a].matrix()) - statistic(answers[b].matrix())
    return {'value': round(float(value), 4),
            'interval_95': _interval(statistic(drawn[a]) - statistic(drawn[b]))}


def _by_run(results: Sequence[Dict], model: str, seeds: Sequence[int]
            ) -> Dict[Tuple[int, int], Dict]:
    return {(run['seed'], run['fold']): run for run in results
            if run['model'] == model and run['seed'] in seeds}


def _weighted_best(runs: Dict, key: str) -> float:
    sizes = [len(run['clips']) for run in runs.values()]
    return round(float(np.average([max(run[key]) for run in runs.values()], weights=sizes)), 4)


# -- convergence and time ---------------------------------------------------------------------

def epochs_to(losses: ArrayLike, level: float) -> float:
    """
    Return after how many epochs a falling curve first reaches a level, between two epochs too.

    One more than there are where it never does.
    """
    values = np.asarray(losses, float)
    below = np.flatnonzero(values <= level)
    if not len(below):
        return float(len(values) + 1)
    first = int(below[0])
    if first == 0:
        return 1.0
    before = values[first - 1]
    return first + float((before - level) / (before - values[first]))


def smoothed(values: Sequence[float], width: int = 3) -> np.ndarray:
    """Return the causal mean over ``width`` values, fewer at the start."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(1, len(total))
    first = np.maximum(index - width, 0)
    return (total[index] - total[first]) / (index - first)


def _add_convergence(document: Dict, runs: Dict, models: Sequence[str], data: PaperData,
                     rng: np.random.Generator) -> None:
    """
    Add epochs to three levels that the LSTM sets in each fold and seed, and times per epoch.

    ``half_loss`` and ``low_loss``: half and nine tenths of the way from log(classes) down to
    the LSTM's training loss at its end; ``test_uar``: nine tenths of the LSTM's UAR at its end.
    """
    keys = sorted(runs[REFERENCE])
    start = float(np.log(len(data.labels)))
    table: Dict[str, Dict[str, List[float]]] = {
        model: {'half_loss': [], 'low_loss': [], 'test_uar': [], 'cpu_s': []}
        for model in models}
    for key in keys:
        reference = runs[REFERENCE][key]
        end = float(smoothed(reference['loss'])[-1])
        top = 0.9 * float(np.mean(reference['uar'][-10:]))
        for model in models:
            run = runs[model][key]
            row, loss = table[model], smoothed(run['loss'])
            row['half_loss'].append(epochs_to(loss, start - 0.5 * (start - end)))
            row['low_loss'].append(epochs_to(loss, start - 0.9 * (start - end)))
            row['test_uar'].append(epochs_to(-smoothed(run['uar']), -top))
            row['cpu_s'].append(float(np.median(run['cpu_s'])))
    seeds, folds = sorted({key[0] for key in keys}), sorted({key[1] for key in keys})
    picks = (rng.integers(0, len(seeds), (N_DRAWS, len(seeds))),
             rng.integers(0, len(folds), (N_DRAWS, len(folds))))

    def interval(values: np.ndarray) -> List[float]:
        grid = values.reshape(len(seeds), len(folds))
        rows = grid[picks[0][:, :, None], picks[1][:, None, :]]
        return _interval(rows.mean((1, 2)))

    for model in models:
        entry = document['models'][model]
        own = {key: np.array(values) for key, values in table[model].items()}
        base = {key: np.array(values) for key, values in table[REFERENCE].items()}
        entry['epochs_to'] = {}
        for level in ('half_loss', 'low_loss', 'test_uar'):
            gap = own[level] - base[level]
            time_ratio = np.log(own[level] * own['cpu_s'] / (base[level] * base['cpu_s']))
            entry['epochs_to'][level] = {
                'mean': round(float(own[level].mean()), 2),
                'minus_lstm': round(float(gap.mean()), 2), 'minus_lstm_95': interval(gap),
                'cpu_time_to_lstm': round(float(np.exp(time_ratio.mean())), 3),
                'cpu_time_to_lstm_95': [round(float(np.exp(value)), 3)
                                        for value in interval(time_ratio)]}
        ratio = np.log(own['cpu_s'] / base['cpu_s'])
        entry['cpu_per_epoch_to_lstm'] = round(float(np.exp(ratio.mean())), 3)
        entry['cpu_per_epoch_to_lstm_95'] = [round(float(np.exp(value)), 3)
                                             for value in interval(ratio)]


# -- claims -----------------------------------------------------------------------------------

def verdict(interval: Sequence[float], wanted: int) -> str:
    """Return whether a difference lies on the ``wanted`` side (+1, -1) of zero."""
    low, high = interval
    if not (np.isfinite(low) and np.isfinite(high)):
        return OPEN
    if (low > 0 and wanted > 0) or (high < 0 and wanted < 0):
        return HOLDS
    if (high < 0 and wanted > 0) or (low > 0 and wanted < 0):
        return OPPOSITE
    return OPEN


def judge(document: Dict) -> List[Dict]:
    """Return the paper's claims, each with the difference that decides it and a verdict."""
    models, differences = document['models'], document['differences']
    claims: List[Dict] = []

    def add(claim: str, what: str, value: float, interval: Sequence[float], wanted: int,
            unit: str, signal: bool = True) -> None:
        claims.append({'claim': claim, 'compared': what, 'value': value,
                       'interval_95': list(interval), 'unit': unit,
                       'verdict': verdict(interval, wanted) if signal else NO_SIGNAL})

    def beats_chance(names: Sequence[str]) -> bool:
        return any(models[name]['permutation']['p_value'] <= 0.05 for name in names)

    def recall(claim: str, pair: str, key: str, what: str) -> None:
        if pair in differences:
            found = differences[pair][key]
            add(claim, what, found['value'], found['interval_95'], 1, key,
                beats_chance(pair.split(' - ')))

    names = {'half_loss': 'half of the fall of the training loss',
             'low_loss': 'nine tenths of it', 'test_uar': "nine tenths of LSTM's test UAR"}
    for model in ('depth1', 'depth2', 'depth3'):
        title = f'depth {model[-1]}'
        if model in models and 'epochs_to' in models[model]:
            for level, where in names.items():
                found = models[model]['epochs_to'][level]
                add('faster convergence than LSTM', f'{title}: epochs to {where}',
                    found['minus_lstm'], found['minus_lstm_95'], -1, 'epochs',
                    level != 'test_uar' or beats_chance([REFERENCE]))
        recall('higher recall than LSTM', f'{model} - lstm', 'war', f'{title}: WAR')
        recall('higher recall than LSTM', f'{model} - lstm', 'uar', f'{title}: UAR')
    recall('depth 2 better than depth 1', 'depth2 - depth1', 'war', 'WAR')
    recall('depth 2 better than depth 1', 'depth2 - depth1', 'uar', 'UAR')
    rare = ', '.join(document['rare'])
    for model in ('depth2', 'depth3'):
        recall('depth helps rare classes', f'{model} - depth1', 'rare_recall',
               f'depth {model[-1]} over 1: recall of {rare}')
    for model in ('lstm', 'depth1', 'depth2', 'depth3', 'gru'):
        recall('frame by frame better than statistics', f'{model} - svm', 'uar',
               f'{MODELS[model].title} over functionals + SVM: UAR')
    if 'depth1' in models and 'cpu_per_epoch_to_lstm' in models['depth1']:
        low, high = models['depth1']['cpu_per_epoch_to_lstm_95']
        value = models['depth1']['cpu_per_epoch_to_lstm']
        add('less training time than LSTM', 'depth 1: CPU time per epoch', round(value - 1, 3),
            [round(low - 1, 3), round(high - 1, 3)], -1, 'share of LSTM')
    return claims
