# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Sounds that soothe, made on the spot: noises, a heartbeat, shushing and a lullaby.

Each is an endless stream from a seed: the same seed gives the same samples, however many are
asked for at a time, and what is remembered stays bounded. None repeats by cutting and pasting,
so none has a seam. Their spectra leave the band in which a cry has its formants to the baby
(`benchmarks/own_sound.py` measures that the detector goes on hearing).
"""

from typing import Any, Callable, Dict, Iterator

from baby_cry_detector.care.sound.lullaby import lullaby
import numpy as np

# Samples are made in pieces of this size whatever is asked for.
PIECE_S = 0.1


class SoundStream:
    """
    An endless sound.

    :param pieces: iterator of ``(n,)`` float64 arrays that never ends.
    """

    def __init__(self, pieces: Iterator[np.ndarray]) -> None:
        self._pieces = pieces
        self._rest = np.zeros(0)

    def take(self, count: int) -> np.ndarray:
        """Return the next ``count`` samples ``(count,)``."""
        parts, missing = [], count
        while missing > 0:
            if not self._rest.size:
                self._rest = next(self._pieces)
            part, self._rest = self._rest[:missing], self._rest[missing:]
            parts.append(part)
            missing -= part.size
        return np.concatenate(parts) if parts else np.zeros(0)


def _signal() -> Any:
    """Return scipy.signal: who plays nothing starts without it, sooner and with less memory."""
    from scipy import signal
    return signal


def _noise(sample_rate: int, seed: int, sections: np.ndarray) -> Iterator[np.ndarray]:
    """Yield Gaussian noise through a filter, settled from the first sample on."""
    rng = np.random.default_rng(seed)
    size = round(PIECE_S * sample_rate)
    state = np.zeros((len(sections), 2))
    for _ in range(10):        # a second to forget the start
        _, state = _signal().sosfilt(sections, rng.standard_normal(size), zi=state)
    while True:
        piece, state = _signal().sosfilt(sections, rng.standard_normal(size), zi=state)
        yield piece


def _slope_sections(sample_rate: int, low_hz: float, high_hz: float,
                    db_per_octave: float) -> np.ndarray:
    """Return a cascade of poles and zeros that falls by so many dB an octave between two."""
    count = max(2, round(np.log2(high_hz / low_hz)))
    step = (high_hz / low_hz) ** (1.0 / count)
    poles = low_hz * step ** (np.arange(count) + 0.5 - db_per_octave / 24.0)
    zeros = poles * step ** (db_per_octave / 6.0206)
    keep = zeros < 0.45 * sample_rate
    warped = [2 * sample_rate * np.tan(np.pi * f[keep] / sample_rate) for f in (zeros, poles)]
    sections: np.ndarray = _signal().zpk2sos(*_signal().bilinear_zpk(
        -warped[0], -warped[1], 1.0, float(sample_rate)))
    return sections


def _above(sample_rate: int, low_hz: float, order: int = 2) -> np.ndarray:
    sections: np.ndarray = _signal().butter(order, low_hz, 'high', fs=sample_rate, output='sos')
    return sections


def _band(sample_rate: int, low_hz: float, high_hz: float, order: int = 2) -> np.ndarray:
    high_hz = min(high_hz, 0.45 * sample_rate)
    return np.concatenate((
        _signal().butter(2, low_hz, 'high', fs=sample_rate, output='sos'),
        _signal().butter(order, high_hz, 'low', fs=sample_rate, output='sos')))


def white_noise(sample_rate: int, seed: int = 0) -> SoundStream:
    """Return noise with the same power in each Hz above 200 Hz: rain, a fan."""
    return SoundStream(_noise(sample_rate, seed, _above(sample_rate, 200.0)))


def pink_noise(sample_rate: int, seed: int = 0) -> SoundStream:
    """Return noise with the same power in each octave above 150 Hz: a waterfall."""
    return SoundStream(_noise(sample_rate, seed, np.concatenate((
        _slope_sections(sample_rate, 30.0, 12000.0, 3.0103), _above(sample_rate, 150.0)))))


def brown_noise(sample_rate: int, seed: int = 0) -> SoundStream:
    """Return noise that falls by 6 dB an octave above 400 Hz: distant surf."""
    return SoundStream(_noise(sample_rate, seed, np.concatenate((
        _signal().butter(1, 40.0, 'low', fs=sample_rate, output='sos'),
        _above(sample_rate, 400.0, 3)))))


def heartbeat(sample_rate: int, seed: int = 0) -> SoundStream:
    """Return a calm heart, some 65 beats a minute, each a muffled double thud without a pitch."""
    return SoundStream(_heartbeats(sample_rate, seed))


def _heartbeats(sample_rate: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng([seed, 2])
    while True:
        beat_s = 60.0 / 65.0 * (1.0 + float(np.clip(rng.normal(0, 0.015), -0.04, 0.04)))
        beat = np.zeros(round(beat_s * sample_rate))
        for hertz, length_s, at_s, gain in ((200.0, 0.16, 0.05, 1.0),
                                            (260.0, 0.12, 0.05 + 0.33 * beat_s, 0.8)):
            start = round(at_s * sample_rate)
            thud = _thud(sample_rate, hertz, length_s, rng)
            beat[start:start + thud.size] += gain * thud
        yield beat


def _thud(sample_rate: int, hertz: float, length_s: float, rng: np.random.Generator
          ) -> np.ndarray:
    time_s = np.arange(round(length_s * sample_rate)) / sample_rate
    shape = np.sin(np.pi * time_s / length_s) ** 2 * np.exp(-12.0 * time_s)
    band = _signal().sosfilt(_band(sample_rate, hertz, 3.0 * hertz), rng.standard_normal(
        time_s.size + sample_rate // 10))[sample_rate // 10:]
    thud: np.ndarray = shape * band / np.sqrt(np.mean(np.square(band)))
    return thud


def shush(sample_rate: int, seed: int = 0) -> SoundStream:
    """Return "sh ... sh ...": soft noise that swells and ebbs like somebody's breath."""
    return SoundStream(_shushes(sample_rate, seed))


