# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Training configurations: YAML in, checked dataclasses out, every default beside its meaning."""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
import fnmatch
import hashlib
import json
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Tuple

from baby_cry_detector.research.sounds.augment import Augmentation
from baby_cry_detector.research.training.chains import StreamOptions


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the entry."""


@dataclass(frozen=True)
class DataOptions:
    """
    Which recordings.

    :param manifest: CSV or folder; the environment's ``BABY_CRY_DATA_DIR`` if empty.
    :param n_folds: folds to deal groups into, where the manifest has none.
    :param exclude_sources: values of the manifest's ``source`` column never trained on.
    :param emotion_as_not_cry: train on adult emotional speech as not-cry.
    :param allow_leaks: go on although a group lies in two folds.
    :param opinion_column: a column of the manifest with another judge's probability that the
        clip is a cry, see `opinions.py`; empty for none.
    :param opinion_weight: its share in what is trained towards, 0 to 1; the rest is the label.
    """

    manifest: str = ''
    n_folds: int = 5
    exclude_sources: Tuple[str, ...] = ()
    emotion_as_not_cry: bool = True
    allow_leaks: bool = False
    opinion_column: str = ''
    opinion_weight: float = 0.6


@dataclass(frozen=True)
class FeatureOptions:
    """
    Which features.

    :param set: name of a feature set.
    :param columns: patterns of the columns that a network reads (``mfcc*``; ``!F0*`` leaves
        out; the last match counts); all where empty.
    """

    set: str = 'is09'  # noqa: A003
    columns: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelOptions:
    """The network, see `model.architecture.Architecture`; input and label sizes follow."""

    hidden_sizes: Tuple[int, ...] = (64,)
    cell: str = 'attention'
    depth: int = 1
    depth_strategy: str = 'cascade'
    gate_activation: str = 'sigmoid'
    gate_bias: bool = True
    stack_frames: int = 2
    dense_sizes: Tuple[int, ...] = ()
    dropout: float = 0.1
    memory_steps: Tuple[float, ...] = (1.0, 60.0)


@dataclass(frozen=True)
class TrainingOptions:
    """
    How the network is fitted.

    :param updates: number of gradient steps.
    :param batch_size: streams per step.
    :param learning_rate: Adam's, falling to zero along a cosine.
    :param beta2: Adam's.
    :param weight_decay: L2.
    :param gradient_clip: largest norm of the gradient.
    :param label_smoothing: targets are this far from 0 and 1.
    :param segment_weight: weight of the loss on each segment's highest smoothed logit, the
        quantity that decides about a clip (multiple-instance term; pauses need not be cries).
    :param averaging: decay of the running mean of the weights, 0 for none.
    :param early_stopping: keep the averaged weights of the best validation AUC (validation fold
        = the one after the scored fold, left out of training) instead of the last ones.
    :param evaluate_every: updates between two rows of the curves.
    """

    updates: int = 400
    batch_size: int = 32
    learning_rate: float = 6e-3
    beta2: float = 0.98
    weight_decay: float = 0.0
    gradient_clip: float = 1.0
    label_smoothing: float = 0.02
    segment_weight: float = 0.0
    averaging: float = 0.99
    early_stopping: bool = False
    evaluate_every: int = 100


@dataclass(frozen=True)
class DistillationOptions:
    """
    What a network learns from a teacher beside its own task, see `teacher.py`.

    :param weight: of the cross-entropy with the teacher's scores, summed over its classes, in
        the loss; 0 for no teacher.
    """

    weight: float = 0.0


@dataclass(frozen=True)
class StatisticsOptions:
    """
    Members that read statistics of recent frames, see `model.recent_statistics`.

    :param seeds: one member each; none where empty.
    :param columns: patterns of the columns they read, as in `FeatureOptions`.
    :param window_frames: newest frames that count.
    :param period_frames: frames between two answers.
    :param hidden_sizes: units of the ReLU layers.
    :param every_frames: frames between the ends of two training windows.
    :param epochs: passes over all windows.
    :param batch_size: windows per gradient step.
    :param learning_rate: AdamW's, falling to zero along a cosine.
    :param weight_decay: AdamW's.
    :param dropout: of the hidden layers; a third of it of the input.
    :param label_smoothing: targets are this far from 0 and 1.
    """

    seeds: Tuple[int, ...] = ()
    columns: Tuple[str, ...] = ()
    window_frames: int = 200
    period_frames: int = 10
    hidden_sizes: Tuple[int, ...] = (128,)
    every_frames: int = 20
    epochs: int = 6
    batch_size: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    dropout: float = 0.3
    label_smoothing: float = 0.02


@dataclass(frozen=True)
class DecisionOptions:
    """
    From frame probabilities to clips.

    :param smoothing_s: window of the causal mean.
    :param threshold_plateau: see `metrics.best_f1_threshold`.
    :param leave_ratio: the leave threshold as a share of the enter threshold.
    """

    smoothing_s: float = 0.3
    threshold_plateau: float = 0.02
    leave_ratio: float = 0.6


@dataclass(frozen=True)
class NeedOptions:
    """
    The head that would tell reasons apart, see `need.py`.

    :param labels: manifest labels that are reasons; no head where empty.
    :param precision: the share of right answers, across babies, that an answer must have.
    :param permutations: runs with shuffled labels, to compare with.
    """

    labels: Tuple[str, ...] = ()
    precision: float = 0.6
    permutations: int = 20


@dataclass(frozen=True)
class TrainingConfig:
    """
    All of a training run.

    :param seeds: one network each; the checkpoint answers with the mean of their logits.
    :param statistics: further members, of another kind.
    :param inputs: lists of column patterns; networks take them in turn, the first seed the
        first list and so on. All read ``features.columns`` where empty.
    """

    name: str = 'detector'
    seeds: Tuple[int, ...] = (1,)
    inputs: Tuple[Any, ...] = ()
    data: DataOptions = field(default_factory=DataOptions)
    features: FeatureOptions = field(default_factory=FeatureOptions)
    streams: StreamOptions = field(default_factory=StreamOptions)
    augmentation: Augmentation = field(default_factory=Augmentation)
    model: ModelOptions = field(default_factory=ModelOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    distillation: DistillationOptions = field(default_factory=DistillationOptions)
    statistics: StatisticsOptions = field(default_factory=StatisticsOptions)
    decision: DecisionOptions = field(default_factory=DecisionOptions)
    need: NeedOptions = field(default_factory=NeedOptions)

    def to_dict(self) -> dict:
        """Return a JSON document."""
        return json.loads(json.dumps(asdict(self)))

    def digest(self) -> str:
        """Return 12 hexadecimal digits that name this configuration's content."""
        return document_digest(self.to_dict())


