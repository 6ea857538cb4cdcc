# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How far two annotations of the same recordings agree, in the measures of the field.

Shares of time (precision, recall, F1, detection error rate) are those of `pyannote.metrics`;
events are matched as `sed_eval` does: onsets within a collar, ends within it or half the event.
"""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence

from baby_cry_detector.research.annotation.reading import Interval, union
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

DAY_S = 86400.0


@dataclass(frozen=True)
class Pair:
    """
    Two annotations of one recording.

    :param listened: what both had to say something of, in s.
    """

    name: str
    human: Sequence[Interval]
    machine: Sequence[Interval]
    listened: Sequence[Interval]

    @property
    def duration_s(self) -> float:
        """Return for how long both listened."""
        return length(self.listened)


def pair(name: str, human: Sequence[Interval], machine: Sequence[Interval],
         listened: Sequence[Interval], join_s: float = 0.0) -> Pair:
    """Return a pair, cut to what was listened to; pauses up to ``join_s`` are closed in both."""
    listened = union(listened)
    return Pair(name, within(union(human, join_s), listened),
                within(union(machine, join_s), listened), listened)


def within(intervals: Sequence[Interval], listened: Sequence[Interval]) -> List[Interval]:
    """Return the parts of intervals that lie in others; both in order, without overlap."""
    parts, first = [], 0
    for start, stop in intervals:
        while first < len(listened) and listened[first][1] <= start:
            first += 1
        for begin, end in listened[first:]:
            if begin >= stop:
                break
            parts.append((max(start, begin), min(stop, end)))
    return parts


def length(intervals: Sequence[Interval]) -> float:
    """Return how long intervals are together."""
    return float(sum(stop - start for start, stop in intervals))


def agreement(pairs: Sequence[Pair], collar_s: float = 1.0, segment_s: float = 1.0
              ) -> Dict[str, Any]:
    """
    Return how far they agree, over all recordings.

    :param collar_s: between matching onsets.
    :param segment_s: of the grid on which segments are counted.
    :raises ImportError: without `pyannote.metrics`.
    :raises ValueError: if there is nothing to compare.
    """
    total_s = sum(each.duration_s for each in pairs)
    if not total_s:
        raise ValueError('expected recordings that both listened to')
    minutes = minutes_a_day(pairs)
    return {'recordings': len(pairs), 'hours': round(total_s / 3600, 5),
            'time': _of_time(pairs), 'segments': _of_segments(pairs, segment_s),
            'events': _of_events(pairs, collar_s), 'minutes_a_day': minutes,
            'onset_error_s': _of_onsets(pairs)}


def _of_time(pairs: Sequence[Pair]) -> Dict[str, Any]:
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.detection import (DetectionErrorRate,
                                            DetectionPrecisionRecallFMeasure)
    measure, errors = DetectionPrecisionRecallFMeasure(), DetectionErrorRate()

    def annotation(intervals: Sequence[Interval], name: str):
        made = Annotation(uri=name)
        for start, stop in intervals:
            made[Segment(start, stop)] = 'cry'
        return made

    for each in pairs:
        human, machine = annotation(each.human, each.name), annotation(each.machine, each.name)
        listened = Timeline([Segment(*part) for part in each.listened], uri=each.name)
        measure(human, machine, uem=listened)
        errors(human, machine, uem=listened)
    human_s = sum(length(each.human) for each in pairs)
    machine_s = sum(length(each.machine) for each in pairs)
    total_s = sum(each.duration_s for each in pairs)
    both_s = sum(length(within(each.human, each.machine)) for each in pairs)
    precision, recall, f1 = measure.compute_metrics()
    hours = total_s / 3600
    return {
        'human_s': round(human_s, 3), 'machine_s': round(machine_s, 3),
        'both_s': round(both_s, 3),
        'precision': _ratio(precision, machine_s), 'recall': _ratio(recall, human_s),
        'f1': _ratio(f1, human_s + machine_s),
        'detection_error_rate': _ratio(abs(errors), human_s),
        'kappa': kappa(both_s, human_s - both_s, machine_s - both_s,
                       total_s - human_s - machine_s + both_s),
        'missed_min_per_h': round((human_s - both_s) / 60 / hours, 4),
        'false_min_per_h': round((machine_s - both_s) / 60 / hours, 4)}


def _ratio(value: float, of: float):
    return round(float(value), 4) if of else None


def kappa(both: float, only_first: float, only_second: float, neither: float):
    """Return Cohen's kappa of a table of four amounts; None where it is not defined."""
    total = both + only_first + only_second + neither
    first, second = (both + only_first) / total, (both + only_second) / total
    by_chance = first * second + (1 - first) * (1 - second)
    if by_chance >= 1.0:
        return None
    return round(((both + neither) / total - by_chance) / (1 - by_chance), 4)


def _of_segments(pairs: Sequence[Pair], segment_s: float) -> Dict[str, Any]:
    hits = misses = false = neither = 0
    for each in pairs:
        for begin, end in each.listened:
            count = max(1, int(np.ceil((end - begin) / segment_s - 1e-9)))
            human, machine = (_active(within(intervals, [(begin, end)]), begin, segment_s, count)
                              for intervals in (each.human, each.machine))
            hits += int((human & machine).sum())
            misses += int((human & ~machine).sum())
            false += int((~human & machine).sum())
            neither += int((~human & ~machine).sum())
    return {'segment_s': segment_s, **_f1(hits, misses, false),
            'kappa': kappa(hits, misses, false, neither)}


