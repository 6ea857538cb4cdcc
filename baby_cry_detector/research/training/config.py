# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Training configurations: YAML in, checked dataclasses out, every default beside its meaning."""

from dataclasses import asdict, dataclass, field, replace
import fnmatch
import hashlib
import json
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Tuple

from baby_cry_detector.fields import Field, ParameterError, setting, Settings, share, Value
from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.research.sounds.augment import Augmentation
from baby_cry_detector.research.training.chains import StreamOptions


class ConfigError(ParameterError):
    """A configuration that cannot be used; the message names the entry."""


def count(default: int, description: str, least: int = 1) -> int:
    """Declare a number of things."""
    return setting(default, description, minimum=least)


def texts(description: str) -> Tuple[str, ...]:
    """Declare a list of texts, empty by default."""
    return setting((), description, items=Field('', ''))


def whole_numbers(default: Tuple[int, ...], description: str, least: int) -> Tuple[int, ...]:
    """Declare a list of whole numbers."""
    return setting(default, description, items=Field('', 1, minimum=least))


def of_architecture(name: str, default: Optional[Value] = None) -> Any:
    """Declare what `Architecture` declares, where wanted with another default."""
    declared = next(one for one in Architecture.table() if one.name == name)
    default = declared.default if default is None else default
    return field(default=default, metadata={'declared': replace(declared, default=default)})


@dataclass(frozen=True)
class Section(Settings):
    """A part of a configuration."""

    error = ConfigError


@dataclass(frozen=True)
class DataOptions(Section):
    """Which recordings."""

    manifest: str = setting(
        '', "CSV or folder; the environment's BABY_CRY_DATA_DIR if empty.")
    n_folds: int = count(5, 'Folds to deal groups into, where the manifest has none.', 2)
    exclude_sources: Tuple[str, ...] = texts(
        "Values of the manifest's source column never trained on.")
    emotion_as_not_cry: bool = setting(True, 'Train on adult emotional speech as not-cry.')
    allow_leaks: bool = setting(False, 'Go on although a group lies in two folds.')
    opinion_column: str = setting(
        '', "A column of the manifest with another judge's probability that the clip is a cry, "
        'see opinions.py; empty for none.')
    opinion_weight: float = share(
        0.6, 'Its share in what is trained towards; the rest is the label.')


@dataclass(frozen=True)
class FeatureOptions(Section):
    """Which features."""

    set: str = setting('is09', 'Name of a feature set.')  # noqa: A003  # an entry of the file
    columns: Tuple[str, ...] = texts(
        'Patterns of the columns that a network reads (mfcc*; !F0* leaves out; the last match '
        'counts); all where empty.')


@dataclass(frozen=True)
class ModelOptions(Section):
    """The network, see `model.architecture.Architecture`; input and label sizes follow."""

    hidden_sizes: Tuple[int, ...] = of_architecture('hidden_sizes')
    cell: str = of_architecture('cell')
    depth: int = of_architecture('depth')
    depth_strategy: str = of_architecture('depth_strategy')
    gate_activation: str = of_architecture('gate_activation')
    gate_bias: bool = of_architecture('gate_bias')
    stack_frames: int = of_architecture('stack_frames', 2)
    dense_sizes: Tuple[int, ...] = of_architecture('dense_sizes')
    dropout: float = of_architecture('dropout', 0.1)
    memory_steps: Tuple[float, ...] = setting(
        (1.0, 60.0), 'Shortest and longest memory that the cells begin with, in steps.',
        minimum=2, maximum=2, items=Field('', 1.0, minimum=0.0))


