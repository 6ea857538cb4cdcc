# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Sample formats: the only place where integers become floats and floats integers.

Inside the package one unit of a float sample is 32767 steps of a 16-bit integer, so
``-32768`` decodes to slightly less than -1. Encoding and decoding again is the identity.
"""

from array import array
from dataclasses import dataclass
import math
from typing import List, Optional, Union

from baby_cry_detector.audio.errors import AudioFormatError
import numpy as np

# Bytes as they come: of a file, or of a message's ``uint8[]``.
Buffer = Union[bytes, bytearray, memoryview, 'array[int]']
PCM16_SCALE = 32767.0
BYTES_PER_SAMPLE = 2
LITTLE_ENDIAN, BIG_ENDIAN = 'S16LE', 'S16BE'
# audio_capture says wave; who writes a publisher of his own calls the same thing otherwise.
PLAIN = ('wave', 'pcm', 'raw')
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 4000, 384_000
MAX_CHANNELS = 64
COMMON_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000,
                192_000)


@dataclass(frozen=True)
class AudioFormat:
    """
    How the bytes of an audio stream are to be read; the fields of ``audio_common_msgs/AudioInfo``.

    :param sample_rate: samples per second and channel, 4000 to 384000.
    :param channels: 1 to 64, interleaved.
    :param sample_format: ``'S16LE'`` or ``'S16BE'``, signed 16-bit little- or big-endian; nothing
        else is read.
    :param coding_format: ``'wave'``, plain samples; nothing else is read.
    :raises AudioFormatError: naming what was expected.
    """

    sample_rate: int
    channels: int
    sample_format: str = 'S16LE'
    coding_format: str = 'wave'

    def __post_init__(self) -> None:
        """Check every field."""
        if self.coding_format.lower() == 'mp3':
            raise AudioFormatError('the audio source publishes mp3; set its format to wave')
        if self.coding_format.lower() not in PLAIN:
            raise AudioFormatError("expected coding format 'wave' (plain samples), "
                                   f'got {self.coding_format!r}')
        if self._order not in (LITTLE_ENDIAN, BIG_ENDIAN):
            raise AudioFormatError("expected sample format 'S16LE' (signed 16-bit little-endian) "
                                   f"or 'S16BE', got {self.sample_format!r}")
        check_sample_rate(self.sample_rate)
        if not _is_integer(self.channels) or not 1 <= self.channels <= MAX_CHANNELS:
            raise AudioFormatError(f'expected 1 to {MAX_CHANNELS} channels, got {self.channels!r}')

    @property
    def bytes_per_frame(self) -> int:
        """Return the size of one sample of every channel."""
        return BYTES_PER_SAMPLE * self.channels

    @property
    def is_big_endian(self) -> bool:
        """Return whether the high byte of a sample comes first."""
        return self._order == BIG_ENDIAN

    @property
    def _order(self) -> str:
        return self.sample_format.upper().replace('_', '')      # S16_LE is ALSA's spelling

    def little_endian(self, data: Buffer) -> bytes:
        """
        Return ``data`` as S16LE bytes.

        :raises AudioFormatError: if samples have to be turned round and there is half a one.
        """
        if not self.is_big_endian:
            return bytes(data)
        turned: np.ndarray = decode_frames(data, 1).byteswap()
        return turned.tobytes()

    def decode(self, data: Buffer, channel: Optional[int] = None) -> np.ndarray:
        """Return mono float64 samples of ``data``; see `decode_s16le`."""
        return decode_s16le(self.little_endian(data) if self.is_big_endian else data,
                            self.channels, channel)

    def frames(self, data: Buffer) -> np.ndarray:
        """Return the int16 samples of ``data``, ``(n, channels)``; see `decode_frames`."""
        frames = decode_frames(data, self.channels)
        return frames.byteswap() if self.is_big_endian else frames


@dataclass
class QuantisationCounts:
    """How many samples `to_pcm16` had to change: not a number, or outside of the range."""

    not_a_number: int = 0
    clipped: int = 0


def check_sample_rate(sample_rate: int, what: str = 'a sample rate') -> int:
    """
    Return ``sample_rate`` as an int.

    :raises AudioFormatError: unless it is a whole number from 4000 to 384000.
    """
    if not _is_integer(sample_rate) or not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioFormatError(f'expected {what} of {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz, '
                               f'got {sample_rate!r}')
    return int(sample_rate)


def decode_s16le(data: Buffer, channels: int, channel: Optional[int] = None) -> np.ndarray:
    """
    Turn interleaved S16LE bytes into mono samples.

    :param data: bytes, or anything with the buffer protocol (a message's ``uint8[]``).
    :param channels: how many channels are interleaved.
    :param channel: the channel to take, counted from 0; ``None`` takes the mean of all.
    :return: ``(n,)`` float64, ``pcm16 / 32767``.
    :raises AudioFormatError: on an odd byte count, a number of samples that is no multiple of
        the channels, or a channel that is not there.
    """
    frames = decode_frames(data, channels)
    if channel is not None and not (_is_integer(channel) and 0 <= channel < channels):
        raise AudioFormatError(f'expected a channel from 0 to {channels - 1}, got {channel!r}')
    if channels == 1 or channel is not None:
        return frames[:, channel or 0] / PCM16_SCALE
    result: np.ndarray = frames.sum(axis=1, dtype=np.int64) / (channels * PCM16_SCALE)
    return result


def decode_frames(data: Buffer, channels: int) -> np.ndarray:
    """
    Turn interleaved S16LE bytes into frames.

    :param data: bytes, or anything with the buffer protocol (a message's ``uint8[]``).
    :param channels: how many channels are interleaved.
    :return: ``(n, channels)`` int16.
    :raises AudioFormatError: on an odd byte count, or a number of samples that is no multiple of
        the channels.
    """
    if not _is_integer(channels) or not 1 <= channels <= MAX_CHANNELS:
        raise AudioFormatError(f'expected 1 to {MAX_CHANNELS} channels, got {channels!r}')
    try:
        size = memoryview(data).nbytes
    except TypeError:
        raise AudioFormatError('expected audio data as bytes, '
                               f'got {type(data).__name__}') from None
    if size % BYTES_PER_SAMPLE:
        raise AudioFormatError(f'expected 16-bit samples, got an odd number of bytes ({size})')
    if size % (BYTES_PER_SAMPLE * channels):
        raise AudioFormatError(f'expected whole frames of {channels} channels '
                               f'({BYTES_PER_SAMPLE * channels} bytes), got {size} bytes')
    if not size:
        return np.zeros((0, channels), np.int16)
    return np.frombuffer(data, dtype='<i2').reshape(-1, channels)


def from_pcm16(pcm: np.ndarray) -> np.ndarray:
    """Return int16 samples as float64, ``pcm16 / 32767``."""
    return np.asarray(pcm, dtype=np.int16) / PCM16_SCALE


def to_pcm16(samples: np.ndarray, counts: Optional[QuantisationCounts] = None) -> np.ndarray:
    """
    Round float samples to int16; clip what is outside, turn NaN into 0.

    :param samples: any shape, 1.0 is 32767.
    :param counts: told how many samples were NaN or clipped.
    :return: int16 of the same shape.
    """
    scaled = np.rint(np.asarray(samples, dtype=np.float64) * PCM16_SCALE)
    nans = np.isnan(scaled)
    if counts is not None:
        counts.not_a_number += int(np.count_nonzero(nans))
        counts.clipped += int(np.count_nonzero((scaled < -32768) | (scaled > 32767)))
    scaled[nans] = 0.0
    return np.clip(scaled, -32768, 32767).astype(np.int16)


def encode_s16le(samples: np.ndarray) -> bytes:
    """
    Return samples as S16LE bytes.

    :param samples: int16, taken as they are, or floats, quantised by `to_pcm16`; ``(n,)`` mono
        or ``(n, channels)``, which are interleaved.
    """
    samples = np.asarray(samples)
    if samples.dtype != np.int16:
        samples = to_pcm16(samples)
    return np.ascontiguousarray(samples).astype('<i2', copy=False).tobytes()


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def formats_of_pace(factor: float, rate: int, channels: int) -> List[str]:
    """
    Return what would explain audio that comes faster than its format says, in words.

    :param factor: how many times faster.
    :param rate: sampling rate in Hz that the format says.
    :param channels: channels that it says.
    """
    real_rate = rate * factor
    nearest = min(COMMON_RATES, key=lambda each: abs(math.log(each / real_rate)))
    causes = []
    if abs(nearest / real_rate - 1.0) < 0.1 and nearest != rate:
        causes.append(f'{nearest} Hz')
    causes += [f'{real} channel{"s" if real > 1 else ""}' for real in range(1, 9)
               if real != channels and abs(real / channels / factor - 1.0) < 0.05]
    causes += [f'samples of {bits} bits' for bits in (8, 24, 32, 64)
               if abs(bits / 16 / factor - 1.0) < 0.05]
    return [*causes, 'two publishers'] if abs(factor - 2.0) < 0.2 else causes
