# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Made voices and whistles that are close to a cry and are none.

No free recordings of laughing and babbling babies were to be had in number, and few of sirens,
kettles, squeaky toys and fiddles. Each of these shares pitch and timbre with a cry and lacks what
a cry does: half a second to a second and a half of falling melody, a breath, and again. A laugh is
a row of short bursts (4 to 6 a second: Provine 1996), babble goes in syllables (2 to 4 a second),
a siren glides and never breathes.
"""

from typing import Optional, Tuple

import numpy as np

SAMPLE_RATE = 16000
CONTROL = 80                # samples between two points of a curve: 5 ms
HIGHEST_HZ = 7600.0


def curve(n: int, points: np.ndarray) -> np.ndarray:
    """Return ``n`` samples through points at even distances."""
    return np.interp(np.arange(n), np.linspace(0, max(n - 1, 1), len(points)), points)


def wander(n: int, rng: np.random.Generator, per_s: float) -> np.ndarray:
    """Return slow noise of about unit size, ``per_s`` turns a second."""
    return curve(n, rng.standard_normal(max(3, int(n / SAMPLE_RATE * per_s) + 2)))


def voiced(f0_hz: np.ndarray, loudness: np.ndarray, formants_hz: Tuple[float, ...], slope: float,
           breath: float, rng: np.random.Generator) -> np.ndarray:
    """
    Return a voice or pipe: harmonics of F0 through resonances, with breath.

    :param f0_hz: (n,) above 0.
    :param loudness: (n,) amplitude.
    :param formants_hz: resonances; none for a pipe or string.
    :param slope: amplitude of harmonic k before the resonances is k**-slope.
    :param breath: share of noise.
    """
    n = len(f0_hz)
    jitter = 1.0 + 0.006 * np.repeat(rng.standard_normal(n // CONTROL + 1), CONTROL)[:n]
    phase = 2 * np.pi * np.cumsum(f0_hz * jitter) / SAMPLE_RATE
    middle = float(np.median(f0_hz))
    y = np.zeros(n)
    for k in range(1, max(2, min(24, int(HIGHEST_HZ / middle))) + 1):
        gain = k ** -slope * _resonance(k * middle, formants_hz)
        y += gain * np.where(k * f0_hz < HIGHEST_HZ, np.sin(k * phase), 0.0)
    y /= np.sqrt(np.mean(y * y)) + 1e-9
    noise = rng.standard_normal(n)
    noise[1:] -= 0.7 * noise[:-1]
    return 0.1 * (y + breath * noise) * loudness


def _resonance(hz: float, formants_hz: Tuple[float, ...]) -> float:
    if not formants_hz:
        return 1.0
    return sum(1.0 / (1.0 + ((hz - centre) / (60.0 + 0.08 * centre)) ** 2)
               for centre in formants_hz) + 0.05


def _bursts(n: int, rng, rate_hz: float, duty: float, decay: float) -> np.ndarray:
    """Return loudness of a row of bursts, ``decay`` of it lost from each to the next."""
    loudness, at, level = np.zeros(n), int(rng.uniform(0, 0.1) * SAMPLE_RATE), 1.0
    while at < n:
        period = SAMPLE_RATE / rate_hz * rng.uniform(0.85, 1.15)
        length = min(n - at, int(period * duty * rng.uniform(0.8, 1.2)))
        if length > 8:
            loudness[at:at + length] = level * np.hanning(length) ** 0.6
        at += int(period)
        level *= 1.0 - decay
        if level < 0.25:            # breath in, and again
            at += int(rng.uniform(0.2, 0.7) * SAMPLE_RATE)
            level = 1.0
    return loudness


def laugh(n: int, rng: np.random.Generator, size: Optional[float] = None) -> np.ndarray:
    """
    Return a laugh: of a baby, a child or a grown-up.

    :param size: of who laughs, 0 a baby's and 1 a man's; drawn if not given.
    """
    size = rng.uniform(0.0, 1.0) if size is None else size
    base = 430.0 * (0.28 ** size) * rng.uniform(0.85, 1.3)
    loudness = _bursts(n, rng, rng.uniform(3.8, 6.2), rng.uniform(0.4, 0.75),
                       rng.uniform(0.02, 0.2))
    f0 = base * (1 + 0.25 * loudness) * (1 + 0.08 * wander(n, rng, 1.5))
    scale = 1.0 + 0.8 * (1 - size)
    formants = tuple(scale * np.array([700.0, 1250.0, 2600.0]) * rng.uniform(0.85, 1.15, 3))
    return voiced(np.maximum(f0, 60.0), loudness, formants, rng.uniform(0.5, 1.3),
                  rng.uniform(0.1, 0.6), rng)


def babble(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return syllables of a toddler."""
    loudness = _bursts(n, rng, rng.uniform(2.0, 4.0), rng.uniform(0.6, 0.9),
                       rng.uniform(0.05, 0.3))
    f0 = rng.uniform(260.0, 420.0) * (1 + 0.15 * wander(n, rng, 3.0))
    formants = tuple(np.array([900.0, 2000.0, 3800.0]) * rng.uniform(0.8, 1.2, 3))
    return voiced(np.maximum(f0, 120.0), loudness, formants, rng.uniform(0.8, 1.5),
                  rng.uniform(0.03, 0.2), rng)


