# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Checkpoint: everything a trained detector needs to run, in one .npz that never executes code.

The file holds float32 arrays and one JSON document (uint8 array ``document``): the feature set,
normalisation, architecture, labels, thresholds, temperatures and provenance. It is read by
`strict_npz.py`, which accepts nothing but float32 numbers and text; NumPy can read it as well.

A checkpoint has one or more member networks over the same feature set. Their answers are
averaged as logits: each member's log-probabilities are averaged with equal weight, then divided
by the temperature, then turned into probabilities again (a geometric mean).
"""

from dataclasses import dataclass, field
import io
import json
import math
import os
from pathlib import Path
import stat
from typing import Any, cast, Dict, Mapping, Sequence, Tuple, Union

from baby_cry_detector.fields import Field, ParameterError
from baby_cry_detector.model.architecture import Architecture, ArchitectureError
from baby_cry_detector.model.held_in_file import HeldInFile
from baby_cry_detector.model.recent_statistics import KIND as STATISTICS
from baby_cry_detector.model.recent_statistics import StatisticsArchitecture
from baby_cry_detector.model.strict_npz import MAX_FILE_BYTES, read_arrays, StrictNpzError
import numpy as np

FORMAT = 'baby_cry_detector checkpoint'
VERSION = 1
AnyArchitecture = Union[Architecture, StatisticsArchitecture]

MAX_MEMBERS = 32
MAX_WEIGHT = 1e6        # beyond, products of finite numbers could overflow into the state

_DOCUMENT = 'document'
NUMBERS = (Field('need_threshold', 1.0, minimum=0, maximum=1),
           Field('enter_threshold', 0.5, minimum=0, maximum=1),
           Field('leave_threshold', 0.5, minimum=0, maximum=1),
           Field('smoothing_s', 0.3, minimum=0, maximum=60),
           Field('temperature', 1.0, minimum=1e-3, maximum=1e3),
           Field('need_temperature', 1.0, minimum=1e-3, maximum=1e3))
PRIOR = Field('need_priors', 0.0, minimum=0, maximum=1)


class CheckpointError(ValueError):
    """A checkpoint that can't be used; one sentence says what was expected."""


@dataclass
class Member:
    """
    One network of a checkpoint.

    :param architecture: its input_size is ``len(input_columns)``.
    :param input_columns: columns of the feature set that it reads, in its order.
    :param mean: float32 (F,), subtracted from the columns.
    :param std: float32 (F,), above 0; the columns are divided by it.
    :param arrays: ``{name: float32}`` as in ``architecture.shapes()``.
    """

    architecture: AnyArchitecture
    input_columns: Tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    arrays: Mapping[str, np.ndarray]

    def check(self, feature_columns: Sequence[str], name: str = 'member') -> None:
        """Raise CheckpointError unless columns, shapes and numbers fit."""
        a = self.architecture
        self.input_columns = _strings(self.input_columns, f'{name}: input_columns')
        unknown = [column for column in self.input_columns if column not in set(feature_columns)]
        if unknown:
            raise CheckpointError(f'{name}: input column {unknown[0]!r} is not in the feature set')
        if len(self.input_columns) != a.input_size:
            raise CheckpointError(f'{name}: expected {a.input_size} input columns, '
                                  f'got {len(self.input_columns)}')
        self.mean = _floats(self.mean, (a.input_size,), f'{name}: mean', math.inf)
        self.std = _floats(self.std, (a.input_size,), f'{name}: std', math.inf)
        if not (self.std > 0).all():
            raise CheckpointError(f'{name}: expected every std above 0')
        shapes = a.shapes()
        for wrong in sorted(set(shapes) ^ set(self.arrays)):
            problem = 'is missing' if wrong in shapes else 'does not belong to the architecture'
            raise CheckpointError(f'{name}: array {wrong} {problem}')
        self.arrays = {key: _floats(self.arrays[key], shape, f'{name}: array {key}', MAX_WEIGHT)
                       for key, shape in shapes.items()}


