# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A detector's false events on hours of other sounds, at equal recall, beside a peer's.

Each fold's detector hears the sounds of that fold, which it has not been trained on, end to end,
with that fold's cries dropped in at -5 to 20 dB. At every threshold the cries found and the false
events are counted by the decision's own rule; the figures asked for are the false events an hour
at the highest threshold that finds a given share of the cries. All folds share one threshold: the
probabilities are calibrated.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import (Callable, Dict, List, Mapping, Optional, Protocol, Sequence, Tuple,
                    Union)

from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.decision.operating_points import ENTRY, OPERATING_POINTS, thresholds_of
from baby_cry_detector.decision.settings import DecisionSettings, LEAVE_TO_ENTER
from baby_cry_detector.decision.smoothing import causal_mean, window_length
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.model.checkpoint import Checkpoint, load_checkpoint
from baby_cry_detector.research.evaluation.clips import FRAME_STEP_S
from baby_cry_detector.research.evaluation.events import Episodes, episodes
from baby_cry_detector.research.evaluation.metrics import poisson_interval
from baby_cry_detector.research.evaluation.scoring import probabilities_of_stream
from baby_cry_detector.research.sounds import augment as aug
from baby_cry_detector.research.training.chains import first_sound_s
from baby_cry_detector.research.training.feature_store import no_progress, Progress
from baby_cry_detector.research.training.manifest import Clip, EMOTION
import numpy as np

SNR_RANGE_DB = (-5.0, 20.0)
RECALLS = (0.95, 0.90, 0.80)
#: What the decision takes at most.
HIGHEST_THRESHOLD = 0.95
#: Longest piece of one recording; a cry about this often; a decision may come this much later.
PIECE_S, CRY_EVERY_S, GRACE_S = 60.0, 60.0, 1.0
SNR_BANDS_DB = ((-5.0, 0.0), (0.0, 5.0), (5.0, 10.0), (10.0, 20.0))

Piece = Tuple[float, float, str]
Cry = Tuple[float, float, float]


@dataclass
class Stream:
    """
    One fold's stream.

    :param samples: 16 kHz mono.
    :param pieces: (start, end, label) of the other sounds, in s.
    :param cries: (first loud sound, end, SNR in dB) of the cries.
    """

    samples: np.ndarray
    pieces: List[Piece]
    cries: List[Cry]


class SecondListener(Protocol):
    """What leaves of a stream's episodes those that it confirms; see `confirmed.py`."""

    def confirmed(self, events: Episodes) -> Episodes:
        """Return the episodes that it confirms, each from then on."""


@dataclass
class Scored:
    """
    What one listener says of one stream.

    :param smooth: (n,) probability a step, smoothed.
    :param step_s: time from one to the next.
    :param lookahead_s: from the beginning of a step until its answer is there.
    :param settings: of its decision; the thresholds are put in.
    :param evidence: what a second listener says of the same, if there is one.
    :param known: the episodes by thresholds, once they were found; may be shared.
    """

    smooth: np.ndarray
    step_s: float
    lookahead_s: float
    settings: DecisionSettings
    pieces: List[Piece]
    cries: List[Cry]
    evidence: Optional['SecondListener'] = None
    known: Dict[Tuple[float, float], Episodes] = field(default_factory=dict)

    def episodes(self, threshold: float, leave_ratio: float) -> Episodes:
        """Return what the first listener takes for crying."""
        settings = replace(self.settings, enter_threshold=float(threshold),
                           leave_threshold=float(threshold * leave_ratio))
        key = (settings.enter_threshold, settings.leave_threshold)
        if key not in self.known:
            self.known[key] = episodes(self.smooth, settings, self.step_s, self.lookahead_s)
        return self.known[key]


