# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One breath of an infant's cry, from a source and a vocal tract.

Numbers: F0 and its melody (Michelsson 2002: 496 +/- 95 Hz, mainly rising-falling; Lockhart-Bouron
2023: about 450 Hz at home), phonation modes (phonated 250-700 Hz, hyperphonated 1-2 kHz,
dysphonated with subharmonics and noise: Corwin & Golub; rough in half of all cries of the first
two months: J. Voice 2015), a vocal tract of 7 to 8 cm (quarter waves near 1.1, 3.3 and 5.5 kHz).
"""

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np
from scipy import signal

RATE = 16_000
CONTROL_RATE = 200             # of melody, loudness and vocal tract
HIGHEST_PARTIAL_HZ = 7800.0
PHONATED, SUBHARMONIC, NOISY, HYPERPHONATED = 'phonated', 'subharmonic', 'noisy', 'hyperphonated'


@dataclass(frozen=True)
class Baby:
    """
    What stays the same from breath to breath.

    :param f0_hz: of calm crying, 330 to 600.
    :param formants_hz: of the open mouth.
    :param jitter: relative cycle-to-cycle change of F0 in clean phonation.
    :param shimmer: the same of the amplitude.
    """

    f0_hz: float
    formants_hz: Tuple[float, ...]
    jitter: float
    shimmer: float

    @classmethod
    def born(cls, rng: np.random.Generator) -> 'Baby':
        """Return a baby like those of the studies."""
        length = rng.normal(1.0, 0.05)
        return cls(f0_hz=float(np.clip(450 * rng.lognormal(0, 0.14), 330, 600)),
                   formants_hz=tuple(length * np.array([1120.0, 3300.0, 5500.0])
                                     * rng.normal(1, 0.03, 3)),
                   jitter=rng.uniform(0.005, 0.015), shimmer=rng.uniform(0.04, 0.10))


def expiration(baby: Baby, duration_s: float, distress: float, mode: str,
               rng: np.random.Generator) -> np.ndarray:
    """
    Return one cry ``(n,)`` with an RMS near 1 where it is loudest.

    :param distress: 0 (fussing) to 1; raises F0, brightness and melody.
    :param mode: what it changes to part-way, one of the modes of this module.
    """
    n = max(2, round(duration_s * CONTROL_RATE))
    time = np.linspace(0, 1, n)
    f0 = baby.f0_hz * (0.92 + 0.12 * distress) * _melody(time, duration_s, distress, rng)
    # The mouth opens and closes: F1 rises from a closed "mm", higher formants get stronger.
    opening = np.clip(np.sin(np.pi * time ** rng.uniform(0.5, 0.9)) * 1.4, 0, 1) ** 0.5
    opening *= 0.55 + 0.45 * distress
    changed = _part(time, rng) if mode != PHONATED else np.zeros(n)
    if mode == HYPERPHONATED:
        f0 *= 1 + changed * (rng.uniform(1100, 1700) / f0.max() - 1)
    loudness = _loudness(time, duration_s, rng)
    rough = changed if mode in (SUBHARMONIC, NOISY) else np.zeros(n)
    return _voice(baby, f0, loudness, opening, distress,
                  subharmonic=changed if mode == SUBHARMONIC else np.zeros(n),
                  noise=0.05 + 0.08 * distress + (0.55 if mode == NOISY else 0.2) * rough,
                  jitter=baby.jitter * (1 + 4 * rough), rng=rng)


def inspiration(baby: Baby, duration_s: float, rng: np.random.Generator) -> np.ndarray:
    """Return a voiced breath in: short, higher, noisy (Grau 1995)."""
    n = max(2, round(duration_s * CONTROL_RATE))
    time = np.linspace(0, 1, n)
    f0 = baby.f0_hz * rng.uniform(1.2, 2.0) * (0.9 + 0.3 * time)
    return _voice(baby, f0, np.sin(np.pi * time) ** 0.7, np.full(n, 0.4), 0.3,
                  subharmonic=np.zeros(n), noise=np.full(n, 0.8),
                  jitter=np.full(n, 3 * baby.jitter), rng=rng)


def _melody(time: np.ndarray, duration_s: float, distress: float, rng: np.random.Generator
            ) -> np.ndarray:
    """Return F0 relative to its base: one or two arcs, falling off at the end."""
    peak = rng.uniform(0.3, 0.65)
    height = rng.uniform(0.12, 0.25) + 0.13 * distress * rng.uniform(0.3, 1)
    arc = np.where(time < peak, np.sin(np.pi / 2 * time / peak),
                   np.cos(np.pi / 2 * (time - peak) / (1 - peak)))
    if duration_s > 0.8 and rng.random() < 0.3:
        arc = np.maximum(arc, 0) * (0.75 + 0.25 * np.cos(4 * np.pi * (time - peak)))
    sway = _slow_noise(time.size, duration_s, 4.0, rng)
    vibrato = 0.012 * np.sin(2 * np.pi * rng.uniform(5, 8) * duration_s * time)
    result: np.ndarray = 0.88 + height * np.maximum(arc, 0) ** 0.8 + 0.015 * sway + vibrato * time
    return result


def _loudness(time: np.ndarray, duration_s: float, rng: np.random.Generator) -> np.ndarray:
    attack, release = rng.uniform(0.03, 0.09) / duration_s, rng.uniform(0.08, 0.2) / duration_s
    edges = np.minimum(1, time / attack) * np.minimum(1, (1 - time) / release)
    arc = 0.65 + 0.35 * np.sin(np.pi * np.clip(time, 0, 1) ** rng.uniform(0.7, 1.3))
    trouble = 1 + 0.15 * _slow_noise(time.size, duration_s, 12.0, rng)
    result: np.ndarray = edges ** 0.8 * arc * np.clip(trouble, 0.3, 1.5)
    return result


def _part(time: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return where the breath is in its other mode: 0 to 1, with soft edges."""
    begin = rng.uniform(0.1, 0.5)
    end = min(1.0, begin + rng.uniform(0.25, 0.7))
    result: np.ndarray = np.clip(np.minimum(time - begin, end - time) / 0.04 + 0.5, 0, 1)
    return result