def _active(intervals: Sequence[Interval], begin: float, segment_s: float, count: int):
    active = np.zeros(count, bool)
    for start, stop in intervals:
        first = int((start - begin) / segment_s + 1e-9)
        last = int(np.ceil((stop - begin) / segment_s - 1e-9))
        active[first:max(last, first + 1)] = True
    return active


def _f1(hits: int, misses: int, false: int) -> Dict[str, Any]:
    return {'hits': hits, 'misses': misses, 'false': false,
            'precision': round(hits / (hits + false), 4) if hits + false else None,
            'recall': round(hits / (hits + misses), 4) if hits + misses else None,
            'f1': round(2 * hits / (2 * hits + misses + false), 4)
            if hits + misses + false else None}


def _of_events(pairs: Sequence[Pair], collar_s: float) -> Dict[str, Any]:
    hours = sum(each.duration_s for each in pairs) / 3600
    humans = sum(len(each.human) for each in pairs)
    machines = sum(len(each.machine) for each in pairs)
    matched = sum(len(matches(each, _close(each, collar_s))) for each in pairs)
    touched = sum(int(_overlap(each).any(1).sum()) for each in pairs if each.machine)
    right = sum(int(_overlap(each).any(0).sum()) for each in pairs if each.human)
    return {'collar_s': collar_s, 'human': humans, 'machine': machines,
            **_f1(matched, humans - matched, machines - matched),
            'found': round(touched / humans, 4) if humans else None,
            'missed_per_h': round((humans - touched) / hours, 4),
            'false_per_h': round((machines - right) / hours, 4)}


def matches(each: Pair, fits: np.ndarray) -> List[tuple]:
    """
    Return (human, machine) indices, each event once, as many as can be.

    :param fits: bool (human events, machine events).
    """
    if not fits.size:
        return []
    chosen = maximum_bipartite_matching(csr_matrix(fits), perm_type='column')
    return [(index, int(other)) for index, other in enumerate(chosen) if other >= 0]


def _close(each: Pair, collar_s: float) -> np.ndarray:
    human, machine = (np.array(intervals, float).reshape(-1, 2)
                      for intervals in (each.human, each.machine))
    onsets = np.abs(human[:, None, 0] - machine[None, :, 0]) <= collar_s + 1e-9
    room = np.maximum(collar_s, 0.5 * (human[:, 1] - human[:, 0]))
    return onsets & (np.abs(human[:, None, 1] - machine[None, :, 1]) <= room[:, None] + 1e-9)


def _overlap(each: Pair) -> np.ndarray:
    human, machine = (np.array(intervals, float).reshape(-1, 2)
                      for intervals in (each.human, each.machine))
    return (human[:, None, 0] < machine[None, :, 1]) & (machine[None, :, 0] < human[:, None, 1])


def onset_errors(pairs: Sequence[Pair]) -> np.ndarray:
    """Return by how much the machine's onset is later, of each event that both have, in s."""
    return np.array([each.machine[other][0] - each.human[index][0] for each in pairs
                     for index, other in matches(each, _overlap(each))])


def _of_onsets(pairs: Sequence[Pair]) -> Dict[str, Any]:
    errors = onset_errors(pairs)
    if not len(errors):
        return {'events': 0}
    return {'events': len(errors), 'mean': round(float(errors.mean()), 4),
            **{f'p{share}': round(float(np.percentile(errors, share)), 4)
               for share in (10, 50, 90)}}


def minutes_a_day(pairs: Sequence[Pair]) -> Dict[str, Any]:
    """
    Return minutes of crying a day of both, their bias, and Bland and Altman's limits.

    Bias and limits are over recordings, weighted by how long each was listened to.
    """
    seconds = np.array([each.duration_s for each in pairs])
    human, machine = (np.array([length(getattr(each, who)) for each in pairs]) / 60
                      * DAY_S / np.maximum(seconds, 1e-9) for who in ('human', 'machine'))
    weights = seconds / seconds.sum()
    differences = machine - human
    bias = float(weights @ differences)
    result: Dict[str, Any] = {'human': round(float(weights @ human), 3),
                              'machine': round(float(weights @ machine), 3),
                              'bias': round(bias, 3)}
    if len(pairs) > 1:
        deviation = float(np.sqrt(weights @ (differences - bias) ** 2
                                  / max(1e-12, 1 - float(weights @ weights))))
        result['limits'] = [round(bias - 1.96 * deviation, 3), round(bias + 1.96 * deviation, 3)]
        if human.std() > 0 and machine.std() > 0:
            result['correlation'] = round(float(np.corrcoef(human, machine)[0, 1]), 4)
    return result


def pairs_of(human: Mapping[str, Sequence[Interval]], machine: Mapping[str, Sequence[Interval]],
             listened: Mapping[str, Sequence[Interval]], join_s: float = 0.0) -> List[Pair]:
    """Return the pairs of the recordings that are listened to, by name; who has none is quiet."""
    return [pair(name, human.get(name, ()), machine.get(name, ()), listened[name], join_s)
            for name in sorted(listened)]