@dataclass
class Checkpoint:
    """
    A trained detector.

    :param members: one network, or several whose logits are averaged.
    :param feature_set: JSON document of the feature set, from its ``to_dict()``.
    :param feature_columns: all columns of a frame as the set makes it, in order.
    :param labels: labels of the main head.
    :param cry_labels: those of ``labels`` that are cries; their probabilities are summed.
    :param needs: labels of the need head, empty where there is none.
    :param need_priors: share of each need in training, summing to 1.
    :param need_threshold: confidence from which a need is answered, 0 to 1.
    :param need_temperature: divides the need logits, above 0.
    :param temperature: divides the label logits, above 0.
    :param smoothing_s: causal mean of the cry probability in front of the thresholds, 0 to 60.
    :param enter_threshold: smoothed probability from which a cry begins, 0 to 1.
    :param leave_threshold: and below which it ends, at most ``enter_threshold``.
    :param provenance: JSON document: data hash, groups, folds, seeds, versions, metrics.
    :raises CheckpointError: if something does not fit.
    """

    members: Tuple[Member, ...]
    feature_set: Dict[str, Any]
    feature_columns: Tuple[str, ...]
    labels: Tuple[str, ...] = ('not_cry', 'cry')
    cry_labels: Tuple[str, ...] = ('cry',)
    needs: Tuple[str, ...] = ()
    need_priors: Tuple[float, ...] = ()
    need_threshold: float = 1.0
    need_temperature: float = 1.0
    temperature: float = 1.0
    smoothing_s: float = 0.3
    enter_threshold: float = 0.5
    leave_threshold: float = 0.5
    provenance: Dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check everything."""
        self.check()

    @classmethod
    def single(cls, architecture: AnyArchitecture, input_columns: Sequence[str], mean: np.ndarray,
               std: np.ndarray, arrays: Mapping[str, np.ndarray], **others: Any) -> 'Checkpoint':
        """Return a checkpoint of one network; ``others`` are the fields of `Checkpoint`."""
        member = Member(architecture, tuple(input_columns), mean, std, dict(arrays))
        return cls(members=(member,), **others)

    @property
    def architecture(self) -> AnyArchitecture:
        """Return the first member's architecture."""
        return self.members[0].architecture

    @property
    def input_columns(self) -> Tuple[str, ...]:
        """Return the first member's input columns."""
        return self.members[0].input_columns

    @property
    def mean(self) -> np.ndarray:
        """Return the first member's mean."""
        return self.members[0].mean

    @property
    def std(self) -> np.ndarray:
        """Return the first member's standard deviation."""
        return self.members[0].std

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return the first member's weights."""
        return self.members[0].arrays

    def check(self) -> None:
        """Bring every field into its type; raise CheckpointError unless all fit together."""
        self.members = tuple(self.members)
        if not 1 <= len(self.members) <= MAX_MEMBERS:
            raise CheckpointError(f'expected 1 to {MAX_MEMBERS} members, got {len(self.members)}')
        for name in ('feature_set', 'provenance'):
            if not isinstance(getattr(self, name), dict):
                raise CheckpointError(f'{name}: expected a JSON object')
        for name in ('feature_columns', 'labels', 'cry_labels', 'needs'):
            setattr(self, name, _strings(getattr(self, name), name))
        if list(self.feature_set.get('columns', self.feature_columns)) \
                != list(self.feature_columns):
            raise CheckpointError('feature_columns: expected the columns of the feature_set')
        for index, member in enumerate(self.members):
            name = f'member {index}'
            member.check(self.feature_columns, name)
            if member.architecture.n_labels != len(self.labels):
                raise CheckpointError(f'{name}: expected {len(self.labels)} outputs for the '
                                      f'labels, got {member.architecture.n_labels}')
            if member.architecture.n_needs not in (0, len(self.needs)):
                raise CheckpointError(f'{name}: expected {len(self.needs)} outputs for the '
                                      f'needs, got {member.architecture.n_needs}')
        if not self.cry_labels or not set(self.cry_labels) < set(self.labels):
            raise CheckpointError('cry_labels: expected some, but not all, of the labels '
                                  f'{", ".join(self.labels)}')
        if self.needs and not any(m.architecture.n_needs for m in self.members):
            raise CheckpointError('needs: no member has a need head')
        self._check_numbers()

    def _check_numbers(self) -> None:
        for number in NUMBERS:
            setattr(self, number.name, _number(getattr(self, number.name), number))
        if self.leave_threshold > self.enter_threshold:
            raise CheckpointError('leave_threshold: expected at most the enter_threshold '
                                  f'{self.enter_threshold}, got {self.leave_threshold}')
        if not isinstance(self.need_priors, (list, tuple, np.ndarray)) \
                or len(self.need_priors) != len(self.needs):
            raise CheckpointError(f'need_priors: expected {len(self.needs)} numbers, one a need')
        self.need_priors = tuple(_number(prior, PRIOR) for prior in self.need_priors)
        if self.needs and abs(sum(self.need_priors) - 1) > 1e-3:
            raise CheckpointError('need_priors: expected numbers that sum to 1')

    def to_document(self) -> Dict[str, Any]:
        """Return everything but the arrays as a JSON document."""
        return {
            'format': FORMAT, 'version': VERSION,
            'members': [{'architecture': member.architecture.to_dict(),
                         'input_columns': list(member.input_columns)} for member in self.members],
            **{name: getattr(self, name) for name in _FIELDS}}


