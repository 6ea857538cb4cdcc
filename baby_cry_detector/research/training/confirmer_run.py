# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A run of `baby-cry train-confirmer`: what is kept, what is measured, what is printed."""

from dataclasses import dataclass
from functools import partial
import hashlib
import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from baby_cry_detector.decision.operating_points import ENTRY, OPERATING_POINTS
from baby_cry_detector.decision.settings import LEAVE_TO_ENTER
from baby_cry_detector.model.checkpoint import Checkpoint, load_checkpoint
from baby_cry_detector.model.second.confirmer import TAGGER_WINDOWS_S, WINDOW_S
from baby_cry_detector.model.second.sound_network import N_VALUES
from baby_cry_detector.model.second.tagger import N_TAGGER_VALUES
from baby_cry_detector.research.evaluation import background as streams
from baby_cry_detector.research.evaluation.confirmed import at_point, candidates, keep_second
from baby_cry_detector.research.evaluation.metrics import auc
from baby_cry_detector.research.training.confirmer import (EmbedsMany, hear, Heard, HOP_S,
                                                           out_of_fold, ProbeSettings,
                                                           second_at_recall, with_listener)
from baby_cry_detector.research.training.feature_store import no_progress, Progress, share
from baby_cry_detector.research.training.manifest import Clip, EMOTION, load_several
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np

POOLED = 2
#: Share of the cries in such streams that both find at an operating point; '' is the default.
RECALLS = {'sensitive': 0.94, 'balanced': 0.92, 'quiet': 0.85, '': 0.90}
#: Where no threshold finds so many.
LEAST_THRESHOLD = -3.0
#: Windows that mn04 may hear, the shorter first.
TWICE_S = (WINDOW_S, 2 * WINDOW_S)


class Reads(NamedTuple):
    """
    What the second listener may know sounds by.

    :param columns: of the values that were heard.
    :param yamnet: whether it has that network.
    :param windows_s: mn04's; none without that network.
    """

    columns: slice
    yamnet: bool
    windows_s: Tuple[float, ...]


NETWORKS = {
    'yamnet': Reads(slice(0, N_VALUES), True, ()),
    'mn04': Reads(slice(N_VALUES, N_VALUES + N_TAGGER_VALUES), False, TAGGER_WINDOWS_S),
    'both': Reads(slice(0, N_VALUES + N_TAGGER_VALUES), True, TAGGER_WINDOWS_S),
    'both-twice': Reads(slice(0, N_VALUES + len(TWICE_S) * N_TAGGER_VALUES), True, TWICE_S)}


@dataclass
class Inputs:
    """
    What a run works on.

    :param of_fold: the first listener of each fold, where there is a run with folds.
    :param network: YAMNet's arrays.
    :param tagger: mn04's arrays; none where it is not asked for.
    :param digests: SHA-256 of the files of those two.
    """

    clips: List[Clip]
    background: List[Clip]
    checkpoint: Checkpoint
    of_fold: Mapping[int, Checkpoint]
    network: Dict[str, np.ndarray]
    tagger: Dict[str, np.ndarray]
    digests: Dict[str, str]
    folds: List[int]


def open_inputs(args) -> Inputs:
    """Read what the command names; raises ValueError, ImportError where that can't be."""
    from baby_cry_detector.research.sounds.tagger import read_tagger
    from baby_cry_detector.research.sounds.teacher import Teacher
    from baby_cry_detector.research.training.manifest import default_data_dir

    sources = args.manifest or [source for source in [default_data_dir()] if source]
    clips = load_several(sources)
    background = load_several(args.background, taken=clips)
    folds = sorted({clip.fold for clip in [*clips, *background] if clip.kind != EMOTION})
    if len(folds) < 2:
        raise ValueError('a probe is judged on a fold that it was not fitted on: expected at '
                         f'least two folds, got {len(folds)}')
    of_fold = {}
    if args.folds is not None:
        of_fold = {fold: load_checkpoint(args.folds / f'fold-{fold}.npz') for fold in folds}
    digests = {'yamnet': hashlib.sha256(args.teacher.read_bytes()).hexdigest()}
    tagger: Dict[str, np.ndarray] = {}
    if args.tagger is not None:
        tagger, digests['mn04'] = read_tagger(args.tagger)
    return Inputs(clips, background, open_checkpoint(args.checkpoint), of_fold,
                  Teacher(args.teacher).arrays(), tagger, digests, folds)


