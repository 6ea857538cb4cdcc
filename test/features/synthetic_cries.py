# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Harmonic cries with a known melody, some harmonics missing, in noise."""

import numpy as np

RATE = 16000
REGISTERS = ((200.0, 350.0), (350.0, 600.0), (600.0, 1000.0), (1000.0, 1500.0), (1500.0, 2000.0))
# Harmonic numbers that are left out, and how many there must be below 8 kHz to do so: the rest
# must still tell the fundamental from its multiples below 4 kHz.
MISSING = {'none': ((), 0), 'first': ((1,), 4), 'first two': ((1, 2), 9), 'second': ((2,), 0),
           'third and fifth': ((3, 5), 0)}


def melody(register, shape: int, count: int, rng) -> np.ndarray:
    """Return F0 in Hz per sample: an arc, a glide, a tremor or a jump inside the register."""
    t = np.arange(count) / count
    base = np.exp(rng.uniform(*np.log(register)))
    octaves = (rng.uniform(0.1, 0.5) * np.sin(np.pi * t),
               rng.uniform(-0.6, 0.6) * t,
               0.1 * np.sin(2 * np.pi * rng.uniform(3, 7) * t * count / RATE),
               rng.uniform(0.1, 0.5) * (t > 0.5))[shape]
    return np.clip(base * 2.0 ** octaves, *register)


def synthetic_cry(register, missing: str, snr_db: float, seed: int, duration_s: float = 1.6):
    """
    Return samples and F0 per sample: Hz, 0 in pauses, NaN where the truth is not defined.

    White noise, its level relative to the power of the voiced parts.
    """
    rng = np.random.default_rng(seed)
    skipped, needed = MISSING[missing]
    parts, truth, shape = [], [], seed
    while sum(map(len, parts)) < duration_s * RATE:
        count = int(rng.uniform(0.3, 0.6) * RATE)
        f0 = melody(register, shape % 4, count, rng)
        harmonics = int(7600 / f0.max()) + 1
        phase = 2 * np.pi * np.cumsum(f0) / RATE
        first, second = rng.uniform(800, 1400), rng.uniform(2800, 3800)
        wave = np.zeros(count)
        for k in range(1, harmonics + 1):
            if k in skipped and harmonics >= needed:
                continue
            hertz = k * f0
            gain = 1 + 2.5 * np.exp(-((hertz - first) / 300) ** 2)
            gain += 2 * np.exp(-((hertz - second) / 500) ** 2)
            wave += gain / k ** 0.8 * (hertz < 7600) * np.sin(k * phase + rng.uniform(0, 6.28))
        index = np.arange(count)
        envelope = np.minimum(1, np.minimum(index, count - index) / (0.04 * RATE))
        known = np.where(envelope > 0.3, f0, np.nan)
        if shape % 4 == 3:
            known[count // 2 - 300:count // 2 + 300] = np.nan  # around the jump
        parts += [0.1 * envelope * wave / np.sqrt(np.mean(wave ** 2)),
                  np.zeros(int(rng.uniform(0.1, 0.25) * RATE))]
        truth += [known, np.zeros(len(parts[-1]))]
        shape += 1
    samples, f0 = np.concatenate(parts), np.concatenate(truth)
    power = np.mean(samples[f0 > 0] ** 2)
    samples = samples + rng.standard_normal(samples.size) * np.sqrt(power) * 10 ** (-snr_db / 20)
    return np.round(samples * 32767) / 32767, f0


def gross_errors(f0_rows: np.ndarray, truth: np.ndarray, window_length: int):
    """
    Count voiced frames whose F0 is missing or more than 20 % off.

    :param f0_rows: F0 of each frame, Hz.
    :param truth: F0 of each sample; a frame is judged at the centre of its window.
    :return: wrong frames, voiced frames.
    """
    centres = np.arange(len(f0_rows)) * 160 + window_length // 2
    true = truth[centres]
    voiced = true > 0
    wrong = ~(np.abs(f0_rows[voiced] / true[voiced] - 1.0) < 0.2)
    return int(wrong.sum()), int(voiced.sum())
