# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The second listener's numbers: what knows sounds and, on that, a probe that knows crying.

What knows sounds is `sound_network` (YAMNet), `tagger` (mn04) or both; the second of them may hear
windows of several lengths, which end together. One .npz as a checkpoint's, read as strictly:
arrays of 8, 16 and 32 bits and one JSON document.
"""

from collections import deque
from dataclasses import dataclass, field
import io
import json
import math
import os
from pathlib import Path
import stat
from typing import Any, Callable, Deque, Dict, List, Mapping, Sequence, Tuple, Union

from baby_cry_detector.fields import Field, ParameterError
from baby_cry_detector.model.held_in_file import HeldInFile
from baby_cry_detector.model.second.sound_network import (N_VALUES, SAMPLE_RATE, shapes,
                                                          SoundNetwork, WINDOW_SAMPLES)
from baby_cry_detector.model.second.tagger import N_TAGGER_VALUES, Tagger, tagger_shapes
from baby_cry_detector.model.strict_npz import MAX_FILE_BYTES, read_arrays, StrictNpzError
import numpy as np

FORMAT = 'baby_cry_detector confirmer'
VERSION = 3
_DOCUMENT = 'document'
PARTS = ('network', 'probe', 'tagger')
_NUMBERS = ('<f4', '<f2', '|i1')
Document = Dict[str, Any]
MOST_HIDDEN = 4096
NUMBERS = (Field('hop_s', 0.4875, minimum=0.1, maximum=5.0),
           Field('refuse_after_s', 3.0, minimum=0.5, maximum=60.0),
           Field('pooled', 1, minimum=1, maximum=32),
           Field('hint_threshold', 1.0, minimum=0.001, maximum=1.0),
           Field('hint_margin', 0.0, minimum=0.0, maximum=20.0))
WINDOW_S = WINDOW_SAMPLES / SAMPLE_RATE
#: YAMNet's window is always this; before version 3 so was the tagger's.
TAGGER_WINDOWS_S = (WINDOW_S,)
WINDOWS = Field('tagger_windows_s', TAGGER_WINDOWS_S, minimum=1, maximum=4,
                items=Field('each', WINDOW_S, minimum=0.25, maximum=10.0))


class ConfirmerError(ValueError):
    """A file that can't be used; one sentence says what was expected."""


class Pooling:
    """The mean of the newest answers; what was said before the first ones counts less."""

    def __init__(self, length: int) -> None:
        self._newest: Deque[float] = deque(maxlen=length)

    def add(self, evidence: float) -> float:
        """Take an answer, return what they say together; no number counts as 0."""
        self._newest.append(evidence if math.isfinite(evidence) else 0.0)
        return sum(self._newest) / len(self._newest)