def heard_folds(inputs: Inputs, out: Path, music_hours: float, other_hours: float,
                windows_s: Sequence[float] = TAGGER_WINDOWS_S, progress: Progress = no_progress
                ) -> Dict[int, Heard]:
    """
    Return what both listeners made of every fold; what is there already is not heard again.

    The same command at the same time takes a part of the folds.

    :param windows_s: what mn04 hears, beginning with that of `TAGGER_WINDOWS_S`; what is there
        may have more.
    :raises ValueError: if the folder holds a run on something else.
    """
    from baby_cry_detector.research.sounds.tagger import many_windows

    kept = out / 'work'
    kept.mkdir(parents=True, exist_ok=True)
    windows_s = _claim(kept / 'run.json', inputs, music_hours, other_hours, windows_s)
    network: Optional[EmbedsMany] = None
    heard: Dict[int, Heard] = {}

    def hear_or_read(fold: int) -> None:
        nonlocal network
        file = kept / f'heard-{fold}.npz'
        if not file.is_file():
            network = network or many_windows(inputs.network, inputs.tagger, windows_s)
            hear(fold, inputs.clips, inputs.background,
                 inputs.of_fold.get(fold, inputs.checkpoint), network, music_hours,
                 other_hours).save(file)
        heard[fold] = Heard.load(file)
        progress('folds heard by both', len(heard), len(inputs.folds))

    share(kept, {f'heard-{fold}': partial(hear_or_read, fold) for fold in inputs.folds})
    return {fold: heard[fold] for fold in inputs.folds}


def _claim(file: Path, inputs: Inputs, music_hours: float, other_hours: float,
           windows_s: Sequence[float]) -> List[float]:
    """Take a folder for a run; return the windows that mn04 hears in it."""
    names = sorted(f'{clip.path} {clip.fold} {clip.label}'
                   for clip in [*inputs.clips, *inputs.background])
    own = {'clips': hashlib.sha256('\n'.join(names).encode()).hexdigest(),
           'first': [_digest(one) for one in [inputs.checkpoint, *inputs.of_fold.values()]],
           'teacher': inputs.digests, 'hours': [music_hours, other_hours]}
    wanted = list(windows_s)
    if not file.is_file():
        file.write_text(json.dumps({**own, 'windows_s': wanted}))
        return wanted
    kept = json.loads(file.read_text())
    heard: List[float] = kept.pop('windows_s', list(TAGGER_WINDOWS_S))
    if kept != own or heard[:len(wanted)] != wanted:
        raise ValueError(f'{file.parent}: holds a run on other recordings, detectors, hours or '
                         'windows; take another --out')
    return heard


def _digest(checkpoint: Checkpoint) -> str:
    digest = hashlib.sha256()
    for member in checkpoint.members:
        for name in sorted(member.arrays):
            digest.update(np.ascontiguousarray(member.arrays[name]).tobytes())
    return digest.hexdigest()


def first_thresholds(checkpoint: Checkpoint) -> Dict[str, float]:
    """Return the thresholds at which the first listener is used, by name; '' is its own."""
    named = checkpoint.provenance.get(ENTRY, {})
    return {'': checkpoint.enter_threshold,
            **{name: float(named[name]['enter_threshold']) for name in OPERATING_POINTS
               if name in named}}


def measured(heard: Mapping[int, Heard], checkpoint: Checkpoint, out: Path,
             say: Callable[[str], None], settings: ProbeSettings = ProbeSettings(),
             probes: Optional[Mapping[int, Mapping[str, np.ndarray]]] = None,
             taggers: Optional[Mapping[int, Mapping[str, np.ndarray]]] = None) -> Dict[str, Any]:
    """
    Return what the first listener does alone and with the second, fold by fold out of fold.

    :param probes: of each fold, fitted on the others; fitted here where there are none.
    :param taggers: mn04 of each fold, where it is not the same for all.
    """
    probes = probes or out_of_fold(heard, settings, say)
    keep_second(out / 'work', probes, taggers or {})
    alone = [one.scored(checkpoint, None) for _, one in sorted(heard.items())]
    both = with_listener(heard, probes, checkpoint, 0.0, POOLED)
    points = {}
    for name, first in first_thresholds(checkpoint).items():
        second = second_at_recall(both, first, RECALLS[name])
        second = LEAST_THRESHOLD if second is None else max(second, LEAST_THRESHOLD)
        points[name] = {
            'first_threshold': round(first, 4), 'threshold': round(second, 3),
            'alone': streams.figures(alone, first, LEAVE_TO_ENTER),
            'both': streams.figures(at_point(both, second), first, LEAVE_TO_ENTER)}
    at_recall = {}
    for recall in streams.RECALLS:
        least = streams.threshold_at_recall(alone, recall, LEAVE_TO_ENTER)
        agrees = second_at_recall(both, checkpoint.enter_threshold, recall)
        at_recall[f'{recall:.2f}'] = {
            'alone': None if least is None else streams.figures(alone, least, LEAVE_TO_ENTER),
            'second_threshold': None if agrees is None else round(agrees, 3),
            'both': None if agrees is None else streams.figures(
                at_point(both, agrees), checkpoint.enter_threshold, LEAVE_TO_ENTER)}
    return {'pooled': POOLED, 'points': points, 'at_recall': at_recall,
            'windows': _windows(heard, probes), 'heard': _heard_share(heard)}