@dataclass(frozen=True)
class TrainingOptions(Section):
    """How the network is fitted."""

    updates: int = count(400, 'Number of gradient steps.')
    batch_size: int = count(32, 'Streams per step.')
    learning_rate: float = setting(
        6e-3, "Adam's, falling to zero along a cosine.", minimum=0.0)
    beta2: float = share(0.98, "Adam's.")
    weight_decay: float = setting(0.0, 'L2.', minimum=0.0)
    gradient_clip: float = setting(1.0, 'Largest norm of the gradient.', minimum=0.0)
    label_smoothing: float = share(0.02, 'Targets are this far from 0 and 1.')
    segment_weight: float = setting(
        0.0, "Weight of the loss on each segment's highest smoothed logit, the quantity that "
        'decides about a clip (multiple-instance term; pauses need not be cries).', minimum=0.0)
    averaging: float = share(0.99, 'Decay of the running mean of the weights, 0 for none.')
    early_stopping: bool = setting(
        False, 'Keep the averaged weights of the best validation AUC (validation fold = the one '
        'after the scored fold, left out of training) instead of the last ones.')
    evaluate_every: int = count(100, 'Updates between two rows of the curves.')


@dataclass(frozen=True)
class DistillationOptions(Section):
    """What a network learns from a teacher beside its own task, see `teacher.py`."""

    weight: float = setting(
        0.0, "Of the cross-entropy with the teacher's scores, summed over its classes, in the "
        'loss; 0 for no teacher.', minimum=0.0)


@dataclass(frozen=True)
class StatisticsOptions(Section):
    """Members that read statistics of recent frames, see `model.recent_statistics`."""

    seeds: Tuple[int, ...] = whole_numbers((), 'One member each; none where empty.', 0)
    columns: Tuple[str, ...] = texts(
        'Patterns of the columns they read, as in features.columns.')
    window_frames: int = count(200, 'Newest frames that count.', 2)
    period_frames: int = count(10, 'Frames between two answers.')
    hidden_sizes: Tuple[int, ...] = whole_numbers((128,), 'Units of the ReLU layers.', 1)
    every_frames: int = count(20, 'Frames between the ends of two training windows.')
    epochs: int = count(6, 'Passes over all windows.')
    batch_size: int = count(512, 'Windows per gradient step.')
    learning_rate: float = setting(
        2e-3, "AdamW's, falling to zero along a cosine.", minimum=0.0)
    weight_decay: float = setting(1e-4, "AdamW's.", minimum=0.0)
    dropout: float = share(0.3, 'Of the hidden layers; a third of it of the input.')
    label_smoothing: float = share(0.02, 'Targets are this far from 0 and 1.')


@dataclass(frozen=True)
class DecisionOptions(Section):
    """From frame probabilities to clips."""

    smoothing_s: float = setting(0.3, 'Window of the causal mean.', minimum=0.0, maximum=60.0)
    threshold_plateau: float = setting(
        0.02, 'See metrics.best_f1_threshold.', minimum=0.0)
    leave_ratio: float = share(
        0.6, 'The leave threshold as a share of the enter threshold.')


@dataclass(frozen=True)
class NeedOptions(Section):
    """The head that would tell reasons apart, see `need.py`."""

    labels: Tuple[str, ...] = texts('Manifest labels that are reasons; no head where empty.')
    precision: float = share(
        0.6, 'The share of right answers, across babies, that an answer must have.')
    permutations: int = count(20, 'Runs with shuffled labels, to compare with.', 0)


@dataclass(frozen=True)
class TrainingConfig(Section):
    """All of a training run."""

    name: str = setting('detector', 'Of the run.')
    seeds: Tuple[int, ...] = whole_numbers(
        (1,), 'One network each; the checkpoint answers with the mean of their logits.', 0)
    inputs: Tuple[Any, ...] = setting(
        (), 'Lists of column patterns; networks take them in turn, the first seed the first list '
        'and so on. All read features.columns where empty.')
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

    def __post_init__(self) -> None:
        """Check what depends on several sections, before hours of training."""
        super().__post_init__()
        if not self.seeds and not self.statistics.seeds:
            raise ConfigError('seeds: expected at least one, here or in statistics.seeds')
        if self.need.labels and not self.seeds:
            raise ConfigError('need.labels: needs are told by the first network of seeds, and '
                              'there is none')

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
    return TrainingConfig.of_document(document or {})


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
    try:
        return config_from_dict(document)
    except ParameterError as error:
        raise ConfigError(f'{file}: {error}') from error
