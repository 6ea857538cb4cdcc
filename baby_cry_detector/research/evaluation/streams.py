# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Evaluation on streams: what happens over hours, not clip by clip.

Each fold's detector hears that fold's sounds, which it was not trained on:

* ``dense``: all not-cries joined end to end, a new sound every few seconds. Episodes are false
  alarms, counted by the kind of sound that they begin in.
* ``cries``: the same, with the fold's cries dropped in at -5 ... 20 dB. An episode that runs
  within a cry finds it; the delay is counted from the cry's first loud sound.
* ``home``: a household's density (see `HOME`): long quiet, some talk, music, chores, and a cry
  about every ten minutes.
* ``drift``: the probability at the end of a long stream against that of a detector that began
  30 s before the end.
"""

from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.decision.settings import DecisionSettings
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
#: Home: shares of time, and the labels that make each part. The rest of the time is quiet:
#: noise of -65 to -50 dBFS.
HOME = {
    'talk': (0.15, ('speech_announce', 'speech_digits', 'speech_word', 'speech_read',
                    'tts_speech')),
    'music': (0.08, ('music',)),
    'chores': (0.08, ('dishes', 'running_water', 'household_sfx', 'exercise_bike',
                      'glass_breaking', 'misc_sfx', 'clock_tick', 'alarm_ring')),
    'animals': (0.02, ('dog_bark', 'cat', 'animal_sfx')),
    'baby_noises': (0.02, ('app_noise',)),
    'weather': (0.05, ('rain', 'thunder', 'fire_crackling')),
}
HOME_MINUTES = 60.0
HOME_CRY_EVERY_S = 600.0
DRIFT_HOURS = 6.0

Piece = Tuple[float, float, Clip]
Part = Tuple[Optional[Clip], np.ndarray]         # a sound, or the quiet between two


def episodes_of(checkpoint: Checkpoint, probability: np.ndarray, lookahead_s: float) -> Episodes:
    """Return (onset, end) in seconds of stream time, as the decision with its defaults sees."""
    settings = DecisionSettings().resolved(checkpoint.enter_threshold,
                                           checkpoint.leave_threshold, checkpoint.smoothing_s)
    smooth = causal_mean(probability, window_length(settings.smoothing_s, FRAME_STEP_S))
    return episodes(smooth, settings, FRAME_STEP_S, lookahead_s)


def evaluate_streams(folds_dir: Path, clips: Sequence[Clip], *, seed: int = 0,
                     progress: Progress = no_progress) -> Dict:
    """
    Return the figures of all kinds of streams, every fold with its own checkpoint.

    :param folds_dir: folder of ``baby-cry train --folds``.
    :raises ValueError: if a fold has no checkpoint there.
    """
    totals = {kind: _Total() for kind in ('dense', 'cries', 'home')}
    folds = sorted({clip.fold for clip in clips})
    drift = None
    for number, fold in enumerate(folds):
        file = Path(folds_dir) / f'fold-{fold}.npz'
        if not file.is_file():
            raise ValueError(f'{file}: no such checkpoint')
        checkpoint = load_checkpoint(file)
        sounds = FoldSounds([clip for clip in clips if clip.fold == fold])
        rng = np.random.default_rng([seed, fold])
        dense, pieces = sounds.dense(rng)
        totals['dense'].add(checkpoint, dense, pieces, [])
        mixed, cries = sounds.with_cries(dense, rng, every_s=20.0)
        totals['cries'].add(checkpoint, mixed, pieces, cries)
        home, pieces = sounds.home(rng)
        mixed, cries = sounds.with_cries(home, rng, every_s=HOME_CRY_EVERY_S)
        totals['home'].add(checkpoint, mixed, pieces, cries)
        if drift is None:
            drift = drift_over_hours(checkpoint, dense, DRIFT_HOURS)
        progress('streams', number + 1, len(folds))
    reports = {kind: total.report() for kind, total in totals.items()}
    reports['dense'].pop('recall')
    reports['dense'].pop('delay_s')
    return {**reports, 'drift': drift}


def stream_lines(report: Dict) -> List[str]:
    """Return the report of `evaluate_streams` as lines for a terminal."""
    lines = []
    for kind in ('dense', 'cries', 'home'):
        found = report[kind]
        low, high = found['false_events_per_h_95']
        line = (f'streams, {kind}: {found["hours"]:.1f} h, '
                f'{found["false_events_per_h"]:.1f} false events an hour '
                f'({low:.1f} to {high:.1f}), '
                f'{found["false_events_per_h_without_app_noise"]:.1f} outside app_noise')
        if found.get('recall') is not None:
            line += f'; {found["recall"]:.2f} of {found["cries"]} cries found'
        if found['recall_from_5_db'] is not None:
            line += f', {found["recall_from_5_db"]:.2f} from 5 dB on'
        delay = found.get('delay_s', {})
        if delay.get('median') is not None:
            line += f', after {delay["median"]:.1f} s (p90 {delay["p90"]:.1f} s)'
        lines.append(line)
        if found['false_by_kind']:
            kinds = ', '.join(f'{name} {n}' for name, n in found['false_by_kind'].items())
            lines.append(f'  false events: {kinds}')
    drift = report['drift']
    lines.append(f'streams, drift: {drift["largest_difference"]:.6f} in probability after '
                 f'{drift["hours"]:g} h')
    return lines


def drift_over_hours(checkpoint: Checkpoint, samples: np.ndarray, hours: float
                     ) -> Dict[str, float]:
    """Return the largest difference over the last 10 s to a detector that began 30 s earlier."""
    whole = np.tile(samples, max(1, int(np.ceil(hours * 3600 * aug.SAMPLE_RATE / len(samples)))))
    whole = whole[:int(hours * 3600 * aug.SAMPLE_RATE) // 160 * 160]
    tail = whole[-30 * aug.SAMPLE_RATE:]
    late = probabilities_of_stream(checkpoint, tail)[-1000:]
    long = probabilities_of_stream(checkpoint, whole)[-1000:]
    return {'hours': hours, 'largest_difference': round(float(np.abs(late - long).max()), 6)}


class FoldSounds:
    """Clips of one fold in memory, and the streams made of them."""

    def __init__(self, clips: Sequence[Clip]):
        self.others = [(clip, read_audio(clip.file)) for clip in clips
                       if not clip.is_cry and clip.kind != EMOTION]
        self.cries = [(clip, read_audio(clip.file)) for clip in clips if clip.is_cry]

    def dense(self, rng: np.random.Generator) -> Tuple[np.ndarray, List[Piece]]:
        order = rng.permutation(len(self.others))
        return _joined([self.others[index] for index in order])

    def home(self, rng: np.random.Generator) -> Tuple[np.ndarray, List[Piece]]:
        """Return an hour in bouts of 20 s to 3 min, with quiet between."""
        chosen: List[List[Part]] = []
        for share, labels in HOME.values():
            pool = [entry for entry in self.others if entry[0].label in labels]
            left_s = share * HOME_MINUTES * 60
            while pool and left_s > 0:
                bout_s = min(left_s, rng.uniform(20.0, 180.0))
                bout: List[Part] = []
                while bout_s > 0:
                    entry = pool[int(rng.integers(len(pool)))]
                    bout.append(entry)
                    bout_s -= len(entry[1]) / aug.SAMPLE_RATE
                    left_s -= len(entry[1]) / aug.SAMPLE_RATE
                chosen.append(bout)
        quiet_s = HOME_MINUTES * 60 - sum(len(x) for bout in chosen for _, x in bout) / 16000
        gaps = rng.dirichlet(np.ones(len(chosen) + 1)) * max(quiet_s, 0.0)
        parts: List[Part] = []
        for position, gap_s in zip(list(rng.permutation(len(chosen))) + [None], gaps):
            n = int(gap_s * aug.SAMPLE_RATE)
            noise = aug.coloured_noise(max(n, 16), rng.uniform(0.0, 6.0), rng)
            parts.append((None, noise * aug.decibels_to_factor(rng.uniform(-65.0, -50.0))))
            if position is not None:
                parts += chosen[position]
        return _joined(parts)

    def with_cries(self, stream: np.ndarray, rng: np.random.Generator, every_s: float
                   ) -> Tuple[np.ndarray, List[Tuple[float, float, float]]]:
        """Return the stream with cries added and (first sound, end, SNR in dB) of each."""
        mixed, placed = stream.copy(), []
        order = list(rng.permutation(len(self.cries)))
        at_s = float(rng.uniform(5.0, every_s))
        while order and (at_s + 10.0) * aug.SAMPLE_RATE < len(stream):
            clip, x = self.cries[order.pop()]
            start = int(at_s * aug.SAMPLE_RATE)
            here = stream[start:start + len(x)]
            snr_db = float(rng.uniform(*SNR_RANGE_DB))
            level = max(aug.rms(here), aug.decibels_to_factor(-55.0))
            gain = level * aug.decibels_to_factor(snr_db) / aug.rms(x)
            mixed[start:start + len(x)] += x * min(gain, 1.0 / max(np.abs(x).max(), 1e-4))
            placed.append((at_s + first_sound_s(x), at_s + len(x) / aug.SAMPLE_RATE, snr_db))
            at_s += len(x) / aug.SAMPLE_RATE + float(rng.uniform(0.5, 1.5)) * every_s
        return np.round(np.clip(mixed, -1.0, 1.0) * 32767) / 32767, placed


def _joined(parts: Sequence[Part]) -> Tuple[np.ndarray, List[Piece]]:
    pieces, at_s = [], 0.0
    for clip, x in parts:
        if clip is not None:
            pieces.append((at_s, at_s + len(x) / aug.SAMPLE_RATE, clip))
        at_s += len(x) / aug.SAMPLE_RATE
    return np.concatenate([x for _, x in parts]), pieces


class _Total:
    """Adds up one kind of stream over the folds."""

    def __init__(self):
        self.hours = 0.0
        self.false: Dict[str, int] = {}
        self.delays: List[float] = []
        self.found: List[Tuple[float, bool]] = []

    def add(self, checkpoint: Checkpoint, samples: np.ndarray, pieces: Sequence[Piece],
            cries: Sequence[Tuple[float, float, float]]) -> None:
        lookahead_s = FeatureSet.from_dict(checkpoint.feature_set).lookahead_s
        found = episodes_of(checkpoint, probabilities_of_stream(checkpoint, samples),
                            lookahead_s)
        self.hours += len(samples) / aug.SAMPLE_RATE / 3600
        grace_s = 1.0  # a decision on a cry's last sound may come after it
        for start_s, end_s, snr_db in cries:
            hit = [onset for onset, end in found if onset < end_s + grace_s and end > start_s]
            self.found.append((snr_db, bool(hit)))
            if hit and hit[0] >= start_s:
                self.delays.append(hit[0] - start_s)
        for onset, end in found:
            if any(onset < end_s + grace_s and end > start_s for start_s, end_s, _ in cries):
                continue
            label = next((clip.label for start_s, end_s, clip in pieces
                          if start_s <= onset - 0.5 < end_s), 'quiet')
            self.false[label] = self.false.get(label, 0) + 1

    def report(self) -> Dict:
        n_false = sum(self.false.values())
        without = n_false - self.false.get('app_noise', 0)
        low, high = poisson_interval(n_false)
        loud = [hit for snr_db, hit in self.found if snr_db >= 5.0]
        return {
            'hours': round(self.hours, 3), 'false_events': n_false,
            'false_events_per_h': round(n_false / self.hours, 2),
            'false_events_per_h_95': [round(low / self.hours, 2), round(high / self.hours, 2)],
            'false_events_per_h_without_app_noise': round(without / self.hours, 2),
            'false_by_kind': dict(sorted(self.false.items(), key=lambda item: -item[1])),
            'cries': len(self.found),
            'recall': _share([hit for _, hit in self.found]),
            'recall_from_5_db': _share(loud),
            'delay_s': {'median': _percentile(self.delays, 50),
                        'p90': _percentile(self.delays, 90)}}


def _share(hits: Sequence[bool]):
    return round(float(np.mean(hits)), 4) if hits else None


def _percentile(values: Sequence[float], share: float):
    return round(float(np.percentile(values, share)), 3) if values else None