def _shushes(sample_rate: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng([seed, 1])
    noise = SoundStream(_noise(sample_rate, seed, _band(sample_rate, 300.0, 7000.0)))
    while True:
        length_s = 1.6 * (1.0 + float(np.clip(rng.normal(0, 0.03), -0.08, 0.08)))
        part = noise.take(round(length_s * sample_rate))
        phase = np.arange(part.size) / part.size
        yield part * (0.25 + 0.75 * np.sin(np.pi * phase) ** 2)


#: Name of each made sound and what makes it: (sample rate in Hz, seed) to an endless stream.
MADE_SOUNDS: Dict[str, Callable[..., SoundStream]] = {
    'white': white_noise, 'pink': pink_noise, 'brown': brown_noise, 'heartbeat': heartbeat,
    'shush': shush,
    'lullaby': lambda sample_rate, seed=0: SoundStream(lullaby(sample_rate)),
}


def make_sound(name: str, sample_rate: int, seed: int = 0) -> SoundStream:
    """
    Return a made sound.

    :param name: one of `MADE_SOUNDS`.
    :param sample_rate: of its samples, 8000 to 192000 Hz.
    :param seed: everything in it that is random.
    :raises ValueError: on another name or rate.
    """
    if name not in MADE_SOUNDS:
        raise ValueError(f'{name!r} is no made sound; there are {", ".join(MADE_SOUNDS)}')
    if not 8000 <= sample_rate <= 192_000:
        raise ValueError(f'expected a sample rate of 8000 to 192000 Hz, got {sample_rate!r}')
    return MADE_SOUNDS[name](int(sample_rate), seed)