@dataclass
class Confirmer:
    """
    What hears candidates.

    :param network: arrays of `sound_network.shapes`; none without that network.
    :param probe: on V values, those of `network` before those of `tagger`, window by window:
        ``mean`` and ``std`` (V,), ``hidden`` (H, V), ``hidden_bias`` (H,), ``output`` (H,),
        ``output_bias`` (1,), float32.
    :param thresholds: log-odds from which it agrees, by the first listener's operating point;
        '' is for its own thresholds.
    :param pooled: windows whose mean is compared with it.
    :param hop_s: time between two windows of an episode.
    :param refuse_after_s: so long after an episode began without agreeing it has refused.
    :param hint_threshold: the first listener's smoothed probability from which it hears on,
        though nobody is told; 1 is never.
    :param hint_margin: log-odds that what nobody was told of needs beyond the threshold.
    :param provenance: JSON document: what it was fitted on, what it was measured to do.
    :param tagger: arrays of `tagger.tagger_shapes`; none without that network.
    :param tagger_windows_s: length of each of its windows; all end where a window of `WINDOW_S`
        does.
    :ivar n_samples: what it is given: as much as the longest of its windows needs.
    :raises ConfirmerError: if something does not fit.
    """

    network: Mapping[str, np.ndarray]
    probe: Mapping[str, np.ndarray]
    thresholds: Mapping[str, float] = field(default_factory=lambda: {'': 0.0})
    pooled: int = 1
    hop_s: float = 0.4875
    refuse_after_s: float = 3.0
    provenance: Dict[str, Any] = field(default_factory=dict)
    tagger: Mapping[str, np.ndarray] = field(default_factory=dict)
    hint_threshold: float = 1.0
    hint_margin: float = 0.0
    tagger_windows_s: Sequence[float] = TAGGER_WINDOWS_S

    def __post_init__(self) -> None:
        """Check everything."""
        for one in (*NUMBERS, WINDOWS):
            try:
                one.check(getattr(self, one.name))
            except ParameterError as error:
                raise ConfirmerError(str(error)) from None
        self._check_thresholds()
        if not isinstance(self.provenance, dict):
            raise ConfirmerError('provenance: expected a JSON object')
        n_values, self.n_samples = 0, WINDOW_SAMPLES
        self._hear: List[Tuple[int, Callable[[np.ndarray], np.ndarray]]] = []
        if self.network or not self.tagger:
            self._check_arrays('network', self.network, shapes())
            n_values += N_VALUES
            self._hear.append((WINDOW_SAMPLES, SoundNetwork(
                self.network, is_busy=not isinstance(self.network, HeldInFile)).embedding))
        if self.tagger:
            self._check_arrays('tagger', self.tagger, tagger_shapes())
            for length in window_lengths(self.tagger_windows_s):
                n_values += N_TAGGER_VALUES
                self._hear.append((length, Tagger(self.tagger, length).embedding))
                self.n_samples = max(self.n_samples, length)
        hidden = self.probe.get('hidden')
        count = len(hidden) if hidden is not None and hidden.ndim == 2 else 0
        if not 1 <= count <= MOST_HIDDEN:
            raise ConfirmerError(f'probe: expected 1 to {MOST_HIDDEN} hidden units')
        self._check_arrays('probe', self.probe, probe_shapes(count, n_values))
        if not (self.probe['std'] > 0).all():
            raise ConfirmerError('probe: expected every std above 0')

    def _check_thresholds(self) -> None:
        given = self.thresholds
        if not isinstance(given, Mapping) or '' not in given or not all(
                isinstance(name, str) and isinstance(value, (int, float))
                and not isinstance(value, bool) and abs(value) <= 50.0
                for name, value in given.items()):
            raise ConfirmerError("thresholds: expected log-odds by name, '' among them")

    def threshold(self, operating_point: str = '') -> float:
        """Return the log-odds from which it agrees at an operating point of the first."""
        return float(self.thresholds.get(operating_point, self.thresholds['']))

    @staticmethod
    def _check_arrays(what: str, arrays: Mapping[str, np.ndarray],
                      expected: Mapping[str, Any]) -> None:
        for name in sorted(set(expected) ^ set(arrays)):
            raise ConfirmerError(f'{what}: array {name} '
                                 + ('is missing' if name in expected else 'is unknown'))
        for name, (shape, dtype) in expected.items():
            array = arrays[name]
            if array.shape != shape or array.dtype != dtype:
                raise ConfirmerError(f'{what}: {name}: expected {dtype} of shape {shape}, got '
                                     f'{array.dtype} of {array.shape}')
            least, most = float(array.min()), float(array.max())
            if not (-1e6 <= least and most <= 1e6):         # nor is what is not a number
                raise ConfirmerError(f'{what}: {name}: expected finite numbers within 1e6')

    def evidence(self, samples: np.ndarray) -> float:
        """
        Return the log-odds that a window holds crying.

        :param samples: int16 (n_samples,) at 16 kHz, the newest; what was not heard is silence.
        """
        values = self.embedding(np.asarray(samples, np.float32) / np.float32(32768))
        return float(self.log_odds(values[None])[0])

    def embedding(self, samples: np.ndarray) -> np.ndarray:
        """
        Return what its networks know of a window, float32 (V,).

        :param samples: (n_samples,) at 16 kHz, 1.0 is full scale.
        """
        if np.shape(samples) != (self.n_samples,):
            raise ValueError(f'expected {self.n_samples} samples, got shape {np.shape(samples)}')
        return np.concatenate([hear(samples[-length:]) for length, hear in self._hear])

    def log_odds(self, embeddings: np.ndarray) -> np.ndarray:
        """Return the log-odds (n,) that windows of these embeddings (n, V) hold crying."""
        return probe_log_odds(self.probe, embeddings)

    def pooling(self) -> Pooling:
        """Return what puts the answers of one episode together."""
        return Pooling(self.pooled)


def window_lengths(windows_s: Sequence[float]) -> List[int]:
    """Return windows' lengths in samples."""
    return [round(length_s * SAMPLE_RATE) for length_s in windows_s]


def probe_shapes(hidden: int, n_values: int = N_VALUES) -> Dict[str, Any]:
    """Return the arrays of a probe with so many hidden units: ``{name: (shape, dtype)}``."""
    return {'mean': ((n_values,), 'float32'), 'std': ((n_values,), 'float32'),
            'hidden': ((hidden, n_values), 'float32'), 'hidden_bias': ((hidden,), 'float32'),
            'output': ((hidden,), 'float32'), 'output_bias': ((1,), 'float32')}


