# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The class `Smile`: audio in, a pandas table with the index of audinterface out."""

from concurrent.futures import ThreadPoolExecutor
from enum import Enum
import os
from pathlib import Path
from typing import Any, Callable, Iterable, List, Optional, Sequence, Union

from baby_cry_detector.audio import FileSource, resample
from baby_cry_detector.audio.formats import from_pcm16, to_pcm16
from baby_cry_detector.features import extract, get_feature_set, StreamingExtractor
from baby_cry_detector.features.functionals import functional_columns, functionals
import numpy as np

#: What openSMILE says of the end of a frame, whatever its window.
FRAME_END_S = 0.020
Time = Any                             # what pandas.to_timedelta takes; a number is seconds


class FeatureSet(Enum):
    """The sets; ``cry`` is this project's, the others are named as in opensmile-python."""

    IS09 = 'is09'
    IS10 = 'is10'
    ComParE_2016 = 'compare16'
    cry = 'cry'


class FeatureLevel(Enum):
    """What is returned: descriptors of every 10 ms, their deltas, or statistics of the whole."""

    LowLevelDescriptors = 'lld'
    LowLevelDescriptors_Deltas = 'lld_de'
    Functionals = 'func'


class Smile:
    """
    Descriptors of signals and files.

    Functionals are those of the INTERSPEECH 2009 challenge and exist for IS09 alone. A signal of
    another rate is resampled where ``resample`` is set, and an error where it is not; files are
    always read at the set's rate.

    :param feature_set: a `FeatureSet` or its value.
    :param feature_level: a `FeatureLevel` or its value.
    :param sampling_rate: has to be that of the set, 16000, where it is given.
    :param channels: the channel (one) that is taken.
    :param mixdown: take the mean of all channels instead.
    :param resample: whether signals of other rates are resampled.
    :param num_workers: files at a time.
    :param verbose: taken, since opensmile takes it.
    :raises ValueError: if something is asked for that there is not.
    """

    def __init__(self, feature_set: Union[FeatureSet, str] = FeatureSet.IS09,
                 feature_level: Union[FeatureLevel, str] = FeatureLevel.Functionals, *,
                 sampling_rate: Optional[int] = None, channels: Union[int, Sequence[int]] = 0,
                 mixdown: bool = False, resample: bool = False, num_workers: int = 1,
                 verbose: bool = False) -> None:
        self.feature_set = FeatureSet(feature_set)
        self.feature_level = FeatureLevel(feature_level)
        self._set = get_feature_set(self.feature_set.value)
        if sampling_rate not in (None, self._set.sample_rate):
            raise ValueError(f'sampling_rate: {self.feature_set.name} is defined at '
                             f'{self._set.sample_rate} Hz, got {sampling_rate!r}')
        channels = [channels] if isinstance(channels, int) else list(channels)
        if len(channels) != 1 and not mixdown:
            raise ValueError(f'channels: expected one, or mixdown, got {channels}')
        self.sampling_rate = self._set.sample_rate
        self.channels, self.mixdown, self.resample = channels, mixdown, resample
        self.num_workers, self.verbose = num_workers, verbose
        columns = self._set.columns
        deltas = [index for index, name in enumerate(columns) if '_de' in name]
        self._columns: List[int] = []
        if self.feature_level is FeatureLevel.Functionals:
            if self.feature_set is not FeatureSet.IS09:
                raise ValueError(f'feature_level: {self.feature_set.name} has descriptors and '
                                 'deltas here; functionals are those of IS09 alone')
            self.feature_names = list(functional_columns(self._set))
        else:
            wants_deltas = self.feature_level is FeatureLevel.LowLevelDescriptors_Deltas
            self._columns = deltas if wants_deltas else [
                index for index in range(len(columns)) if index not in deltas]
            self.feature_names = [columns[index] for index in self._columns]

    @property
    def column_names(self) -> List[str]:
        """Return the names of the columns."""
        return list(self.feature_names)

    @property
    def num_features(self) -> int:
        """Return how many columns there are."""
        return len(self.feature_names)

    def __call__(self, signal: np.ndarray, sampling_rate: int) -> np.ndarray:
        """Return ``(1, features, frames)``, as audinterface's features."""
        return self._values(self._mono(signal, sampling_rate)).T[None]

    def process_signal(self, signal: np.ndarray, sampling_rate: int, *,
                       file: Optional[str] = None, start: Time = None, end: Time = None):
        """
        Return the descriptors of a signal.

        :param signal: ``(n,)`` or ``(channels, n)``, floating point, full scale 1.
        :param file: a name, which becomes the first level of the index.
        :param start: of the part that is taken; the index counts from the signal's beginning.
        :param end: of the part that is taken.
        :return: `pandas.DataFrame`; index (start, end), or (file, start, end).
        :raises ValueError: on another rate, or if it is no such signal.
        """
        mono = self._mono(signal, sampling_rate)
        return self._table(mono, start, end, file)

    def process_file(self, file, *, start: Time = None, end: Time = None,
                     root: Optional[str] = None):
        """
        Return the descriptors of a file; as `process_signal`, with the file in the index.

        :param root: folder that ``file`` counts from; the index has ``file`` as it is given.
        :raises AudioSourceError: if it can't be read.
        """
        path = Path(root, file) if root is not None else Path(file)
        source = FileSource(path, self.sampling_rate, 1.0,
                            channel='mix' if self.mixdown else self.channels[0])
        blocks = [block.pcm for block in source]
        samples = from_pcm16(np.concatenate(blocks)) if blocks else np.zeros(0)
        return self._table(samples, start, end, os.fspath(file))

    def process_files(self, files: Iterable, *, starts: Optional[Sequence[Time]] = None,
                      ends: Optional[Sequence[Time]] = None, root: Optional[str] = None):
        """Return the descriptors of several files, one under the other."""
        files = list(files)
        starts, ends = ([None] * len(files) if times is None else list(times)
                        for times in (starts, ends))
        if not len(starts) == len(ends) == len(files):
            raise ValueError(f'expected {len(files)} starts and ends')
        return self._joined(lambda file, start, end: self.process_file(
            file, start=start, end=end, root=root), zip(files, starts, ends))

    def process_folder(self, folder, *, filetype: str = 'wav', include_root: bool = True):
        """Return the descriptors of the files of a type in a folder (not in those below)."""
        files = sorted(str(path if include_root else path.name) for path in Path(folder).iterdir()
                       if path.suffix.lower() == f'.{filetype.lower().lstrip(".")}')
        return self.process_files(files, root=None if include_root else folder)

    def process_index(self, index, *, root: Optional[str] = None):
        """Return the descriptors of the files, or (file, start, end), of a pandas index."""
        rows = [(row if isinstance(row, tuple) else (row, None, None)) for row in index]
        return self.process_files(
            [row[0] for row in rows], root=root,
            starts=[_none_if_missing(row[1]) for row in rows],
            ends=[_none_if_missing(row[2]) for row in rows])

    def stream(self) -> StreamingExtractor:
        """Return what takes blocks of a stream and returns the rows that they complete."""
        return StreamingExtractor(self._set)

    def _joined(self, process: Callable, rows: Iterable):
        import pandas
        with ThreadPoolExecutor(self.num_workers) as pool:
            tables = list(pool.map(lambda row: process(*row), rows))
        return pandas.concat(tables) if tables else pandas.DataFrame(columns=self.feature_names)

    def _mono(self, signal: np.ndarray, sampling_rate: int) -> np.ndarray:
        signal = np.atleast_2d(np.asarray(signal))
        if signal.ndim != 2 or signal.dtype.kind not in 'f':
            raise ValueError('expected a floating point signal of shape (n,) or (channels, n), '
                             f'got {signal.dtype} {signal.shape}')
        if not self.mixdown and not -len(signal) <= self.channels[0] < len(signal):
            raise ValueError(f'expected channel {self.channels[0]}, the signal has {len(signal)}')
        mono = signal.mean(axis=0) if self.mixdown else signal[self.channels[0]]
        mono = np.asarray(mono, np.float64)
        if sampling_rate != self.sampling_rate:
            if not self.resample:
                raise ValueError(f'expected {self.sampling_rate} Hz, got {sampling_rate}; '
                                 'resample=True resamples')
            mono = from_pcm16(to_pcm16(resample(mono, sampling_rate, self.sampling_rate)))
        return mono

    def _values(self, samples: np.ndarray) -> np.ndarray:
        """Return (frames, features); functionals are one row, NaN where there is no frame."""
        values = extract(self._set, samples)
        if self.feature_level is not FeatureLevel.Functionals:
            return values[:, self._columns]
        if not len(values):
            return np.full((1, self.num_features), np.nan)
        return functionals(values)[None]

    def _table(self, samples: np.ndarray, start: Time, end: Time, file: Optional[str]):
        import pandas
        length_s = len(samples) / self.sampling_rate
        first_s, last_s = _seconds(pandas, start, 0.0), _seconds(pandas, end, length_s)
        if not 0.0 <= first_s <= last_s:
            raise ValueError(f'expected a start before the end, got {start!r} and {end!r}')
        last_s = min(last_s, length_s)
        part = samples[round(first_s * self.sampling_rate):round(last_s * self.sampling_rate)]
        values = self._values(part)
        if self.feature_level is FeatureLevel.Functionals:
            starts = pandas.to_timedelta([first_s], unit='s')
            ends = pandas.to_timedelta([last_s], unit='s')
        else:
            hop_s = self._set.hop_length / self._set.sample_rate
            offset = pandas.to_timedelta(first_s, unit='s')
            starts = offset + pandas.to_timedelta(
                np.round(np.arange(len(values)) * hop_s * 1e9).astype('int64'), unit='ns')
            ends = starts + pandas.to_timedelta(FRAME_END_S, unit='s')
        levels, names = [starts, ends], ['start', 'end']
        if file is not None:
            levels, names = [[file] * len(values), *levels], ['file', *names]
        index = pandas.MultiIndex.from_arrays(levels, names=names)
        return pandas.DataFrame(values, index=index, columns=self.feature_names)


def _seconds(pandas, time: Time, otherwise: float) -> float:
    if time is None or pandas.isna(time):
        return otherwise
    if isinstance(time, (int, float)):
        return float(time)
    return pandas.to_timedelta(time).total_seconds()


def _none_if_missing(time: Time) -> Time:
    return None if time is None or time != time else time