def _slow_noise(n: int, duration_s: float, bandwidth_hz: float, rng: np.random.Generator
                ) -> np.ndarray:
    """Return noise of about unit size whose changes take ``1 / bandwidth_hz``."""
    knots = max(4, int(duration_s * bandwidth_hz) + 3)
    smooth = signal.resample_poly(rng.normal(size=knots), 16, 1)
    result: np.ndarray = np.interp(np.linspace(0, smooth.size * (knots - 1) / knots, n),
                                   np.arange(smooth.size), smooth)
    return result


def _tract(frequency: np.ndarray, formants: Sequence[float], opening: np.ndarray) -> np.ndarray:
    """Return the gain of the vocal tract at a frequency, 1 far below the formants."""
    gain = np.ones_like(frequency)
    shifts = (0.35, 0.08, 0.03)        # how much a closed mouth lowers each
    for formant, shift, bandwidth in zip(formants, shifts, (450.0, 700.0, 1000.0)):
        centre = formant * (1 - shift * (1 - opening))
        gain = gain * centre ** 2 / np.hypot(centre ** 2 - frequency ** 2, bandwidth * frequency)
    # Higher resonances make up for what three of them take away above.
    result: np.ndarray = gain * (1 + (frequency / 5000.0) ** 2)
    return result


def _voice(baby: Baby, f0: np.ndarray, loudness: np.ndarray, opening: np.ndarray, distress: float,
           subharmonic: np.ndarray, noise: np.ndarray, jitter: np.ndarray,
           rng: np.random.Generator) -> np.ndarray:
    """Add up partials whose strengths follow source and tract, and noise through the same."""
    n = round(f0.size * RATE / CONTROL_RATE)
    grid, fine = np.arange(f0.size) / CONTROL_RATE, np.arange(n) / RATE

    def at_rate(values: np.ndarray) -> np.ndarray:
        fitted: np.ndarray = np.interp(fine, grid, values)
        return fitted

    # Cycle-to-cycle changes, held for about a period each.
    cycles = rng.normal(size=int(n / RATE * f0.max()) + 3)
    index = np.arange(n) / n * (cycles.size - 2)
    wobble = np.interp(index, np.arange(cycles.size), cycles)
    flutter = np.interp(index, np.arange(cycles.size), rng.permutation(cycles))
    phase = 2 * np.pi * np.cumsum(at_rate(f0) * (1 + at_rate(jitter) * wobble)) / RATE
    tilt_db = -3.5 + 4.0 * distress * opening          # in an octave; loud crying is brighter
    voice = np.zeros(n)
    for half in range(1, 2 * int(HIGHEST_PARTIAL_HZ / f0.min()) + 1):
        if half % 2 and not subharmonic.any():
            continue
        partial = half / 2
        frequency = partial * f0
        strength = 10 ** (tilt_db / 20 * np.log2(np.maximum(frequency, 100) / 400))
        strength = strength * _tract(frequency, baby.formants_hz, opening)
        strength[frequency > HIGHEST_PARTIAL_HZ] = 0
        if half % 2:
            strength = strength * 0.6 * subharmonic
        if strength.any():
            voice += at_rate(strength) * np.cos(partial * phase + rng.uniform(0, 2 * np.pi))
    # Breath noise, a little stronger where the voice is open, through the mean tract.
    taps = signal.firwin2(129, np.linspace(0, 1, 65), _noise_gain(baby, opening.mean(), distress))
    breath = signal.fftconvolve(rng.normal(size=n + 128), taps, mode='valid')
    breath *= (1 + 0.5 * np.cos(phase)) / np.sqrt(np.mean(breath ** 2))
    level = np.sqrt(np.mean(voice ** 2)) + 1e-12
    voice = voice / level * (1 + baby.shimmer * flutter) * np.sqrt(1 - 0.7 * at_rate(noise))
    result: np.ndarray = (voice + at_rate(noise) * breath) * at_rate(loudness)
    return result


def _noise_gain(baby: Baby, opening: np.ndarray, distress: float) -> np.ndarray:
    frequency = np.linspace(0, RATE / 2, 65)
    gain = _tract(np.maximum(frequency, 50), baby.formants_hz, opening)
    result: np.ndarray = gain / gain.max() * np.clip(frequency / 500, 0, 1)
    return result
