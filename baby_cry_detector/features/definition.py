# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a feature set is: a name, a version, columns and every parameter, as data.

A definition travels in the checkpoint and its id in every message, so that an extractor and a
model that do not mean the same numbers say so at start.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, Mapping, Sequence, Tuple

import numpy as np

SAMPLE_RATE = 16000
HOP_LENGTH = 160


class FeatureSetMismatch(ValueError):
    """A serialised definition is not the one that this version computes."""


@dataclass(frozen=True)
class FeatureSet:
    """
    A named, versioned definition of the columns of a frame.

    :param name: ``is09``.
    :param version: raised whenever any number of the set changes.
    :param columns: column names: descriptors first, then their deltas, in openSMILE's order
        where openSMILE has the set.
    :param window_length: longest analysis window, in samples.
    :param lookahead_frames: most frames after its own that a complete row waits for.
    :param roles: columns that decision code asks for, where the set has them: ``level``
        (linear RMS), ``voicing`` (0 to 1) and ``f0`` (Hz, 0 where unvoiced).
    :param parameters: every number the computation depends on, JSON-able.
    :param build: makes the computation from ``parameters``; not part of the definition.
    """

    name: str
    version: int
    columns: Tuple[str, ...]
    window_length: int
    lookahead_frames: int
    roles: Mapping[str, str]
    parameters: Mapping[str, Any]
    build: Callable[[Mapping[str, Any]], 'Descriptors']
    sample_rate: int = SAMPLE_RATE
    hop_length: int = HOP_LENGTH

    def __eq__(self, other: object) -> bool:
        """Compare definitions."""
        return isinstance(other, FeatureSet) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash the id."""
        return hash(self.id)

    @property
    def id(self) -> str:  # noqa: A003  # what the definition calls it
        """Return ``name/version``, as messages carry it."""
        return f'{self.name}/{self.version}'

    @property
    def lookahead_s(self) -> float:
        """Return the longest time from a frame's start until its row is complete, seconds."""
        samples = self.window_length + self.lookahead_frames * self.hop_length
        return samples / self.sample_rate

    def index(self, column: str) -> int:
        """
        Return the position of a column.

        :raises ValueError: naming the set, if it has no such column.
        """
        try:
            return self.columns.index(column)
        except ValueError:
            raise ValueError(f'feature set {self.id} has no column {column!r}') from None

    def to_dict(self) -> Dict[str, Any]:
        """Return the whole definition as JSON-able values."""
        return {
            'name': self.name,
            'version': self.version,
            'sample_rate': self.sample_rate,
            'hop_length': self.hop_length,
            'window_length': self.window_length,
            'lookahead_frames': self.lookahead_frames,
            'columns': list(self.columns),
            'roles': dict(self.roles),
            'parameters': deepcopy(dict(self.parameters)),
        }

    @staticmethod
    def from_dict(definition: Mapping[str, Any]) -> 'FeatureSet':
        """
        Return the set that a serialised definition describes.

        :raises FeatureSetMismatch: naming the first difference, if this version computes the
            set of that name and version otherwise, or not at all.
        """
        # Imported late: the sets are built from this module.
        from baby_cry_detector.features.sets import get_feature_set
        try:
            wanted = f"{definition['name']}/{int(definition['version'])}"
        except (TypeError, KeyError, ValueError) as error:
            raise FeatureSetMismatch(
                'not a feature set definition: name and version are missing') from error
        try:
            known = get_feature_set(wanted)
        except ValueError as error:
            raise FeatureSetMismatch(str(error)) from None
        difference = _difference(known.to_dict(), dict(definition), '')
        if difference:
            raise FeatureSetMismatch(
                f'feature set {wanted} is defined differently here: {difference}')
        return known


class Descriptors:
    """
    The computation behind a set: from samples to complete rows.

    ``process(buffer, count)`` takes a contiguous buffer in which ``count >= 1`` frames start
    every hop, the first at sample 0, and returns the rows that became complete, in order;
    ``flush()`` returns those still owed; ``reset()`` starts a new stream.
    """

    def process(self, buffer: np.ndarray, count: int) -> np.ndarray:
        """Return rows, shape (m, F)."""
        raise NotImplementedError

    def flush(self) -> np.ndarray:
        """Return the rows still owed, shape (k, F)."""
        raise NotImplementedError

    def reset(self) -> None:
        """Start a new stream."""
        raise NotImplementedError


def smoothed_names(names: Iterable[str]) -> Tuple[str, ...]:
    """Return ``name_sma``; an index stays last: ``mfcc[3]`` becomes ``mfcc_sma[3]``."""
    return tuple(_append(name, '_sma') for name in names)


def with_deltas(names: Sequence[str]) -> Tuple[str, ...]:
    """Return the names followed by ``name_de``, an index staying last."""
    return tuple(names) + tuple(_append(name, '_de') for name in names)


def _append(name: str, suffix: str) -> str:
    stem, bracket, index = name.partition('[')
    return stem + suffix + bracket + index


def _difference(known: Any, given: Any, path: str) -> str:
    """Return one sentence on the first difference, empty if there is none."""
    if isinstance(known, Mapping) and isinstance(given, Mapping):
        for key in list(known) + [key for key in given if key not in known]:
            where = f'{path}.{key}' if path else str(key)
            if key not in given:
                return f'{where} is missing'
            if key not in known:
                return f'{where} is unknown'
            found = _difference(known[key], given[key], where)
            if found:
                return found
        return ''
    if isinstance(known, (list, tuple)) and isinstance(given, (list, tuple)):
        if len(known) != len(given):
            return f'{path} has {len(given)} entries instead of {len(known)}'
        for number, pair in enumerate(zip(known, given)):
            found = _difference(*pair, f'{path}[{number}]')
            if found:
                return found
        return ''
    return '' if known == given else f'{path} is {given!r} instead of {known!r}'
