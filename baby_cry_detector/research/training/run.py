# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A whole training run: folds or all data, one network per seed, resumable piece by piece.

Folder of a run with folds::

    DIR/config.json            the configuration with its digest, data digest and versions
    DIR/fold-0.npz ...         one checkpoint per fold, threshold from the other folds
    DIR/out_of_fold.csv        path, label, group, fold, score (and one score per seed), threshold
    DIR/report.json            the figures of `evaluate --folds DIR`
    DIR/work/                  curves and finished networks; what a resumed run starts from

Without ``--folds``: the same, and ``DIR/<name>.npz``, trained on all folds, calibrated and with
its threshold chosen on the out-of-fold scores.
"""

import csv
from dataclasses import dataclass, replace
from functools import partial
import json
from pathlib import Path
import platform
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import Checkpoint, load_checkpoint, Member, save_checkpoint
from baby_cry_detector.research.evaluation import calibration
from baby_cry_detector.research.evaluation import clips as evaluation
from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.model.network import CryNetwork
from baby_cry_detector.research.sounds.teacher import Teacher
from baby_cry_detector.research.training import loop, need, statistics_fit
from baby_cry_detector.research.training.config import choose_columns, TrainingConfig
from baby_cry_detector.research.training.feature_store import (ClipFeatures, FeatureStore,
                                                               no_progress, Progress, share,
                                                               trained_on)
from baby_cry_detector.research.training.manifest import (Clip, EMOTION, leaking_groups,
                                                          ManifestError)
from baby_cry_detector.research.training.opinions import clip_targets, targets_digest, with_targets
from baby_cry_detector.research.training.segments import Segments
import numpy as np
import torch

LABELS = ('not_cry', 'cry')
#: Kinds of members by their names in the files of a run.
KIND_NAMES = {'seed': 'recurrent', 'statistics': 'statistics'}


@dataclass
class FoldScores:
    """
    Out-of-fold answers.

    :param logits: (n_seeds, one array per clip) frame logits, before calibration.
    :param folds: (n,) the fold each clip lies in.
    """

    logits: List[List[np.ndarray]]
    folds: np.ndarray


class TrainingRun:
    """Trains, scores and writes; everything that is already in the folder is kept."""

    def __init__(self, config: TrainingConfig, clips: Sequence[Clip], out_dir: Path,
                 cache_dir: Optional[Path], progress: Progress = no_progress,
                 say: Callable[[str], None] = lambda text: None, *,
                 background: Sequence[Clip] = (), segments: Optional[Segments] = None,
                 teacher: Optional[Teacher] = None):
        """
        Check the data.

        :param background: sounds to train on as well, cries among them or not; they are in no
            figure of clips, so neither calibration nor threshold depends on them.
        :param segments: where the clips' cries are.
        :param teacher: for a configuration with distillation.
        :raises ManifestError: if a group lies in two folds, a fold lacks cries or others, or
            a file cannot be read.
        """
        self.config = config
        self.clips = list(clips)
        self.background = list(background)
        self.out_dir = Path(out_dir)
        self._say = say
        self._progress = progress
        leaks = leaking_groups(self.clips + self.background)
        if leaks:
            message = (f'{len(leaks)} groups lie in more than one fold, first '
                       f'{", ".join(leaks[:5])}: scores would be too good')
            if not config.data.allow_leaks:
                raise ManifestError(message + ' (data.allow_leaks: true goes on regardless)')
            say('WARNING: ' + message)
        self.folds = sorted({clip.fold for clip in self.clips})
        if any(clip.kind == EMOTION for clip in self.background):
            raise ManifestError('the background holds emotional speech; it belongs into '
                                '--manifest')
        if config.distillation.weight > 0 and teacher is None:
            raise ManifestError('distillation.weight is above 0: give --teacher yamnet.tflite')
        self.store = FeatureStore(self.clips, config.features.set, cache_dir, progress,
                                  background=self.background, segments=segments,
                                  teacher=teacher if config.distillation.weight > 0 else None,
                                  say=say)
        lists = config.inputs or (config.features.columns,)
        patterns = [lists[row % len(lists)] for row in range(len(config.seeds))]
        patterns += [config.statistics.columns] * len(config.statistics.seeds)
        self._inputs = [choose_columns(pattern, self.store.columns) for pattern in patterns]
        #: Recurrent networks first, then the members that read statistics.
        self._seeds = [('seed', seed) for seed in config.seeds]
        self._seeds += [('statistics', seed) for seed in config.statistics.seeds]
        self._clip_features: Optional[ClipFeatures] = None
        self._targets = clip_targets(self.clips + self.background, config.data, say)
        self._is_cry = np.array([clip.is_cry for clip in self.store.clips], bool)
        self.out_dir.mkdir(parents=True, exist_ok=True)
        (self.out_dir / 'work').mkdir(exist_ok=True)
        self._check_same_run()

    def _check_same_run(self) -> None:
        """Keep finished pieces of the same run, refuse to mix in those of another."""
        document = {'config': self.config.to_dict(), 'digest': self.config.digest(),
                    'data_sha256': self.store.data_digest, 'versions': versions()}
        if self._targets is not None:
            document['targets_sha256'] = targets_digest(self._targets)
        file = self.out_dir / 'config.json'
        if file.is_file():
            before = json.loads(file.read_text())
            for key, name in (('digest', 'configuration'), ('data_sha256', 'data'),
                              ('targets_sha256', 'opinion of its data')):
                if before.get(key) != document.get(key):
                    raise ManifestError(f'{self.out_dir}: holds a run with another {name}; '
                                        'give another --out or empty the folder')
        file.write_text(json.dumps(document, indent=1, sort_keys=True) + '\n')

    def column_index(self, row: int) -> np.ndarray:
        """Return which columns of the set member ``row`` reads."""
        return np.array([self.store.columns.index(name) for name in self._inputs[row]])

    def clip_frames(self, row: int, indices: Sequence[int]) -> List[np.ndarray]:
        """Return what member ``row`` reads of some clips, each (n_frames, n_columns)."""
        columns = self.column_index(row)
        return [self.clip_features().of(index)[:, columns] for index in indices]

    def clip_features(self) -> ClipFeatures:
        """Return the features of all clips."""
        if self._clip_features is None:
            self._clip_features = self.store.clip_features()
        return self._clip_features

    # -- networks -------------------------------------------------------------------------

    def member(self, left_out: Optional[int], row: int) -> Member:
        """Return member ``row`` trained without one fold (None: on all), trained or read."""
        kind, seed = self._seeds[row]
        name = f'{"all" if left_out is None else f"fold-{left_out}"}-{kind}-{seed}'
        file = self.out_dir / 'work' / f'{name}.npz'
        if file.is_file():
            return load_checkpoint(file).members[0]
        use = [fold for fold in self.folds if fold != left_out]
        validate = None
        if self.config.training.early_stopping and left_out is not None and kind == 'seed':
            held = self.folds[(self.folds.index(left_out) + 1) % len(self.folds)]
            use = [fold for fold in use if fold != held]
            validate = self._validator(held, row)
        folds = [with_targets(self.store.stream_features(fold, self.config), self._targets,
                              self._is_cry)
                 for fold in use]

        def show(update: int, total: int, loss: float) -> None:
            self._progress(f'{name}, loss {loss:.3f}', update, total)

        curve_file = file.with_suffix('.csv')
        if kind == 'seed':
            network, normalisation, _ = loop.train_network(
                folds, self.column_index(row), self.config, seed, validate=validate,
                progress=show, curve_file=curve_file)
            member = Member(network.architecture, self._inputs[row], normalisation.mean,
                            normalisation.std, network.numpy_arrays())
        else:
            member = statistics_fit.fit_member(
                folds, self.column_index(row), self._inputs[row], self.config.statistics, seed,
                curve_file, show)
        save_checkpoint(file, Checkpoint(
            members=(member,), feature_set=self.store.feature_set.to_dict(),
            feature_columns=self.store.columns))
        return member

    def _train(self, left_out: Sequence[Optional[int]]) -> None:
        """Make what these need; the same command at the same time takes a part of it."""
        work, rows = self.out_dir / 'work', range(len(self._seeds))
        if self.store.is_kept:
            share(work, {'clips': self.clip_features, **{
                f'streams-{fold}': partial(self.store.stream_features, fold, self.config)
                for fold in self.folds}})
        share(work, {f'{fold}-{row}': partial(self.member, fold, row)
                     for fold in left_out for row in rows})

    def _frame_logits(self, left_out: int, row: int, indices: Sequence[int]
                      ) -> List[np.ndarray]:
        """Return what member ``row``, trained without a fold, says of each frame of clips."""
        member, frames = self.member(left_out, row), self.clip_frames(row, indices)
        if self._seeds[row][0] == 'seed':
            return loop.frame_logits(*network_of(member), frames)
        return statistics_fit.frame_logits(member, frames)

    def _validator(self, fold: int, row: int):
        chosen = [index for index, clip in enumerate(self.clips)
                  if clip.fold == fold and trained_on(clip, self.config)]
        truth = np.array([self.clips[index].is_cry for index in chosen])
        frames = self.clip_frames(row, chosen)

        def validate(network: CryNetwork, normalisation: loop.Normalisation) -> float:
            probabilities = loop.frame_probabilities(network, normalisation, frames)
            scores = evaluation.score_clips(probabilities, self.config.decision.smoothing_s)
            return metrics.auc(truth, scores)
        return validate

    # -- folds ----------------------------------------------------------------------------

    def run_folds(self) -> Dict:
        """Train every fold, write checkpoints, out-of-fold scores and the report; return it."""
        self._train(self.folds)
        logits: List[List[np.ndarray]] = [[np.zeros(0)] * len(self.clips)
                                          for _ in self._seeds]
        for fold in self.folds:
            inside = [index for index, clip in enumerate(self.clips) if clip.fold == fold]
            for row in range(len(self._seeds)):
                for index, answer in zip(inside, self._frame_logits(fold, row, inside)):
                    logits[row][index] = answer
            self._say(f'fold {fold}: {len(inside)} clips scored')
        scores = FoldScores(logits, np.array([clip.fold for clip in self.clips]))
        fitted = calibration.fit_folds(self.clips, scores.logits, scores.folds,
                                       self.config.decision)
        for fold in self.folds:
            self._write_checkpoint(self.out_dir / f'fold-{fold}.npz', fold, fitted.of_fold[fold],
                                   {})
        report = self._report(scores, fitted)
        self._write_scores(scores, fitted)
        (self.out_dir / 'report.json').write_text(json.dumps(report, indent=1) + '\n')
        (self.out_dir / 'calibration.json').write_text(
            json.dumps(fitted.all_folds.to_dict(), indent=1) + '\n')
        return report

    def _report(self, scores: FoldScores, fitted: 'calibration.FoldCalibration') -> Dict:
        report = evaluation.detection_report(self.clips, self._clip_scores(scores.logits, fitted,
                                                                           scores.folds))
        singles = []
        for row, (kind, seed) in enumerate(self._seeds):
            alone = [scores.logits[row]]
            own = calibration.fit_folds(self.clips, alone, scores.folds, self.config.decision)
            single = evaluation.detection_report(
                self.clips, self._clip_scores(alone, own, scores.folds), n_draws=0)
            singles.append({'kind': KIND_NAMES[kind], 'seed': seed,
                            'n_columns': len(self._inputs[row]),
                            'auc': single['auc'], 'f1': single['f1'],
                            'auc_same_phone': single.get('same_phone', {}).get('auc'),
                            'auc_with_emotion': single.get('with_emotion', {}).get('auc')})
        report['single_networks'] = singles
        report['config'] = {'name': self.config.name, 'digest': self.config.digest()}
        return report

    def _clip_scores(self, logits, fitted, folds: np.ndarray) -> evaluation.ClipScores:
        smoothing_s = self.config.decision.smoothing_s
        first = self.clip_features().first_sound_s
        score, threshold, delay = (np.zeros(len(self.clips)) for _ in range(3))
        for index, fold in enumerate(folds):
            own = fitted.of_fold[int(fold)]
            probability = own.probability(np.mean([seed[index] for seed in logits], axis=0))
            score[index] = evaluation.score_clips([probability], smoothing_s)[0]
            threshold[index] = own.threshold
            delay[index] = evaluation.onset_delay_s(probability, own.threshold, smoothing_s,
                                                    first[index],
                                                    self.store.feature_set.lookahead_s)
        return evaluation.ClipScores(score, threshold, delay)

    def _write_scores(self, scores: FoldScores, fitted) -> None:
        result = self._clip_scores(scores.logits, fitted, scores.folds)
        singles = [self._clip_scores([row], fitted, scores.folds).score for row in scores.logits]
        with open(self.out_dir / 'out_of_fold.csv', 'w', newline='', encoding='utf-8') as stream:
            writer = csv.writer(stream)
            writer.writerow(['path', 'label', 'group', 'fold', 'is_cry', 'score', 'threshold',
                             'delay_s'] + [f'score_{kind}_{seed}' for kind, seed in self._seeds])
            for index, clip in enumerate(self.clips):
                delay = result.delay_s[index]
                writer.writerow(
                    [clip.path, clip.label, clip.group, clip.fold, int(clip.is_cry),
                     f'{result.score[index]:.6f}', f'{result.threshold[index]:.6f}',
                     '' if np.isnan(delay) else f'{delay:.3f}']
                    + [f'{single[index]:.6f}' for single in singles])

    # -- all data -------------------------------------------------------------------------

    def run_all(self) -> Path:
        """
        Train on all folds and write the checkpoint that is shipped.

        Calibration and thresholds come from this folder's folds, which are trained first.
        """
        if not (self.out_dir / 'calibration.json').is_file():
            self._say('the thresholds need out-of-fold scores: training the folds first')
            self.run_folds()
        fitted = calibration.Calibration.from_dict(
            json.loads((self.out_dir / 'calibration.json').read_text()))
        report = json.loads((self.out_dir / 'report.json').read_text())
        self._train([None])
        figures = {key: report[key] for key in
                   ('auc', 'f1', 'n_cry', 'n_not_cry', 'same_phone', 'with_emotion',
                    'intervals_95', 'onset_delay_s', 'single_networks') if key in report}
        file = self.out_dir / f'{self.config.name}.npz'
        self._write_checkpoint(file, None, fitted, {'out_of_fold': figures})
        return file

    # -- needs ----------------------------------------------------------------------------

    def _with_needs(self, checkpoint: Checkpoint) -> Checkpoint:
        """Return the checkpoint with a need head on its first member, and how that does."""
        options = self.config.need
        labels = list(options.labels)
        chosen = [index for index, clip in enumerate(self.clips)
                  if clip.is_cry and clip.label in labels and trained_on(clip, self.config)]
        if not labels or not chosen:
            return replace(checkpoint, provenance={**checkpoint.provenance, 'need': None})
        needs = np.array([labels.index(self.clips[index].label) for index in chosen])
        folds = np.array([self.clips[index].fold for index in chosen])
        frames = self.clip_frames(0, chosen)

        def hidden_of_fold(fold: Optional[int]) -> np.ndarray:
            self._say(f'needs: hidden states of {"all data" if fold is None else fold}')
            return need.hidden_of_clips(*network_of(self.member(fold, 0)), frames)

        result = need.evaluate_needs(
            hidden_of_fold, needs, folds, [self.clips[index].group for index in chosen], labels,
            options.precision, options.permutations)
        head = None
        if result.scale > 0:
            head = need.fit_head(hidden_of_fold(None), needs, np.log(result.priors))
        first, *others = checkpoint.members
        return replace(
            checkpoint, needs=tuple(labels), need_priors=tuple(result.priors.tolist()),
            need_threshold=result.threshold,
            members=(need.with_head(first, head, result.priors, result.scale), *others),
            provenance={**checkpoint.provenance, 'need': result.figures})

    def _write_checkpoint(self, file: Path, fold: Optional[int],
                          fitted: 'calibration.Calibration', metrics_document: Dict) -> None:
        members = []
        for row in range(len(self._seeds)):
            members.append(calibration.shifted(self.member(fold, row), fitted.shift))
        used = [clip for clip in self.store.clips
                if clip.fold != fold and trained_on(clip, self.config)]
        provenance = {
            'name': self.config.name, 'fold_left_out': fold, 'config': self.config.to_dict(),
            'config_digest': self.config.digest(), 'data_sha256': self.store.data_digest,
            'groups': sorted({clip.group for clip in used}),
            'cry_labels': sorted({clip.label for clip in used if clip.is_cry}),
            'n_clips': len(used), 'n_cries': sum(clip.is_cry for clip in used),
            'versions': versions(), 'metrics': metrics_document}
        checkpoint = Checkpoint(
            members=tuple(members), feature_set=self.store.feature_set.to_dict(),
            feature_columns=self.store.columns, labels=LABELS, cry_labels=('cry',),
            temperature=fitted.temperature, smoothing_s=self.config.decision.smoothing_s,
            enter_threshold=fitted.threshold,
            leave_threshold=fitted.threshold * self.config.decision.leave_ratio,
            provenance=provenance)
        save_checkpoint(file, self._with_needs(checkpoint) if fold is None else checkpoint)


def network_of(member: Member) -> Tuple[CryNetwork, loop.Normalisation]:
    """Return a member as a torch network in evaluation mode, with its normalisation."""
    if not isinstance(member.architecture, Architecture):
        raise TypeError('expected a recurrent network')
    network = CryNetwork(member.architecture)
    network.load_arrays(member.arrays)
    network.eval()
    return network, loop.Normalisation(member.mean, member.std)


def versions() -> Dict[str, str]:
    """Return the versions that a result may depend on."""
    return {'python': platform.python_version(), 'numpy': np.__version__,
            'torch': torch.__version__}
