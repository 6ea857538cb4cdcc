# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Sounds of a home that are not crying, made from nothing: for demonstrations and tests."""

import numpy as np
from scipy import signal

RATE = 16_000


def room_noise(duration_s: float, rng: np.random.Generator) -> np.ndarray:
    """Return the noise of a quiet room ``(n,)``, mostly low, with an RMS of 1."""
    n = round(duration_s * RATE)
    spectrum = np.fft.rfft(rng.normal(size=n))
    frequency = np.fft.rfftfreq(n, 1 / RATE)
    spectrum *= (np.maximum(frequency, 120) / 120) ** -0.4 * np.minimum(frequency / 120, 1)
    noise = np.fft.irfft(spectrum, n)
    result: np.ndarray = noise / np.sqrt(np.mean(noise ** 2))
    return result


def hum(duration_s: float, rng: np.random.Generator) -> np.ndarray:
    """Return a refrigerator ``(n,)`` that sets in and stops; peak near 1."""
    time = np.arange(round(duration_s * RATE)) / RATE
    tone = sum(10 ** (-0.35 * k) * np.sin(2 * np.pi * 50 * k * time + rng.uniform(0, 6.28))
               for k in range(1, 9))
    rattle = signal.lfilter([1 - 0.97], [1, -0.97], rng.normal(size=time.size))
    edges = np.clip(np.minimum(time, duration_s - time) / 0.4, 0, 1)
    result: np.ndarray = 0.5 * (tone + rattle) * edges
    return result


def knocks(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``count`` knocks on wood, some 0.2 s apart; peak near 1."""
    sound = np.zeros(round((0.28 * count + 0.3) * RATE))
    time = np.arange(round(0.25 * RATE)) / RATE
    for k in range(count):
        knock = sum(np.exp(-time * rng.uniform(30, 60)) * np.sin(2 * np.pi * f * time)
                    for f in rng.uniform([110, 230, 420], [150, 330, 620]))
        knock += np.exp(-time * 400) * rng.normal(size=time.size)
        start = round((0.28 * k + rng.uniform(0, 0.05)) * RATE)
        sound[start:start + time.size] += knock
    result: np.ndarray = sound / np.abs(sound).max()
    return result


def babble(duration_s: float, rng: np.random.Generator, f0_hz: float = 125.0) -> np.ndarray:
    """Return an adult who talks without words ``(n,)``; peak near 1."""
    n = round(duration_s * RATE)
    speech = np.zeros(n)
    vowels = np.array([[730, 1090, 2440], [530, 1840, 2480], [270, 2290, 3010], [570, 840, 2410],
                       [300, 870, 2240]], dtype=float)
    start = 0.0
    while start < duration_s - 0.35:
        length = rng.uniform(0.12, 0.28)
        time = np.arange(round(length * RATE)) / RATE
        fall = 1 - 0.12 * start / duration_s - 0.1 * time / length
        phase = 2 * np.pi * np.cumsum(f0_hz * fall * rng.normal(1, 0.05)) / RATE
        frequency = f0_hz * np.arange(1, 30)
        formants = vowels[rng.integers(len(vowels))] * rng.normal(1, 0.04)
        gain = (frequency / f0_hz) ** -1.0
        for formant, bandwidth in zip(formants, (80, 100, 140)):
            gain *= formant ** 2 / np.hypot(formant ** 2 - frequency ** 2, bandwidth * frequency)
        vowel = (gain[:, None] * np.cos(np.arange(1, 30)[:, None] * phase)).sum(axis=0)
        vowel *= np.sin(np.pi * time / length) ** 0.6 * rng.uniform(0.5, 1)
        hiss = np.diff(rng.normal(size=round(0.06 * RATE) + 1)) * 0.03 * np.abs(vowel).max()
        begin = round(start * RATE)
        speech[begin:begin + vowel.size] += vowel
        if rng.random() < 0.5:
            speech[begin:begin + hiss.size] += hiss * np.hanning(hiss.size)
        start += length + (rng.uniform(0.3, 0.6) if rng.random() < 0.15 else
                           rng.uniform(0.01, 0.06))
    result: np.ndarray = speech / np.abs(speech).max()
    return result
