# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Made not-cries that a home has and no corpus has enough of: tunes, chords, beeps, two-tone horns.

What they share with a cry is a strong harmonic voice at its pitch; what they lack is its melody,
breath and roughness. All pitches here are steady but for a small vibrato.
"""

import numpy as np

SAMPLE_RATE = 16000
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)


def tone(n: int, f0_hz: float, rng: np.random.Generator, slope: float, vibrato: float = 0.0
         ) -> np.ndarray:
    """
    Return a steady harmonic tone of RMS about 0.1.

    :param slope: amplitude of harmonic k is k**-slope.
    :param vibrato: relative depth of a 4-7 Hz vibrato.
    """
    time = np.arange(n) / SAMPLE_RATE
    rate = rng.uniform(4.0, 7.0)
    phase = 2 * np.pi * f0_hz * (time - vibrato * np.cos(2 * np.pi * rate * time)
                                 / (2 * np.pi * rate))
    count = max(1, min(12, int(7500 / f0_hz)))
    y = np.zeros(n)
    for k in range(1, count + 1):
        y += np.sin(k * phase + rng.uniform(0, 2 * np.pi)) * k ** -slope
    return y * (0.1 / max(np.sqrt(np.mean(y * y)), 1e-9))


def envelope(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return attack, exponential decay and release of a note."""
    time = np.arange(n) / SAMPLE_RATE
    attack_s, decay_s = rng.uniform(0.005, 0.06), rng.uniform(0.1, 3.0)
    shape = np.minimum(time / attack_s, 1.0) * np.exp(-time / decay_s)
    release = min(n, int(0.02 * SAMPLE_RATE))
    shape[n - release:] *= np.linspace(1.0, 0.0, release)
    return shape


def tune(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return notes of a scale, one to three voices."""
    y = np.zeros(n)
    slope, base = rng.uniform(0.5, 2.5), rng.uniform(110.0, 800.0)
    vibrato = rng.uniform(0.0, 0.012) if rng.random() < 0.5 else 0.0
    voices, beat = int(rng.integers(1, 4)), rng.uniform(0.12, 0.9)
    start = 0
    while start < n:
        length = max(160, min(n - start, int(beat * rng.integers(1, 4) * SAMPLE_RATE)))
        stop = min(n, start + length)
        for _ in range(voices):
            f0_hz = base * 2 ** (SCALE[int(rng.integers(len(SCALE)))] / 12)
            y[start:stop] += (tone(stop - start, f0_hz, rng, slope, vibrato)
                              * envelope(stop - start, rng))
        start = stop
    return y


def beeps(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a tone that is switched on and off."""
    time = np.arange(n) / SAMPLE_RATE
    period_s, duty = rng.uniform(0.1, 1.2), rng.uniform(0.2, 0.8)
    return (tone(n, rng.uniform(400.0, 3500.0), rng, rng.uniform(0.5, 4.0))
            * ((time / period_s) % 1.0 < duty))


def two_tones(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a horn that alternates between two pitches."""
    time = np.arange(n) / SAMPLE_RATE
    low = rng.uniform(250.0, 1200.0)
    slope, high = rng.uniform(0.3, 2.0), low * rng.uniform(1.1, 1.6)
    first = (time / rng.uniform(0.4, 1.6)) % 1.0 < 0.5
    return np.where(first, tone(n, low, rng, slope), tone(n, high, rng, slope))


def steady(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return one sustained tone: a whistle, an engine, a string."""
    f0_hz = float(np.exp(rng.uniform(np.log(60.0), np.log(3500.0))))
    return tone(n, f0_hz, rng, rng.uniform(0.3, 3.0), rng.uniform(0.0, 0.006))


def made_sound(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``n`` samples of one of the above at a random level."""
    kind = (tune, tune, beeps, two_tones, steady)[int(rng.integers(5))]
    return kind(n, rng) * 10.0 ** (rng.uniform(-30.0, 6.0) / 20.0)