def choose_columns(patterns: Sequence[str], columns: Sequence[str]) -> Tuple[str, ...]:
    """
    Return the columns that patterns choose, in the set's order.

    :raises ConfigError: if a pattern matches no column, or nothing is left.
    """
    if not patterns:
        return tuple(columns)
    chosen = dict.fromkeys(columns, patterns[0].startswith('!'))
    for pattern in patterns:
        exclude, glob = pattern.startswith('!'), pattern.lstrip('!').replace('[', '[[]')
        matches = fnmatch.filter(columns, glob)
        if not matches:
            raise ConfigError(f'features.columns: {pattern!r} matches no column')
        chosen.update(dict.fromkeys(matches, not exclude))
    names = tuple(name for name in columns if chosen[name])
    if not names:
        raise ConfigError('features.columns: no column is left')
    return names


def document_digest(document: Any) -> str:
    """Return 12 hexadecimal digits of a JSON document."""
    text = json.dumps(document, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def config_from_dict(document: Optional[Mapping[str, Any]]) -> TrainingConfig:
    """
    Return a configuration.

    :raises ConfigError: on an unknown entry or a value of another type.
    """
    return _build(TrainingConfig, document or {}, '')


def load_config(file: Path) -> TrainingConfig:
    """
    Read a YAML file.

    :raises ConfigError: if it is missing, no YAML or has entries that do not fit.
    """
    try:
        import yaml
    except ImportError as error:
        raise ImportError('configurations need PyYAML: install python3-yaml (apt) or '
                          'baby_cry_detector[training] (pip)') from error
    file = Path(file)
    if not file.is_file():
        raise ConfigError(f'{file}: no such configuration')
    try:
        document = yaml.safe_load(file.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f'{file}: not YAML: {error}') from error
    if document is not None and not isinstance(document, dict):
        raise ConfigError(f'{file}: expected entries such as "name: detector"')
    try:
        return config_from_dict(document)
    except ConfigError as error:
        raise ConfigError(f'{file}: {error}') from error


def _build(kind: type, document: Mapping[str, Any], where: str):
    if not isinstance(document, Mapping):
        raise ConfigError(f'{where.rstrip(".")}: expected entries, got {document!r}')
    known = {item.name: item for item in fields(kind)}
    for name in document:
        if name not in known:
            raise ConfigError(f'unknown entry {where}{name}; known: {", ".join(known)}')
    default = kind()
    values = {}
    for name, value in document.items():
        standard = getattr(default, name)
        if is_dataclass(standard):
            values[name] = _build(type(standard), value or {}, f'{where}{name}.')
        else:
            values[name] = _convert(f'{where}{name}', value, standard)
    return kind(**values)


def _convert(name: str, value: Any, standard: Any) -> Any:
    if isinstance(standard, bool):
        if not isinstance(value, bool):
            raise ConfigError(f'{name}: expected true or false, got {value!r}')
        return value
    if isinstance(standard, int):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ConfigError(f'{name}: expected a whole number, got {value!r}')
        return value
    if isinstance(standard, float):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise ConfigError(f'{name}: expected a number, got {value!r}')
        return float(value)
    if isinstance(standard, tuple):
        if not isinstance(value, list):
            raise ConfigError(f'{name}: expected a list, got {value!r}')
        return tuple(value)
    if not isinstance(value, str):
        raise ConfigError(f'{name}: expected text, got {value!r}')
    return value
