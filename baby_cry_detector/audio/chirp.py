# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A soft chirp that the robot plays to learn whether it still hears, and how it is found again.

The sweep lasts so long and is so wide that a matched filter finds it far below the noise of the
room, whatever the room adds to it and whenever the loudspeaker gets round to playing it. What
else might look like it (a cry glides too) looks as much like the same sweep backwards: that one
is looked for as well, and nothing counts that does not stand out above it.
"""

from dataclasses import dataclass
from functools import lru_cache
import math
from typing import Iterator, Tuple

import numpy as np

CHIRP_S = 1.0
# Every loudspeaker and every microphone has this band, at 8,000 Hz too.
LOW_HZ, HIGH_HZ = 700.0, 3700.0
EDGE_S = 0.05                          # faded in and out: no click
SEARCH_RATE = 8000                     # Hz
# Two metres from the loudspeaker most of what arrives is reflections of this long.
SMEAR_S = 0.03
APART_S = 0.15                         # farther from the peak is something else
# A peak this far above the mean of the rest, and above what the backward sweep has, is the chirp.
LEAST_CONTRAST_DB, LEAST_LEAD_DB = 4.0, 5.0
# The weakest chirp that is found for certain, beside the level of the rest in its band.
DETECTABLE_DB = -2.0
_ENVELOPE_S, _SPECTRUM_HZ = 0.1, 50.0
_SILENCE = 1e-7                        # a hundredth of a step of 16 bits, RMS


@dataclass(frozen=True)
class ChirpFinding:
    """
    What a stretch of sound says about the chirp.

    :param is_found: whether it is in there.
    :param delay_s: after the first sample it begins; means nothing unless found.
    :param level_dbfs: RMS of what of it arrived, without what else sounded.
    :param noise_dbfs: RMS of everything else in its band.
    :param contrast_db: of the peak above the rest.
    :param lead_db: of the peak above that of the backward sweep.
    """

    is_found: bool
    delay_s: float
    level_dbfs: float
    noise_dbfs: float
    contrast_db: float
    lead_db: float

    @property
    def detectable_dbfs(self) -> float:
        """Return the level from which a chirp would have been found in this noise."""
        return self.noise_dbfs + DETECTABLE_DB


def make_chirp(sample_rate: int) -> np.ndarray:
    """
    Return the sweep, ``(CHIRP_S * sample_rate,)`` float64, peak 1.

    :raises ValueError: if the rate can't hold its band.
    """
    if sample_rate < 2 * HIGH_HZ:
        raise ValueError(f'expected a sample rate of at least {2 * HIGH_HZ:g} Hz, '
                         f'got {sample_rate!r}')
    time_s = np.arange(round(CHIRP_S * sample_rate)) / sample_rate
    phase = 2 * np.pi * (LOW_HZ * time_s + (HIGH_HZ - LOW_HZ) / (2 * CHIRP_S) * time_s ** 2)
    edge = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / EDGE_S)
    result: np.ndarray = np.sin(phase) * np.sin(0.5 * np.pi * edge) ** 2
    return result


def chirps(sample_rate: int) -> Iterator[np.ndarray]:
    """Yield chirp after chirp, for ever."""
    while True:
        yield make_chirp(sample_rate)


def find_chirp(samples: np.ndarray, sample_rate: int) -> ChirpFinding:
    """
    Look for the chirp.

    :param samples: ``(n,)`` mono, 1.0 is full scale; at least twice as long as the chirp.
    :raises ValueError: if that is too short, or the rate too low.
    """
    if len(samples) < 2 * CHIRP_S * sample_rate:
        raise ValueError(f'expected at least {2 * CHIRP_S:g} s of sound, '
                         f'got {len(samples) / sample_rate:.2f} s')
    make_chirp(sample_rate)            # can it hold the band?
    sound = _at_search_rate(samples, sample_rate)
    size = 1 << int(np.ceil(np.log2(len(sound) + CHIRP_S * SEARCH_RATE)))
    forth, back, energy = _replicas(size)
    places = len(sound) - round(CHIRP_S * SEARCH_RATE)         # at which it may begin
    in_band = np.fft.rfft(sound, size)
    in_band[forth == 0.0] = 0.0
    band_rms = np.sqrt(np.mean(np.square(np.fft.irfft(in_band, size)[:len(sound)])))
    evened = _evened(in_band, len(sound))
    power = _smeared(_inverse(evened * forth.conj())[:places])
    backwards = _smeared(_inverse(evened * back.conj())[:places])
    at = int(np.argmax(power))
    near = round(APART_S * SEARCH_RATE)
    rest = np.concatenate((power[:max(0, at - near)], power[at + near:]))
    contrast_db = _power_db(power[at]) - _power_db(rest.mean())
    lead_db = _power_db(power[at]) - _power_db(backwards.max())
    found = bool(contrast_db >= LEAST_CONTRAST_DB and lead_db >= LEAST_LEAD_DB
                 and band_rms > _SILENCE)
    # What arrived of it, directly and by reflections, as the energy around the peak.
    # Half of it lies before the peak: of one at the very beginning, at the end of the circle.
    plain = np.square(np.abs(_inverse(in_band * forth.conj())))
    around = plain.take(np.arange(at - near // 2, at + near // 2), mode='wrap')
    spread = float(_pulse(size)) * energy
    level = math.sqrt(around.sum() / spread * energy / (CHIRP_S * SEARCH_RATE))
    share = CHIRP_S * SEARCH_RATE / len(sound)
    noise = math.sqrt(max(0.0, band_rms ** 2 - (level ** 2 * share if found else 0.0)))
    return ChirpFinding(found, at / SEARCH_RATE, _power_db(level ** 2), _power_db(noise ** 2),
                        contrast_db, lead_db)


def _at_search_rate(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    sound = np.nan_to_num(np.asarray(samples, dtype=np.float64), posinf=0.0, neginf=0.0)
    divisor = math.gcd(SEARCH_RATE, sample_rate)
    from scipy import signal            # what does not need it starts sooner, with less memory
    result: np.ndarray = signal.resample_poly(sound - sound.mean(), SEARCH_RATE // divisor,
                                              sample_rate // divisor)
    return result


@lru_cache(maxsize=4)
def _replicas(size: int) -> Tuple[np.ndarray, np.ndarray, float]:
    """Return the spectra of the sweep and of the same backwards, and the sweep's energy."""
    sweep = make_chirp(SEARCH_RATE)
    hertz = np.fft.rfftfreq(size, 1.0 / SEARCH_RATE)
    outside = (hertz < LOW_HZ) | (hertz > HIGH_HZ)
    spectra = []
    for replica in (sweep, sweep[::-1]):
        spectrum = np.fft.rfft(replica, size)
        spectrum[outside] = 0.0
        spectra.append(spectrum)
    return spectra[0], spectra[1], float(sweep @ sweep)


