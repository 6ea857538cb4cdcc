# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Changes to a recording that a nursery, a microphone or a phone could have made.

Pure functions of float64 mono audio at 16 kHz and a NumPy generator. All are applied to the
waveform, before the features, so that they serve every feature set alike.
"""

from dataclasses import dataclass
from typing import Optional

from baby_cry_detector.fields import setting, Settings, share
import numpy as np
from scipy import fft

SAMPLE_RATE = 16000


@dataclass(frozen=True)
class Augmentation(Settings):
    """How far recordings are changed; every ``p_*`` is a probability per segment."""

    gain_db: float = setting(12.0, 'Louder or softer by up to this.', minimum=0.0)
    p_band_limit: float = share(0.5, 'Of a low pass, as of a telephone.')
    band_limit_low_hz: float = setting(3400.0, 'Its lowest corner.', minimum=0.0)
    band_limit_high_hz: float = setting(4000.0, 'Its highest corner.', minimum=0.0)
    p_tilt: float = share(0.5, 'Of a slope of the spectrum.')
    tilt_db_per_octave: float = setting(1.5, 'Its largest size, up or down.', minimum=0.0)
    p_speed: float = share(0.5, 'Of another speed.')
    speed_range: float = setting(
        0.08, 'How far its factor is from 1 at the most.', minimum=0.0, maximum=0.9)
    p_reverb: float = share(0.3, "Of a room's reverberation.")
    reverb_low_s: float = setting(0.15, 'Its shortest time.', minimum=0.0)
    reverb_high_s: float = setting(0.6, 'Its longest time.', minimum=0.0)
    p_noise: float = share(0.3, 'Of noise.')
    noise_snr_low_db: float = setting(0.0, 'How far the sound is above it at the least.')
    noise_snr_high_db: float = setting(25.0, 'And at the most.')
    p_overlay: float = share(0.25, 'Of another sound on top of it.')
    overlay_snr_low_db: float = setting(0.0, 'How far the sound is above that at the least.')
    overlay_snr_high_db: float = setting(20.0, 'And at the most.')


def rms(x: np.ndarray) -> float:
    """Return the root mean square, at least 1e-7 (-140 dB of full scale)."""
    return float(max(np.sqrt(np.mean(x * x)) if len(x) else 0.0, 1e-7))


def decibels_to_factor(level_db: float) -> float:
    """Return the amplitude factor of a level difference in dB."""
    return float(10.0 ** (level_db / 20.0))


def coloured_noise(n: int, slope_db_per_octave: float, rng: np.random.Generator) -> np.ndarray:
    """
    Return Gaussian noise of RMS 1 whose spectrum falls by ``slope_db_per_octave``.

    0 is white, 3 pink, 6 brown; flat below 50 Hz.
    """
    size = fft.next_fast_len(max(n, 16), real=True)
    spectrum = rng.standard_normal(size // 2 + 1) + 1j * rng.standard_normal(size // 2 + 1)
    frequency = np.maximum(np.arange(size // 2 + 1) * SAMPLE_RATE / size, 50.0)
    spectrum *= (frequency / 50.0) ** (-slope_db_per_octave / 6.0206)
    noise = fft.irfft(spectrum, size)[:n]
    return noise / rms(noise)


def shape_and_speed(x: np.ndarray, rng: np.random.Generator, options: Augmentation
                    ) -> np.ndarray:
    """Band-limit, tilt and speed up or slow down, in one pass through the spectrum."""
    limit = rng.random() < options.p_band_limit
    tilt = rng.random() < options.p_tilt
    factor = 1.0
    if rng.random() < options.p_speed:
        factor = float(rng.uniform(1 - options.speed_range, 1 + options.speed_range))
    if not (limit or tilt or factor != 1.0) or len(x) < 32:
        return x
    size = fft.next_fast_len(len(x) + 256, real=True)
    spectrum = fft.rfft(x, size)
    frequency = np.arange(len(spectrum)) * SAMPLE_RATE / size
    gain_db = np.zeros(len(spectrum))
    if limit:
        edge = rng.uniform(options.band_limit_low_hz, options.band_limit_high_hz)
        gain_db -= np.clip((frequency - edge) / 150.0, 0.0, 1.0) * 70.0
    if tilt:
        slope = rng.uniform(-options.tilt_db_per_octave, options.tilt_db_per_octave)
        gain_db += slope * np.log2(np.clip(frequency, 100.0, 8000.0) / 1000.0)
    spectrum *= 10.0 ** (gain_db / 20.0)
    # Lengths with large prime factors would take longer than all else; the speed differs by less
    # than a percent.
    new_size = fft.next_fast_len(2 * int(round(size / factor / 2)), real=True)
    wanted = max(32, int(round(len(x) * new_size / size)))
    half = new_size // 2 + 1
    if half <= len(spectrum):
        spectrum = spectrum[:half]
    else:
        spectrum = np.pad(spectrum, (0, half - len(spectrum)))
    return fft.irfft(spectrum, new_size)[:wanted] * (new_size / size)


def reverberate(x: np.ndarray, rng: np.random.Generator, options: Augmentation) -> np.ndarray:
    """Add the tail of a made-up room (noise that decays by 60 dB in 0.15-0.6 s), same length."""
    decay_s = rng.uniform(options.reverb_low_s, options.reverb_high_s)
    n = int(decay_s * SAMPLE_RATE)
    tail = rng.standard_normal(n) * 10.0 ** (-3.0 * np.arange(n) / n)
    tail[:int(0.002 * SAMPLE_RATE)] = 0.0
    tail *= decibels_to_factor(rng.uniform(-12.0, 3.0)) / np.sqrt((tail * tail).sum())
    tail[0] = 1.0
    size = fft.next_fast_len(len(x) + n, real=True)
    wet = fft.irfft(fft.rfft(x, size) * fft.rfft(tail, size), size)[:len(x)]
    return wet * (rms(x) / rms(wet))


def mains_hum(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return hum of 50 or 60 Hz with harmonics, -60 to -20 dB of full scale."""
    time = np.arange(n) / SAMPLE_RATE
    mains_hz = (50.0, 60.0)[int(rng.integers(2))] * rng.uniform(0.998, 1.002)
    slope = rng.uniform(0.3, 1.5)
    hum = np.zeros(n)
    for k in range(1, int(rng.integers(2, 13))):
        hum += k ** -slope * np.sin(2 * np.pi * k * mains_hz * time + rng.uniform(0, 2 * np.pi))
    return hum * (decibels_to_factor(rng.uniform(-60.0, -20.0)) / rms(hum))