_FIELDS = ('feature_set', 'feature_columns', 'labels', 'cry_labels', 'needs', 'need_priors',
           'need_threshold', 'need_temperature', 'temperature', 'smoothing_s', 'enter_threshold',
           'leave_threshold', 'provenance')


def save_checkpoint(path: Union[str, Path], checkpoint: Checkpoint) -> None:
    """
    Write a checkpoint; a file that exists is replaced at once or not at all.

    Equal checkpoints give equal bytes.

    :raises CheckpointError: if something in it does not fit.
    :raises OSError: if it can't be written.
    """
    path = Path(path)
    data = checkpoint_to_bytes(checkpoint)
    partial = path.with_name(path.name + '.partial')
    partial.write_bytes(data)
    os.replace(partial, path)


def checkpoint_to_bytes(checkpoint: Checkpoint) -> bytes:
    """Return the file of a checkpoint as bytes; raises as `save_checkpoint`."""
    checkpoint.check()
    try:
        text = json.dumps(checkpoint.to_document(), allow_nan=False, sort_keys=True,
                          default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f'feature_set and provenance must be JSON: {error}') from error
    arrays: Dict[str, Any] = {_DOCUMENT: np.frombuffer(text.encode(), dtype=np.uint8)}
    for index, member in enumerate(checkpoint.members):
        prefix = f'member{index}'
        arrays.update({f'{prefix}.mean': member.mean, f'{prefix}.std': member.std})
        arrays.update({f'{prefix}.{name}': value for name, value in member.arrays.items()})
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def load_checkpoint(path: Union[str, Path], in_memory: bool = True) -> Checkpoint:
    """
    Read a checkpoint; executes nothing that is in the file.

    :param in_memory: False leaves the weights in the file once they are checked, for who has the
        compiled core hold them.
    :raises CheckpointError: if the file is missing, truncated, corrupt, of another version,
        or if its arrays, shapes or numbers do not fit its document.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):      # a device may never end
            raise CheckpointError(f'{path}: expected a checkpoint, this is not a regular file')
        if status.st_size > MAX_FILE_BYTES:
            raise CheckpointError(f'{path}: expected a checkpoint of at most '
                                  f'{MAX_FILE_BYTES >> 20} MiB')
        data = Path(path).read_bytes()
    except ValueError as error:
        raise CheckpointError(f'{path}: cannot read the checkpoint: {error}') from error
    except OSError as error:
        raise CheckpointError(f'{path}: cannot read the checkpoint: '
                              f'{error.strerror or error}') from error
    checkpoint = checkpoint_from_bytes(data, str(path))
    try:
        for index, member in enumerate(() if in_memory else checkpoint.members):
            member.arrays = HeldInFile(path, data, member.arrays, f'member{index}.')
    except OSError as error:
        raise CheckpointError(f'{path}: cannot be read any more: '
                              f'{error.strerror or error}') from error
    return checkpoint


def checkpoint_from_bytes(data: bytes, name: str = 'checkpoint') -> Checkpoint:
    """Return the checkpoint whose file is ``data``; raises as `load_checkpoint`."""
    try:
        arrays = read_arrays(data, _DOCUMENT)
        document = _read_document(arrays)
        return _build(document, arrays)
    except (CheckpointError, ArchitectureError, StrictNpzError) as error:
        raise CheckpointError(f'{name}: {error}') from error


def _build(document: Dict[str, Any], arrays: Dict[str, np.ndarray]) -> Checkpoint:
    expected = {'format', 'version', 'members', *_FIELDS}
    for key in sorted(expected ^ set(document)):
        problem = 'is missing' if key in expected else 'is unknown'
        raise CheckpointError(f'entry {key!r} of the document {problem}')
    if not isinstance(document['members'], list):
        raise CheckpointError('members: expected a list')
    if len(document['members']) > MAX_MEMBERS:
        raise CheckpointError(f'expected 1 to {MAX_MEMBERS} members')
    members = []
    for index, entry in enumerate(document['members']):
        if not isinstance(entry, dict) or set(entry) != {'architecture', 'input_columns'}:
            raise CheckpointError(f'member {index}: expected architecture and input_columns')
        own = {key.split('.', 1)[1]: arrays.pop(key) for key in list(arrays)
               if key.startswith(f'member{index}.')}
        for key in ('mean', 'std'):
            if key not in own:
                raise CheckpointError(f'member {index}: array {key} is missing')
        members.append(Member(_architecture(entry['architecture']), entry['input_columns'],
                              own.pop('mean'), own.pop('std'), own))
    if arrays:
        raise CheckpointError(f'array {sorted(arrays)[0]} belongs to no member')
    return Checkpoint(members=tuple(members), **{key: document[key] for key in _FIELDS})


def _architecture(document: Any) -> AnyArchitecture:
    if isinstance(document, dict) and document.get('kind') == STATISTICS:
        return StatisticsArchitecture.from_dict(document)
    return Architecture.from_dict(document)


def _read_document(arrays: Dict[str, np.ndarray]) -> Dict[str, Any]:
    if _DOCUMENT not in arrays:
        raise CheckpointError('not a checkpoint: it has no document')
    try:
        document = json.loads(arrays.pop(_DOCUMENT).tobytes().decode(),
                              parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f'the document is not JSON: {error}') from error
    if not isinstance(document, dict) or document.get('format') != FORMAT:
        raise CheckpointError(f'not a checkpoint: expected format {FORMAT!r}')
    version = document.get('version')
    if version != VERSION or isinstance(version, bool):
        raise CheckpointError(f'expected a checkpoint of version {VERSION}, got {version!r}')
    return document


def _floats(value: Any, shape: Tuple[int, ...], name: str, limit: float) -> np.ndarray:
    """Return ``value`` as a finite float32 array of ``shape``."""
    try:
        array = np.array(value, dtype=np.float32, order='C')
    except (TypeError, ValueError) as error:
        raise CheckpointError(f'{name}: expected numbers of shape {shape}') from error
    if array.shape != shape:
        raise CheckpointError(f'{name}: expected shape {shape}, got {array.shape}')
    if not np.isfinite(array).all():
        raise CheckpointError(f'{name}: expected finite numbers only')
    if array.size and float(np.abs(array).max()) > limit:
        raise CheckpointError(f'{name}: expected numbers within ±{limit:g}')
    return array


def _number(value: Any, field: Field) -> float:
    try:
        return float(cast(float, field.check(value.item() if isinstance(value, np.generic)
                                             else value)))
    except ParameterError as error:
        raise CheckpointError(str(error)) from None


def _strings(value: Any, name: str) -> Tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise CheckpointError(f'{name}: expected a list of texts')
    if len(set(value)) != len(value):
        raise CheckpointError(f'{name}: expected every text once')
    return tuple(value)


def _plain(value: Any) -> Any:
    """Turn what training code leaves in a provenance into JSON types."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f'{type(value).__name__} is not a JSON type')


def _refuse_constant(name: str) -> float:
    raise ValueError(f'{name} is not JSON')