def probe_log_odds(probe: Mapping[str, np.ndarray], embeddings: np.ndarray) -> np.ndarray:
    """Return log-odds (n,) of embeddings (n, V)."""
    x = (embeddings.astype(np.float32) - probe['mean']) / probe['std']
    hidden = np.maximum(x @ probe['hidden'].T + probe['hidden_bias'], 0.0)
    result: np.ndarray = hidden @ probe['output'] + probe['output_bias'][0]
    return result


def save_confirmer(path: Union[str, Path], confirmer: Confirmer) -> None:
    """
    Write a confirmer; a file that exists is replaced at once or not at all.

    One of windows of one length is of version 2: programs of before read it.
    """
    document = {'format': FORMAT, 'version': 2, 'provenance': confirmer.provenance,
                'thresholds': dict(confirmer.thresholds),
                **{one.name: getattr(confirmer, one.name) for one in NUMBERS}}
    if tuple(confirmer.tagger_windows_s) != TAGGER_WINDOWS_S:
        document.update({'version': VERSION, WINDOWS.name: list(confirmer.tagger_windows_s)})
    text = json.dumps(document, allow_nan=False, sort_keys=True)
    arrays = {_DOCUMENT: np.frombuffer(text.encode(), np.uint8)}
    for prefix in PARTS:
        arrays.update({f'{prefix}.{name}': np.ascontiguousarray(value)
                       for name, value in sorted(getattr(confirmer, prefix).items())})
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # its stub lacks **arrays
    partial = Path(path).with_name(Path(path).name + '.partial')
    partial.write_bytes(buffer.getvalue())
    os.replace(partial, path)


def load_confirmer(path: Union[str, Path], in_memory: bool = True) -> Confirmer:
    """
    Read a confirmer; executes nothing that is in the file.

    :param in_memory: True keeps its network ready, for who hears hours on hours; False leaves it
        in the file, to be read for each window: for who hears a few candidates a night.
    :raises ConfirmerError: if it is missing, damaged, or something else.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            raise ConfirmerError(f'{path}: expected a regular file of at most '
                                 f'{MAX_FILE_BYTES >> 20} MiB')
        data = Path(path).read_bytes()
        parts, document = _parts(read_arrays(data, _DOCUMENT, _NUMBERS))

        def network(name: str) -> Mapping[str, np.ndarray]:
            if in_memory or not parts[name]:
                return parts[name]
            return HeldInFile(path, data, parts[name], f'{name}.')

        return Confirmer(network('network'), parts['probe'], tagger=network('tagger'), **document)
    except (ValueError, RecursionError) as error:
        problem = str(error).removeprefix(f'{path}: ')
        raise ConfirmerError(f'{path}: {problem}') from error
    except OSError as error:
        raise ConfirmerError(f'{path}: cannot be read: {error.strerror or error}') from error


def _parts(arrays: Dict[str, np.ndarray]) -> Tuple[Dict[str, Dict[str, np.ndarray]], Document]:
    """Return the arrays of the networks and of the probe, and the numbers beside them."""
    if _DOCUMENT not in arrays:
        raise StrictNpzError('it has no document')
    document = json.loads(arrays.pop(_DOCUMENT).tobytes().decode())
    version = document.pop('version', None) if isinstance(document, dict) else None
    if version not in (1, 2, VERSION) or isinstance(version, bool) \
            or document.pop('format', None) != FORMAT:
        raise ConfirmerError(f'expected a {FORMAT} of version 1 to {VERSION}')
    if version == 1:                   # heard no hints
        document.update(hint_threshold=1.0, hint_margin=0.0)
    expected = {'provenance', 'thresholds', *(one.name for one in NUMBERS)}
    if version == VERSION:             # before, windows were of one length
        expected.add(WINDOWS.name)
    if set(document) != expected:
        raise ConfirmerError(f'expected the entries {", ".join(sorted(expected))}')
    parts: Dict[str, Dict[str, np.ndarray]] = {name: {} for name in PARTS}
    for name, array in arrays.items():
        part, _, rest = name.partition('.')
        if part not in parts:
            raise ConfirmerError(f'array {name} is unknown')
        parts[part][rest] = array
    return parts, document


__all__ = ['Confirmer', 'ConfirmerError', 'load_confirmer', 'Pooling', 'probe_log_odds',
           'probe_shapes', 'save_confirmer', 'TAGGER_WINDOWS_S', 'window_lengths', 'WINDOW_S',
           'WINDOW_SAMPLES']
