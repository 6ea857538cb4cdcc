# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Audio files as streams of int16 blocks, mono, at the package's rate.

Whatever the file is, it is decoded, mixed to mono, resampled and quantised to int16, exactly
what an audio topic carries; so the file path and the graph hear the same numbers.
"""

import contextlib
from dataclasses import dataclass
import math
import os
from pathlib import Path
import re
from typing import Any, Callable, Iterator, List, Optional, Set, Union

from baby_cry_detector.audio.channels import AUTO, ChannelMixer, check_choice, Choice, parse_choice
from baby_cry_detector.audio.containers import Bytes, Recording, recordings_in
from baby_cry_detector.audio.errors import AudioFormatError, AudioSourceError
from baby_cry_detector.audio.formats import (AudioFormat, check_sample_rate, from_pcm16,
                                             PCM16_SCALE, QuantisationCounts, to_pcm16)
from baby_cry_detector.audio.resampler import StreamingResampler
import numpy as np

SAMPLE_RATE = 16_000
# Decoders of hot MP3 and OGG overshoot in fewer samples than this share.
_MOST_BEYOND = 0.01
# soundfile's unit is 32768 steps of a 16-bit integer, ours 32767.
_SOUNDFILE_UNIT = 32768.0 / PCM16_SCALE
_READ_S = 1.0                  # at a time
_UNKNOWN_FRAMES = 1 << 40      # a header that knows no length claims more than any file has
ADDRESS = re.compile('[a-z][a-z0-9+.-]+:/', re.IGNORECASE)
ADDRESS_WORDS = ('; addresses are not opened: save it as a file first (ffmpeg -i ADDRESS -t 60 '
                 'sound.wav), or publish it as audio_stamped')
PathLike = Union[str, 'os.PathLike[str]']


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
    the last one, which may be shorter. What is there is heard, whatever the header says: see
    `containers`; disagreements and what was found out about the channels are told by `take_news`.

    :param path: the file.
    :param sample_rate: rate of the blocks in Hz.
    :param block_duration_s: length of a block, 0.001 to 10 s.
    :param loop: whether to start again at the end, for ever; sample numbers count on.
    :param channel: ``'auto'``, ``'mix'`` or the number of a channel; see `ChannelMixer`.
    :raises AudioSourceError: if the file is missing, empty, unreadable or without samples,
        or has no such channel.
    """

    def __init__(self, path: PathLike, sample_rate: int = SAMPLE_RATE,
                 block_duration_s: float = 0.02, loop: bool = False,
                 channel: Choice = AUTO) -> None:
        self.path = Path(path)
        self.sample_rate = check_sample_rate(sample_rate)
        if not 0.001 <= block_duration_s <= 10:
            raise AudioSourceError('expected a block duration of 0.001 to 10 s, '
                                   f'got {block_duration_s!r}')
        self.block_size = max(1, round(block_duration_s * self.sample_rate))
        self.loop = loop
        self.channel = parse_choice(channel)
        self.counts = QuantisationCounts()
        self._soundfile = _import_soundfile()
        self._news: List[str] = []
        self._told: Set[Any] = set()             # each thing once, however often it is read
        self._beyond, self._is_counted = 0, False
        self._recordings = self._find_recordings()
        self._look()

    def take_news(self) -> List[str]:
        """Return what was found out about the file since the last call, a sentence each."""
        news, self._news = self._news, []
        return news

    def _tell(self, sentence: str) -> None:
        if sentence and sentence not in self._told:
            self._told.add(sentence)
            self._news.append(sentence)

    def _look(self) -> None:
        """Open each recording once, so that what is wrong is said at once."""
        is_empty = True
        for number, recording in enumerate(self._recordings):
            with self._open(recording) as file:
                audio_format = _check_format(self.path, file, self.channel)
                if not number:
                    self.file_format = audio_format
                is_empty = is_empty and not self._has_samples(file)
            if recording is not None and recording.lost_chunk:
                self._tell(f'the length of its chunk {recording.lost_chunk!r} leads out of the '
                           'file; the samples behind it are heard')
        if is_empty:
            raise AudioSourceError(f'{self.path}: holds no samples')
        if len(self._recordings) > 1:
            self._tell(f'{len(self._recordings)} recordings were joined in this file; all of them '
                       'are heard')

    def _has_samples(self, file: Any) -> bool:
        try:
            with _quiet(file):
                return len(file.read(1, dtype='float64', always_2d=True)) > 0
        except (self._soundfile.SoundFileError, RuntimeError) as error:
            raise AudioSourceError(f'{self.path}: damaged, cannot be decoded ({error})') from None

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
        resampler: Optional[StreamingResampler] = None
        mixer: Optional[ChannelMixer] = None
        while True:
            received = 0
            for recording in self._recordings:
                with self._open(recording) as file:
                    audio_format = _check_format(self.path, file, self.channel)
                    rate, channels = audio_format.sample_rate, audio_format.channels
                    if resampler is None or resampler.rate_in != rate:
                        if resampler is not None:
                            yield resampler.flush()
                        resampler = StreamingResampler(rate, self.sample_rate)
                    if mixer is None or (mixer.channels, mixer.sample_rate) != (channels, rate):
                        mixer = ChannelMixer(channels, rate, self.channel)
                    for frames in self._frames(file, recording):
                        received += len(frames)
                        yield resampler.process(self._mono(mixer.process(frames)))
                        self._tell(mixer.take_news())
            self._tell_counts(received)
            if not self.loop:
                break
            if not received:
                raise AudioSourceError(f'{self.path}: holds no samples any more')
        if resampler is not None:
            yield resampler.flush()

    def _frames(self, file: Any, recording: Optional[Recording]) -> Iterator[np.ndarray]:
        """Yield the frames of a recording as far as they can be had; say if they end early."""
        rate = int(file.samplerate)
        size, got, told = max(1, int(_READ_S * rate)), 0, int(file.frames)
        why = ''
        while True:
            buffer = np.full((size, file.channels), np.nan)
            try:
                with _quiet(file):
                    frames = file.read(out=buffer)
            except (self._soundfile.SoundFileError, RuntimeError) as error:
                # What was decoded before it is there; at the end of a FLAC of unknown length too.
                why = str(error) or 'damaged'
                frames = buffer[~np.isnan(buffer[:, 0])]
            if len(frames):
                got += len(frames)
                yield frames
            if why or not len(frames):
                break
        if why and told < _UNKNOWN_FRAMES:
            self._tell(f'damaged: what comes after {got / rate:.1f} s cannot be decoded ({why})')
        elif recording is not None and recording.told_s is not None:
            told_s = recording.told_s
            self._tell('the recording was cut off' if told_s < 0 else
                       _disagreement(told_s, got / rate))
        elif got < told < _UNKNOWN_FRAMES and not file.format.startswith('MP'):
            self._tell(_disagreement(told / rate, got / rate))

    def _tell_counts(self, count: int) -> None:
        """Say after the first time through what its samples were, of ``count``."""
        counts = self.counts
        if self._is_counted or not count:
            return
        self._is_counted = True
        if counts.not_a_number:
            self._tell(f'{counts.not_a_number} of its {count} samples are no numbers (NaN or '
                       'infinite): silence is heard in their place')
        if self._beyond > _MOST_BEYOND * count:
            self._tell(f'{100 * self._beyond / count:.0f} % of its samples lie beyond full scale '
                       'and are cut off: samples of floating point are within -1 to 1')

    def _mono(self, mono: np.ndarray) -> np.ndarray:
        bad = ~np.isfinite(mono)
        if bad.any():          # before the filter, which would smear them
            self.counts.not_a_number += int(np.count_nonzero(bad))
            mono = np.where(bad, 0.0, mono)
        if not self._is_counted:
            self._beyond += int(np.count_nonzero(np.abs(mono) > 1.0))
        return mono * _SOUNDFILE_UNIT

    def _find_recordings(self) -> List[Optional[Recording]]:
        """Return how the file has to be read; ``None`` is "as its header says"."""
        path = self.path
        if not path.exists():
            raise AudioSourceError(f'{path}: no such file' + (
                ADDRESS_WORDS if ADDRESS.match(str(path)) else ''))
        if not path.is_file():
            raise AudioSourceError(f'{path}: expected an audio file, this is not a regular file')
        try:
            if not path.stat().st_size:
                raise AudioSourceError(f'{path}: the file is empty')
            return [*recordings_in(path)] or [None]   # libsndfile says only "system error"
        except (OSError, ValueError) as error:
            if isinstance(error, AudioSourceError):
                raise
            raise AudioSourceError(
                f'{path}: cannot be read ({getattr(error, "strerror", None) or error})') from None

    def _open(self, recording: Optional[Recording]) -> Any:
        path, open_file = self.path, self._soundfile.SoundFile
        try:
            if recording is None:
                return open_file(os.fsencode(path))
            if recording.samples is None:
                return open_file(Bytes(path, recording))
            samples = recording.samples
            return open_file(Bytes(path, recording), samplerate=samples.sample_rate,
                             channels=samples.channels, subtype=samples.subtype,
                             endian=samples.endian, format='RAW')
        except OSError as error:
            raise AudioSourceError(f'{path}: cannot be read ({error.strerror})') from None
        except (self._soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
            if isinstance(error, AudioSourceError):
                raise
            raise AudioSourceError(f'{path}: expected an audio file (WAV, FLAC, OGG, …), '
                                   'cannot decode it '
                                   f'({getattr(error, "error_string", error)})') from None


def read_audio(path: PathLike, sample_rate: int = SAMPLE_RATE,
               channel: Choice = AUTO,
               say: Callable[[str], None] = lambda sentence: None,
               longest_s: float = math.inf) -> np.ndarray:
    """
    Return a whole file as mono float64 samples, ``pcm16 / 32767``, at 16 kHz.

    The same samples that `FileSource` gives; a mono 16-bit file of that rate passes bit-exactly.
    FFmpeg, where it is installed, reads what libsndfile does not.

    :param say: told what was found out about the file.
    :param longest_s: what comes later is not read.
    :raises AudioSourceError: as `FileSource`.
    """
    from baby_cry_detector.audio.ffmpeg import open_recording   # which is built on this module
    source = open_recording(path, sample_rate, block_duration_s=1.0, channel=channel)
    blocks, count = [], 0
    for block in source:
        blocks.append(block.pcm)
        count += len(block.pcm)
        if count >= longest_s * sample_rate:
            break
    for sentence in source.take_news():
        say(sentence)
    pcm = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
    return from_pcm16(pcm[:round(longest_s * sample_rate)] if count >= longest_s * sample_rate
                      else pcm)


@contextlib.contextmanager
def _quiet(file: Any) -> Iterator[None]:
    """Keep from standard error what libmpg123 prints there of MP3 frames that it mends itself."""
    try:
        kept = os.dup(2) if file.format.startswith('MP') else -1
    except OSError:                    # it is closed
        kept = -1
    if kept < 0:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def _disagreement(told_s: float, there_s: float) -> str:
    if f'{told_s:.1f}' == f'{there_s:.1f}':      # the last byte of a sample, say
        return ''
    return f'its header tells of {told_s:.1f} s, {there_s:.1f} s are there and are heard'


def _check_format(path: Path, file: Any, channel: Choice) -> AudioFormat:
    try:
        audio_format = AudioFormat(int(file.samplerate), int(file.channels))
        check_choice(channel, audio_format.channels)
    except AudioFormatError as error:
        raise AudioSourceError(f'{path}: {error}') from None
    return audio_format


def _import_soundfile() -> Any:
    try:
        import soundfile
    except Exception as error:         # another module of that name may raise anything
        raise AudioSourceError('reading audio files needs soundfile: install python3-soundfile '
                               f'(apt) or soundfile (pip) ({error})') from None
    return soundfile