def siren(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a wailing or yelping siren."""
    time = np.arange(n) / SAMPLE_RATE
    low = rng.uniform(350.0, 800.0)
    swing = 0.5 - 0.5 * np.cos(2 * np.pi * time * rng.uniform(0.1, 4.0)
                               + rng.uniform(0, 2 * np.pi))
    f0 = low * (1 + rng.uniform(0.4, 1.6) * swing)
    return voiced(f0, np.ones(n), (), rng.uniform(0.3, 1.5), rng.uniform(0.0, 0.1), rng)


def kettle(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a whistle over hiss that rises and stays."""
    end = rng.uniform(900.0, 3200.0)
    f0 = curve(n, np.array([end * rng.uniform(0.5, 1.0), end * 0.95, end, end]))
    f0 *= 1 + 0.01 * wander(n, rng, 6.0)
    return voiced(f0, curve(n, np.array([0.1, 0.7, 1.0, 1.0])), (), rng.uniform(1.0, 3.0),
                  rng.uniform(0.2, 1.0), rng)


def squeak(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a rubber toy: pressed and let go."""
    loudness = _bursts(n, rng, rng.uniform(0.8, 3.0), rng.uniform(0.2, 0.6), 0.0)
    f0 = rng.uniform(600.0, 2200.0) * (0.7 + 0.5 * loudness) * (1 + 0.03 * wander(n, rng, 8.0))
    return voiced(f0, loudness, (), rng.uniform(0.3, 1.2), rng.uniform(0.05, 0.4), rng)


def fiddle(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return bowed or sung notes with vibrato that slide into each other."""
    notes = rng.uniform(220.0, 880.0) * 2.0 ** (rng.integers(-5, 8, max(2, n // 6400)) / 12)
    f0 = np.repeat(notes, -(-n // len(notes)))[:n]
    size = int(rng.uniform(0.02, 0.12) * SAMPLE_RATE)
    f0 = np.convolve(np.pad(f0, size // 2, mode='edge'), np.ones(size) / size, 'same')
    f0 = f0[size // 2:size // 2 + n]
    time = np.arange(n) / SAMPLE_RATE
    f0 = f0 * (1 + rng.uniform(0.0, 0.03) * np.sin(2 * np.pi * rng.uniform(4.5, 7.0) * time))
    formants = tuple(rng.uniform(400.0, 3500.0, 4))
    return voiced(f0, 0.7 + 0.3 * np.abs(wander(n, rng, 3.0)), formants,
                  rng.uniform(0.5, 1.2), rng.uniform(0.0, 0.08), rng)


VOICES = (laugh, laugh, laugh, babble, babble, siren, kettle, squeak, fiddle, fiddle)


def made_voice(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``n`` samples of one of the above at a random level."""
    kind = VOICES[int(rng.integers(len(VOICES)))]
    y = kind(n, rng)
    return y * 10.0 ** (rng.uniform(-30.0, 6.0) / 20.0)