def _heard_share(heard: Mapping[int, Heard]) -> Dict[str, float]:
    """Return the share of each kind of sound's time in which the first listener hints."""
    total: Dict[str, float] = {}
    asked: Dict[str, float] = {}
    for one in heard.values():
        found = candidates(one.smooth, streams.FRAME_STEP_S, HOP_S,
                           len(one.smooth) * streams.FRAME_STEP_S) * HOP_S
        near_cry = np.zeros(len(found), bool)
        for start_s, end_s, _ in one.cries:
            near_cry |= (found > start_s - 2.0) & (found < end_s + 1.0)
        found = found[~near_cry]
        for start_s, end_s, label in one.pieces:
            total[label] = total.get(label, 0.0) + end_s - start_s
            asked[label] = asked.get(label, 0.0) + HOP_S * int(
                ((found >= start_s) & (found < end_s)).sum())
    return {'all': round(sum(asked.values()) / max(sum(total.values()), 1e-9), 4),
            **{label: round(asked[label] / total[label], 4) for label in sorted(total)
               if total[label]}}


def _windows(heard, probes) -> Dict[str, Any]:
    """Return how well single windows are told apart."""
    truth, said = [], []
    for fold, one in sorted(heard.items()):
        is_cry, weight = one.targets()
        values = one.evidence(probes[fold], 0.0, 1).values[one.numbers]
        truth.append(is_cry[weight > 0])
        said.append(values[weight > 0])
    truths, scores = np.concatenate(truth), np.concatenate(said)
    return {'count': int(len(truths)), 'cries': int(truths.sum()),
            'auc': round(float(auc(truths, scores)), 4)}


def lines(report: Mapping[str, Any]) -> List[str]:
    """Return the report as lines for a terminal."""
    found = [f'windows: {report["windows"]["count"]}, of cries {report["windows"]["cries"]}, '
             f'AUC {report["windows"]["auc"]:.3f}; asked of {report["heard"]["all"]:.1%} of the '
             f'other sounds, {report["heard"].get("music", 0.0):.1%} of music']
    rows = [(name or 'own', point, f' (second from {point["threshold"]:.2f})')
            for name, point in report['points'].items()]
    rows += [(f'recall {name}', point, f' (second from {point["second_threshold"]})')
             for name, point in report['at_recall'].items()]
    for name, point, how in rows:
        for listeners in ('alone', 'both'):
            one = point[listeners]
            if one is None:
                found.append(f'{name}, {listeners}: out of reach')
                continue
            low, high = one['false_events_per_h_95']
            kinds = [f'{kind} {rate["false_events"]}' for kind, rate in one['by_kind'].items()
                     if rate['false_events']]
            found.append(
                f'{name}, {listeners}{how if listeners == "both" else ""}: recall '
                f'{one["recall"]:.3f} of {one["cries"]}; {one["false_events_per_h"]:.1f} '
                f'({low:.1f} to {high:.1f}) false events an hour in {one["hours"]:.1f} h, music '
                f'{_music(one)}; delay {one["delay_s"]["median"]} s, p90 '
                f'{one["delay_s"]["p90"]} s; {", ".join(kinds)}')
    return found


def _music(one: Mapping[str, Any]) -> str:
    rate = one['by_kind'].get('music')
    if rate is None:
        return '-'
    low, high = rate['false_events_per_h_95']
    return f'{rate["false_events_per_h"]:.2f} ({low:.2f} to {high:.2f})'
