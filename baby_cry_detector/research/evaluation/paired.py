# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Whether one second listener leaves fewer false events than another, on the same streams.

At every recall each has its own threshold, set on all cries. The streams are cut into blocks of
five minutes; the interval is of the difference where blocks are drawn anew, the same for both, and
both thresholds set anew each time. Of windows, the same blocks give that of the AUC.
"""

from dataclasses import dataclass
import math
from typing import Dict, List, Mapping, Sequence, Tuple

from baby_cry_detector.decision.settings import LEAVE_TO_ENTER
from baby_cry_detector.research.evaluation.background import at_threshold, Scored
from baby_cry_detector.research.evaluation.confirmed import at_point
from baby_cry_detector.research.evaluation.metrics import auc
import numpy as np

BLOCK_S = 300.0
RECALLS = (0.80, 0.85, 0.90, 0.92, 0.94)
#: Log-odds at which a second listener is tried.
THRESHOLDS = np.arange(-4.0, 8.0, 0.15)
_CRIES, _FOUND, _FALSE = range(3)


@dataclass(frozen=True)
class Windows:
    """
    What a second listener says of one stream's windows.

    :param starts_s: (n,) where they begin.
    :param is_cry: (n,) whether they hold one.
    :param said: (n,) log-odds.
    """

    starts_s: np.ndarray
    is_cry: np.ndarray
    said: np.ndarray


def paired_events(of: Sequence[Scored], than: Sequence[Scored], first_threshold: float,
                  draws: int = 1000, seed: int = 0) -> Dict[str, Dict[str, object]]:
    """
    Return, by recall, the false events an hour of both and the 95 % interval of the difference.

    :param of: as `confirmer.with_listener` gives it; so is ``than``, on the same streams.
    :param first_threshold: at which the first listener begins episodes of its own.
    :return: of a recall that one of them does not reach, nothing.
    """
    hours = sum(len(one.smooth) * one.step_s for one in of) / 3600
    return _differences([np.stack([_blocks(at_point(one, threshold), first_threshold)
                                   for threshold in THRESHOLDS]) for one in (of, than)],
                        hours, draws, seed)


def _differences(tables: Sequence[np.ndarray], hours: float, draws: int, seed: int
                 ) -> Dict[str, Dict[str, object]]:
    """Return the same of what `_blocks` gave at all thresholds, (T, B, 3) each."""
    count = tables[0].shape[1]
    rng = np.random.default_rng(seed)
    weights = np.stack([np.ones(count), *(np.bincount(rng.integers(0, count, count),
                                                      minlength=count) for _ in range(draws))])
    rates = [_at_recalls(np.einsum('tbk,wb->wtk', table, weights)) / hours for table in tables]
    found: Dict[str, Dict[str, object]] = {}
    for at, recall in enumerate(RECALLS):
        ours, theirs = rates[0][:, at], rates[1][:, at]
        if not (math.isfinite(ours[0]) and math.isfinite(theirs[0])):
            continue
        low, high = np.nanpercentile((ours - theirs)[1:], [2.5, 97.5])
        found[f'{recall:.2f}'] = {
            'false_events_per_h': [round(float(ours[0]), 2), round(float(theirs[0]), 2)],
            'difference': round(float(ours[0] - theirs[0]), 2),
            'difference_95': [round(float(low), 2), round(float(high), 2)]}
    return found


def _blocks(scored: Sequence[Scored], first_threshold: float) -> np.ndarray:
    """Return cries, those found and false events of each block, (B, 3)."""
    rows = []
    for one in scored:
        counts = at_threshold([one], first_threshold, LEAVE_TO_ENTER)
        table = np.zeros((math.ceil(len(one.smooth) * one.step_s / BLOCK_S), 3))
        for (start_s, _, _), (_, hit) in zip(one.cries, counts.found):
            table[_block(start_s, table), _CRIES:_FALSE] += (1, hit)
        for onset_s in counts.false_s:
            table[_block(onset_s, table), _FALSE] += 1
        rows.append(table)
    return np.concatenate(rows)


def _block(at_s: float, table: np.ndarray) -> int:
    return min(len(table) - 1, int(at_s // BLOCK_S))


def _at_recalls(sums: np.ndarray) -> np.ndarray:
    """Return the false events at each recall, (W, R), of sums (W, T, 3) by rising threshold."""
    result = np.full((len(sums), len(RECALLS)), np.nan)
    for row, one in zip(result, sums):
        recall = one[::-1, _FOUND] / max(one[0, _CRIES], 1.0)
        row[:] = np.interp(RECALLS, recall, one[::-1, _FALSE], right=np.nan)
    return result


def paired_auc(of: Mapping[int, Windows], than: Mapping[int, Windows], draws: int = 200,
               seed: int = 0) -> Dict[str, object]:
    """Return the AUC of both over all streams and the 95 % interval of the difference."""
    blocks: List[np.ndarray] = []
    truth: List[np.ndarray] = []
    said: Tuple[List[np.ndarray], List[np.ndarray]] = [], []
    shift = 0
    for fold, one in sorted(of.items()):
        numbers = (one.starts_s // BLOCK_S).astype(int)
        blocks.append(numbers + shift)
        shift += int(numbers.max(initial=-1)) + 1
        truth.append(one.is_cry)
        for values, of_one in zip(said, (one, than[fold])):
            values.append(of_one.said)
    block, is_cry = np.concatenate(blocks), np.concatenate(truth)
    ours, theirs = np.concatenate(said[0]), np.concatenate(said[1])
    rows = [np.flatnonzero(block == number) for number in range(shift)]
    rng = np.random.default_rng(seed)
    differences = []
    for _ in range(draws):
        drawn = np.concatenate([rows[number] for number in rng.integers(0, shift, shift)])
        differences.append(auc(is_cry[drawn], ours[drawn]) - auc(is_cry[drawn], theirs[drawn]))
    low, high = np.nanpercentile(differences, [2.5, 97.5])
    both = [float(auc(is_cry, values)) for values in (ours, theirs)]
    return {'auc': [round(value, 4) for value in both],
            'difference': round(both[0] - both[1], 4),
            'difference_95': [round(float(low), 4), round(float(high), 4)]}


def paired_lines(events: Mapping[str, Mapping], windows: Mapping) -> List[str]:
    """Return what both functions found as lines for a terminal."""
    found = [f'windows: AUC {windows["auc"][0]:.4f} in place of {windows["auc"][1]:.4f}: '
             f'{windows["difference"]:+.4f} ({_range(windows, 4)})']
    for recall, one in events.items():
        ours, theirs = one['false_events_per_h']
        found.append(f'recall {recall}: {ours:.1f} in place of {theirs:.1f} false events an '
                     f'hour: {one["difference"]:+.1f} ({_range(one, 1)})')
    return found


def _range(one: Mapping, digits: int) -> str:
    low, high = one['difference_95']
    return f'{low:+.{digits}f} to {high:+.{digits}f}'
