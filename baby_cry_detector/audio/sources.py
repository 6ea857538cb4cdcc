# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Audio files as streams of int16 blocks, mono, at the package's rate.

Whatever the file is, it is decoded, mixed to mono, resampled and quantised to int16, exactly
what an audio topic carries; so the file path and the graph hear the same numbers.
"""

from dataclasses import dataclass
import os
from pathlib import Path
from typing import Iterator, Optional, Union

import numpy as np

from baby_cry_detector.audio.errors import AudioFormatError, AudioSourceError
from baby_cry_detector.audio.formats import (AudioFormat, check_sample_rate, from_pcm16,
                                             PCM16_SCALE, QuantisationCounts, to_pcm16)
from baby_cry_detector.audio.resampler import StreamingResampler

SAMPLE_RATE = 16_000
# soundfile's unit is 32768 steps of a 16-bit integer, ours 32767.
_SOUNDFILE_UNIT = 32768.0 / PCM16_SCALE
_READ_DURATION_S = 0.25
PathLike = Union[str, os.PathLike]


@dataclass(frozen=True)
class AudioBlock:
    """
    Some consecutive samples.

    :param first_sample: number of the first one, counted from the start of the stream.
    :param pcm: ``(n,)`` int16, mono.
    :param capture_time_ns: when the first sample was captured; ``None`` for a file.
    """

    first_sample: int
    pcm: np.ndarray
    capture_time_ns: Optional[int] = None


class FileSource:
    """
    A WAV, FLAC, OGG … file as blocks; iterate to get them, any number of times.

    The file is read as it goes and never held in memory. All blocks have the same size but
    the last one, which may be shorter.

    :param path: the file.
    :param sample_rate: rate of the blocks in Hz.
    :param block_duration_s: length of a block, 0.001 to 10 s.
    :param loop: whether to start again at the end, for ever; sample numbers count on.
    :param channel: the channel to take, counted from 0; ``None`` takes the mean of all.
    :raises AudioSourceError: if the file is missing, empty, unreadable or without samples,
        now, or during iteration if it turns out to be damaged further on.
    """

    def __init__(self, path: PathLike, sample_rate: int = SAMPLE_RATE,
                 block_duration_s: float = 0.02, loop: bool = False,
                 channel: Optional[int] = None) -> None:
        self.path = Path(path)
        self.sample_rate = check_sample_rate(sample_rate)
        if not 0.001 <= block_duration_s <= 10:
            raise AudioSourceError('expected a block duration of 0.001 to 10 s, '
                                   f'got {block_duration_s!r}')
        self.block_size = max(1, round(block_duration_s * self.sample_rate))
        self.loop = loop
        self.channel = channel
        self.counts = QuantisationCounts()
        self._soundfile = _import_soundfile()
        with self._open() as file:
            self.file_format = _check_format(self.path, file, channel)
            self.frames = int(file.frames)      # as the header says; 0 or huge where unknown
            if not len(self._read(file, 1)):
                raise AudioSourceError(f'{self.path}: holds no samples')

    @property
    def duration_s(self) -> float:
        """Return the duration that the file's header claims."""
        return self.frames / self.file_format.sample_rate

    def __iter__(self) -> Iterator[AudioBlock]:
        """Yield the blocks of the file."""
        first_sample = 0
        rest = np.zeros(0, np.int16)
        for samples in self._resampled():
            rest = np.concatenate((rest, to_pcm16(samples, self.counts)))
            whole = len(rest) // self.block_size * self.block_size
            for start in range(0, whole, self.block_size):
                yield AudioBlock(first_sample, rest[start:start + self.block_size])
                first_sample += self.block_size
            rest = rest[whole:]
        if len(rest):
            yield AudioBlock(first_sample, rest)

    def _resampled(self) -> Iterator[np.ndarray]:
        resampler = StreamingResampler(self.file_format.sample_rate, self.sample_rate)
        read_size = max(1, int(_READ_DURATION_S * self.file_format.sample_rate))
        while True:
            received = 0
            with self._open() as file:
                if _check_format(self.path, file, self.channel) != self.file_format:
                    raise AudioSourceError(f'{self.path}: changed its format while it was read')
                while True:
                    frames = self._read(file, read_size)
                    if not len(frames):
                        break
                    received += len(frames)
                    yield resampler.process(self._mono(frames))
            if not self.loop:
                break
            if not received:
                raise AudioSourceError(f'{self.path}: holds no samples any more')
        yield resampler.flush()

    def _mono(self, frames: np.ndarray) -> np.ndarray:
        mono = frames.mean(axis=1) if self.channel is None else frames[:, self.channel]
        bad = ~np.isfinite(mono)
        if bad.any():          # before the filter, which would smear them
            self.counts.not_a_number += int(np.count_nonzero(bad))
            mono = np.where(bad, 0.0, mono)
        return mono * _SOUNDFILE_UNIT

    def _read(self, file, frames: int) -> np.ndarray:
        try:
            return file.read(frames, dtype='float64', always_2d=True)
        except (self._soundfile.SoundFileError, RuntimeError) as error:
            raise AudioSourceError(f'{self.path}: damaged, cannot be decoded ({error})') from None

    def _open(self):
        path = self.path
        if not path.exists():
            raise AudioSourceError(f'{path}: no such file')
        if not path.is_file():
            raise AudioSourceError(f'{path}: expected an audio file, this is not a regular file')
        try:
            if not path.stat().st_size:
                raise AudioSourceError(f'{path}: the file is empty')
            with open(path, 'rb'):
                pass           # libsndfile says no more than "system error"
            return self._soundfile.SoundFile(os.fsencode(path))
        except OSError as error:
            raise AudioSourceError(f'{path}: cannot be read ({error.strerror})') from None
        except (self._soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
            if isinstance(error, AudioSourceError):
                raise
            raise AudioSourceError(f'{path}: expected an audio file (WAV, FLAC, OGG, …), '
                                   'cannot decode it '
                                   f'({getattr(error, "error_string", error)})') from None


def read_audio(path: PathLike, sample_rate: int = SAMPLE_RATE,
               channel: Optional[int] = None) -> np.ndarray:
    """
    Return a whole file as mono float64 samples, ``pcm16 / 32767``, at 16 kHz.

    The same samples that `FileSource` gives; a mono 16-bit file of that rate passes bit-exactly.

    :raises AudioSourceError: as `FileSource`.
    """
    blocks = [block.pcm for block in
              FileSource(path, sample_rate, block_duration_s=1.0, channel=channel)]
    return from_pcm16(np.concatenate(blocks)) if blocks else np.zeros(0)


def _check_format(path: Path, file, channel: Optional[int]) -> AudioFormat:
    try:
        audio_format = AudioFormat(int(file.samplerate), int(file.channels))
    except AudioFormatError as error:
        raise AudioSourceError(f'{path}: {error}') from None
    if channel is not None and not 0 <= channel < audio_format.channels:
        raise AudioSourceError(f'{path}: expected a channel from 0 to '
                               f'{audio_format.channels - 1}, got {channel}')
    return audio_format


def _import_soundfile():
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise AudioSourceError('reading audio files needs soundfile: install python3-soundfile '
                               f'(apt) or soundfile (pip) ({error})') from None
    return soundfile