@lru_cache(maxsize=4)
def _pulse(size: int) -> float:
    """Return the energy of the filter's answer to the sweep itself, over the sweep's energy."""
    sweep, _, energy = _replicas(size)
    return float(np.square(np.abs(_inverse(sweep * sweep.conj()))).sum()) / energy


def _inverse(spectrum: np.ndarray) -> np.ndarray:
    """Return the analytic signal of half a spectrum."""
    whole = np.zeros(2 * (len(spectrum) - 1), dtype=np.complex128)
    whole[:len(spectrum)] = 2.0 * spectrum
    return np.fft.ifft(whole)


def _evened(in_band: np.ndarray, count: int) -> np.ndarray:
    """Return the spectrum with what is loud for a moment, or hums all the time, made as others."""
    size = 2 * (len(in_band) - 1)
    sound = np.fft.irfft(in_band, size)[:count]
    envelope = np.sqrt(_averaged(np.square(sound), round(_ENVELOPE_S * SEARCH_RATE)))
    spectrum = np.fft.rfft(sound / (envelope + _SILENCE), size)
    width = max(1, round(_SPECTRUM_HZ * size / SEARCH_RATE))
    shape = np.sqrt(_averaged(np.square(np.abs(spectrum)), width))
    spectrum /= np.maximum(shape, 1e-9 * max(float(shape.max()), 1e-30))
    spectrum[in_band == 0.0] = 0.0
    return spectrum


def _smeared(correlation: np.ndarray) -> np.ndarray:
    return _averaged(np.square(np.abs(correlation)), round(SMEAR_S * SEARCH_RATE))


def _averaged(values: np.ndarray, width: int) -> np.ndarray:
    """Return the running mean of ``(n,)`` values over ``width`` of them, ends shortened."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    places = np.arange(len(values))
    low = np.maximum(0, places - width // 2)
    high = np.minimum(len(values), places - width // 2 + width)
    result: np.ndarray = np.maximum(0.0, sums[high] - sums[low]) / (high - low)
    return result


def _power_db(power: float) -> float:
    return 10.0 * math.log10(max(float(power), 1e-12))