def add_at_snr(x: np.ndarray, noise: np.ndarray, snr_db: float, level: Optional[float] = None
               ) -> np.ndarray:
    """
    Return ``x`` plus ``noise`` (tiled or cut to fit) at a signal-to-noise ratio in dB.

    :param level: RMS of the signal that the ratio refers to; its overall RMS by default.
    """
    if not len(noise) or not len(x):
        return x
    noise = np.tile(noise, -(-len(x) // len(noise)))[:len(x)]
    level = rms(x) if level is None else level
    return x + noise * (level / rms(noise) * decibels_to_factor(-snr_db))


def augment(x: np.ndarray, rng: np.random.Generator, options: Augmentation,
            overlay: Optional[np.ndarray] = None) -> np.ndarray:
    """
    Return a changed copy; its length differs where the speed does.

    :param overlay: another sound that may be mixed in. The caller takes it from the same fold,
        so that no copy carries sound from one fold into another.
    """
    y = shape_and_speed(x, rng, options)
    if rng.random() < options.p_reverb and len(y) > 1600:
        y = reverberate(y, rng, options)
    level = rms(x)
    if overlay is not None and rng.random() < options.p_overlay:
        y = add_at_snr(y, overlay, rng.uniform(options.overlay_snr_low_db,
                                               options.overlay_snr_high_db), level)
    if rng.random() < options.p_noise:
        noise = coloured_noise(len(y), rng.uniform(0.0, 6.0), rng)
        y = add_at_snr(y, noise, rng.uniform(options.noise_snr_low_db,
                                             options.noise_snr_high_db), level)
    return y * decibels_to_factor(rng.uniform(-options.gain_db, options.gain_db))


def fade(x: np.ndarray, fade_s: float = 0.005) -> np.ndarray:
    """Return a copy with its two ends faded in and out."""
    n = min(int(fade_s * SAMPLE_RATE), len(x) // 2)
    if n < 1:
        return x
    y = x.copy()
    ramp = np.arange(1, n + 1) / (n + 1)
    y[:n] *= ramp
    y[-n:] *= ramp[::-1]
    return y