@dataclass
class Counts:
    """
    What happens at one threshold, over all folds.

    :param found: SNR of each cry and whether it was found.
    :param false: number of false events by kind of sound.
    :param false_s: where each began in its stream.
    """

    found: List[Tuple[float, bool]] = field(default_factory=list)
    delays_s: List[float] = field(default_factory=list)
    false: Dict[str, int] = field(default_factory=dict)
    false_s: List[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Return the share of the cries that was found."""
        return float(np.mean([hit for _, hit in self.found])) if self.found else 0.0


def make_stream(others: Sequence[Clip], cries: Sequence[Clip], hours: float,
                rng: np.random.Generator, cry_every_s: float = CRY_EVERY_S) -> Stream:
    """
    Return other sounds end to end, in a random order, with cries added.

    :param hours: no longer than this; shorter where there is less.
    :param cries: each used as often as it takes, in a random order.
    """
    limit, total, parts, pieces = int(hours * 3600 * aug.SAMPLE_RATE), 0, [], []
    for index in rng.permutation(len(others)):
        clip = others[index]
        x = read_audio(clip.file, longest_s=PIECE_S)
        x = x[:limit - total]
        if len(x):
            pieces.append((total / aug.SAMPLE_RATE, (total + len(x)) / aug.SAMPLE_RATE,
                           clip.label))
            parts.append(np.asarray(x, np.float32))
            total += len(x)
        if total >= limit:
            break
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    placed: List[Cry] = []
    order: List[int] = []
    at_s = float(rng.uniform(5.0, cry_every_s)) if cries else np.inf
    while (at_s + 10.0) * aug.SAMPLE_RATE < len(samples):
        order = order or list(rng.permutation(len(cries)))
        x = read_audio(cries[order.pop()].file)
        start = int(at_s * aug.SAMPLE_RATE)
        x = x[:len(samples) - start]
        snr_db = float(rng.uniform(*SNR_RANGE_DB))
        level = max(aug.rms(samples[start:start + len(x)]), aug.decibels_to_factor(-55.0))
        gain = level * aug.decibels_to_factor(snr_db) / aug.rms(x)
        samples[start:start + len(x)] += x * min(gain, 1.0 / max(np.abs(x).max(), 1e-4))
        end_s = at_s + len(x) / aug.SAMPLE_RATE
        placed.append((at_s + first_sound_s(x), end_s, snr_db))
        at_s = end_s + float(rng.uniform(0.5, 1.5)) * cry_every_s
    np.clip(samples, -1.0, 1.0, out=samples)
    return Stream(np.round(samples * 32767) / 32767, pieces, placed)


def score_detector(checkpoint: Checkpoint, stream: Stream) -> Scored:
    """Let a checkpoint hear a stream."""
    feature_set = FeatureSet.from_dict(checkpoint.feature_set)
    settings = DecisionSettings().resolved(checkpoint.enter_threshold,
                                           checkpoint.leave_threshold, checkpoint.smoothing_s)
    probability = probabilities_of_stream(checkpoint, stream.samples.astype(float))
    smooth = causal_mean(probability, window_length(settings.smoothing_s, FRAME_STEP_S))
    return Scored(smooth.astype(np.float32), FRAME_STEP_S, feature_set.lookahead_s, settings,
                  stream.pieces, stream.cries)


def at_threshold(scored: Sequence[Scored], threshold: float, leave_ratio: float) -> Counts:
    """Count cries found and false events, by the kind of sound that they begin in."""
    counts = Counts()
    for one in scored:
        events = one.episodes(threshold, leave_ratio)
        if one.evidence is not None:
            events = one.evidence.confirmed(events)
        _count(counts, one, events)
    return counts


def _count(counts: Counts, one: Scored, events: Episodes) -> None:
    onsets = np.array([onset for onset, _ in events])
    ends = np.array([end for _, end in events])
    excused = np.zeros(len(events), bool)
    for start_s, end_s, snr_db in one.cries:
        hit = (onsets < end_s + GRACE_S) & (ends > start_s) if len(events) else excused
        excused |= hit
        counts.found.append((snr_db, bool(hit.any())))
        if hit.any():
            counts.delays_s.append(max(0.0, float(onsets[hit][0] - start_s)))
    starts = np.array([start for start, _, _ in one.pieces])
    for onset in onsets[~excused] if len(events) else ():
        # What it decided on was heard before.
        at = max(0, int(np.searchsorted(starts, onset - 0.5, side='right')) - 1)
        label = one.pieces[at][2]
        counts.false[label] = counts.false.get(label, 0) + 1
        counts.false_s.append(float(onset))


def threshold_at_recall(scored: Sequence[Scored], recall: float, leave_ratio: float
                        ) -> Optional[float]:
    """Return the highest threshold that finds this share of the cries, None if none does."""
    low, high = 1e-4, HIGHEST_THRESHOLD
    if at_threshold(scored, low, leave_ratio).recall < recall:
        return None
    # Halved on the logit: thresholds crowd at both ends.
    a, b = np.log(low / (1 - low)), np.log(high / (1 - high))
    for _ in range(12):
        middle = (a + b) / 2
        if at_threshold(scored, 1 / (1 + np.exp(-middle)), leave_ratio).recall >= recall:
            a = middle
        else:
            b = middle
    return float(1 / (1 + np.exp(-a)))


def figures(scored: Sequence[Scored], threshold: float, leave_ratio: float) -> Dict:
    """Return the figures at a threshold, per hour and kind of sound, with 95 % intervals."""
    counts = at_threshold(scored, threshold, leave_ratio)
    hours: Dict[str, float] = {}
    for one in scored:
        for start_s, end_s, label in one.pieces:
            hours[label] = hours.get(label, 0.0) + (end_s - start_s) / 3600
    total = sum(hours.values())
    n_false = sum(counts.false.values())
    by_kind = {label: _rate(counts.false.get(label, 0), hours[label])
               for label in sorted(hours, key=lambda name: -hours[name])}
    by_snr = {f'{low:g} to {high:g} dB': _share([hit for snr, hit in counts.found
                                                 if low <= snr < high])
              for low, high in SNR_BANDS_DB}
    delays = counts.delays_s
    return {'threshold': round(threshold, 4), 'recall': round(counts.recall, 4),
            'cries': len(counts.found), **_rate(n_false, total), 'by_kind': by_kind,
            'recall_by_snr': by_snr,
            'delay_s': {'median': round(float(np.median(delays)), 3) if delays else None,
                        'p90': round(float(np.percentile(delays, 90)), 3) if delays else None}}


def _rate(n_events: int, hours: float) -> Dict:
    low, high = poisson_interval(n_events)
    return {'hours': round(hours, 3), 'false_events': n_events,
            'false_events_per_h': round(n_events / hours, 2) if hours else None,
            'false_events_per_h_95': [round(low / hours, 2), round(high / hours, 2)]
            if hours else None}


def _share(hits: Sequence[bool]) -> Optional[float]:
    return round(float(np.mean(hits)), 4) if hits else None


def report_of(scored: Sequence[Scored], leave_ratio: float, own_threshold: Optional[float],
              points: Optional[Mapping[str, float]] = None) -> Dict:
    """
    Return one listener's figures: at its own threshold, at equal recalls, at named thresholds.

    :param points: ``{name: threshold}``.
    """
    result: Dict = {'at_recall': {}}
    if points:
        result['points'] = {name: figures(scored, threshold, leave_ratio)
                            for name, threshold in points.items()}
    if own_threshold is not None:
        result['own'] = figures(scored, own_threshold, leave_ratio)
    for recall in RECALLS:
        threshold = threshold_at_recall(scored, recall, leave_ratio)
        result['at_recall'][f'{recall:.2f}'] = (
            None if threshold is None else figures(scored, threshold, leave_ratio))
    return result


def evaluate_background(detector: Union[Path, Checkpoint], clips: Sequence[Clip],
                        background: Sequence[Clip], *,
                        hours_per_fold: float = 2.0, cry_every_s: float = CRY_EVERY_S,
                        seed: int = 0,
                        peer: Optional[Callable[[Stream], Scored]] = None,
                        second: Optional[Callable[[int, Stream, Scored],
                                                  SecondListener]] = None,
                        progress: Progress = no_progress) -> Dict:
    """
    Return the figures on the background's streams.

    :param detector: folder of ``baby-cry train --folds``, or one checkpoint for all folds; then
        the cries may be some that it was trained on, and recall too good.
    :param clips: the fold's cries are taken from these.
    :param background: the other sounds.
    :param peer: another listener that hears the same, see `peer.py`.
    :param second: the second listener of a fold, given its stream and what ours says of it; see
        `confirmed.py`.
    :raises ValueError: if a fold has no checkpoint there or no sounds.
    """
    ours: List[Scored] = []
    theirs: List[Scored] = []
    both: List[Scored] = []
    thresholds = []
    folds = sorted({clip.fold for clip in background if clip.kind != EMOTION})
    for number, fold in enumerate(folds):
        progress('streams of the background', number, len(folds))
        checkpoint = detector if isinstance(detector, Checkpoint) else load_fold(detector, fold)
        stream = make_stream([clip for clip in background if clip.fold == fold],
                             [clip for clip in clips if clip.fold == fold and clip.is_cry],
                             hours_per_fold, np.random.default_rng([seed, fold]), cry_every_s)
        ours.append(score_detector(checkpoint, stream))
        thresholds.append(checkpoint.enter_threshold)
        if second is not None:
            both.append(replace(ours[-1], evidence=second(fold, stream, ours[-1])))
        if peer is not None:
            theirs.append(peer(stream))
    if not ours:
        raise ValueError('the background holds no sounds')
    points = _points(detector) if isinstance(detector, Checkpoint) else None
    result = {'ours': report_of(ours, LEAVE_TO_ENTER, float(np.mean(thresholds)), points)}
    if second is not None:
        result['ours, confirmed'] = report_of(both, LEAVE_TO_ENTER, float(np.mean(thresholds)))
    if peer is not None:
        from baby_cry_detector.research.evaluation.peer import LEAVE_RATIO, OWN_THRESHOLD
        result['peer'] = report_of(theirs, LEAVE_RATIO, OWN_THRESHOLD)
    return result


def _points(checkpoint: Checkpoint) -> Dict[str, float]:
    """Return the thresholds of a checkpoint's operating points."""
    return {name: thresholds_of(checkpoint.provenance, name)[0] for name in OPERATING_POINTS
            if name in checkpoint.provenance.get(ENTRY, {})}


def load_fold(folder: Path, fold: int) -> Checkpoint:
    """
    Return the detector of a run that has not heard a fold.

    :raises ValueError: if there is none.
    """
    file = Path(folder) / f'fold-{fold}.npz'
    if not file.is_file():
        raise ValueError(f'{file}: no such checkpoint')
    return load_checkpoint(file)


def with_operating_points(checkpoint: Checkpoint, report: Dict) -> Checkpoint:
    """
    Return the checkpoint with the named thresholds that the report measured.

    Sensitive is what finds 0.90 of the cries in such streams, balanced 0.80, quiet the
    checkpoint's own threshold, chosen on clips. What is out of reach is left out.
    """
    ours, points = report['ours'], {}
    named = (ours['at_recall'].get('0.90'), ours['at_recall'].get('0.80'), ours.get('own'))
    for name, found in zip(OPERATING_POINTS, named):
        if found is None:
            continue
        points[name] = {
            'enter_threshold': found['threshold'],
            'leave_threshold': round(found['threshold'] * LEAVE_TO_ENTER, 4),
            'measured': {key: found[key] for key in (
                'recall', 'cries', 'hours', 'false_events_per_h', 'false_events_per_h_95',
                'delay_s')},
            'false_events_per_h_by_kind': {
                label: rate['false_events_per_h'] for label, rate in found['by_kind'].items()}}
    return replace(checkpoint, provenance={**checkpoint.provenance, ENTRY: points})


def background_lines(report: Dict) -> List[str]:
    """Return the report of `evaluate_background` as lines for a terminal."""
    lines = []
    for listener, found in report.items():
        rows = [('own threshold', found.get('own'))]
        rows += list(found.get('points', {}).items())
        rows += [(f'recall {name}', entry) for name, entry in found['at_recall'].items()]
        for name, entry in rows:
            if entry is None:
                lines.append(f'background, {listener}, {name}: out of reach')
                continue
            low, high = entry['false_events_per_h_95']
            lines.append(
                f'background, {listener}, {name}: threshold {entry["threshold"]:.3f}, recall '
                f'{entry["recall"]:.3f} of {entry["cries"]}; {entry["false_events_per_h"]:.2f} '
                f'({low:.2f} to {high:.2f}) false events an hour in {entry["hours"]:.1f} h; '
                f'delay {entry["delay_s"]["median"]} s, p90 {entry["delay_s"]["p90"]} s')
            kinds = [f'{label} {rate["false_events_per_h"]:.1f} ({rate["hours"]:.1f} h)'
                     for label, rate in entry['by_kind'].items() if rate['false_events']]
            if kinds:
                lines.append(f'  an hour, by kind: {", ".join(kinds)}')
    return lines
