# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The linear path from loudspeakers to microphone, followed by a Kalman filter in frequency.

Partitioned-block frequency-domain Kalman filter with diagonal covariances (Enzner and Vary 2006;
Kuech, Mabande and Enzner 2014, "State-space architecture of the partitioned-block-based acoustic
echo controller"). Each frequency of each partition has its own uncertainty; what the microphone
has beside the echo (a cry, the room) is the noise of the measurement, followed per frequency. So
the step shrinks by itself while somebody cries, where the cry has its power, and nobody has to
decide whether both sound.

`kalman_filter.c` computes the same; the tests hold one against the other.
"""

from typing import Any, Tuple

from baby_cry_detector.audio.echo.compiled import CompiledSteps
import numpy as np

BLOCK = 256                    # samples of a step, 16 ms at 16 kHz
BINS = BLOCK + 1
#: How much of the path is kept from block to block: what it loses is how fast it may move.
TRANSITION = 0.9998
#: How much of the noise that is followed is kept from block to block.
NOISE_MEMORY = 0.8
#: What a path is before it is known: it falls by 60 dB in so long, and never below so much.
FIRST_DECAY_S, LEAST_FIRST = 0.3, 1e-3
FIRST_SHARE = 0.3              # of the power with which the reference arrives
DIRECT_PARTITIONS = 2          # where the direct sound may lie
#: So many other partitions are made 256 samples long at each step, one after the other.
SHORTENED = 2
#: Of the power that the uncertain path may add to a window half of which is zeros. Half of it for
#: white noise; what is narrower falls together, and a step as if it did not would go too far. Of
#: tones one frequency beside another knows nothing of it, and a longer step learns a note sooner.
EXPECTED, EXPECTED_OF_TONES = 0.8, 0.5
#: A frequency that is so many times louder than its mean of 0.3 s begins, as a note does; from
#: ONSET_FROM (not at all) to ONSET_FROM + ONSET_SPAN (wholly).
USUAL_MEMORY, ONSET_FROM, ONSET_SPAN = 0.95, 10.0, 12.0
#: There the path is uncertain by a share of its mean power: a note is learned as it begins.
ONSET_OPEN = 0.5
FAINT = 1e-9                   # power below which nothing begins
TINY = 1e-12


class KalmanFilter:
    """
    What reaches the microphone of one or more references.

    :param references: how many, at least 1.
    :param partitions: of 256 samples each, so long is the path that is modelled; more than 5.
    :param pure_python: do not use the compiled core.
    :ivar loudness: ``(references, 257)``, power of the newest block of each in frequency.
    :ivar uncertainty: ``(references, partitions, 257)``, the variance of each weight.
    """

    def __init__(self, references: int, partitions: int, pure_python: bool = False) -> None:
        shape = (references, partitions, BINS)
        # Real parts, then imaginary parts.
        self._weights, self._spectra = np.zeros((2, *shape)), np.zeros((2, *shape))
        self.uncertainty = np.zeros(shape)
        self._before = np.zeros((references, BLOCK))
        self._noise = np.zeros(BINS)
        self.loudness = np.zeros((references, BINS))
        self._usual = np.zeros(BINS)           # mean loudness of all, over a time
        # Which of the spectra is the newest, and which partitions are shortened next.
        self._state = np.zeros(2, np.int64)
        self._compiled: Any = None if pure_python else CompiledSteps.of(
            self._weights, self.uncertainty, self._spectra, self._before, self._noise,
            self.loudness, self._usual, self._state)
        for reference in range(references):
            self.expect(reference, 1.0)

    @property
    def weights(self) -> np.ndarray:
        """Return ``(references, partitions, 257)`` complex, the path in frequency, a copy."""
        result: np.ndarray = self._weights[0] + 1j * self._weights[1]
        return result

    def weights_of(self, rows: slice) -> np.ndarray:
        """Return the same of some references."""
        return self._weights[0, rows] + 1j * self._weights[1, rows]

    def take_over(self, rows: slice, other: 'KalmanFilter', other_rows: slice) -> None:
        """Know of some references what another filter knew of some, and what it heard."""
        self._state[0] = other._state[0]
        for new, old in ((self._weights, other._weights), (self._spectra, other._spectra)):
            new[:, rows] = old[:, other_rows]
        self.uncertainty[rows] = other.uncertainty[other_rows]
        self._before[rows] = other._before[other_rows]

    @property
    def references(self) -> int:
        """Return how many references there are."""
        return self._weights.shape[1]

    @property
    def partitions(self) -> int:
        """Return how many partitions the path has."""
        return self._weights.shape[2]

    def expect(self, reference: int, power: float) -> None:
        """Forget the path of a reference, which arrives with so many times its power."""
        time_s = np.maximum(0, np.arange(self.partitions) - DIRECT_PARTITIONS + 1) * BLOCK / 16e3
        decay = np.maximum(10.0 ** (-6.0 * time_s / FIRST_DECAY_S), LEAST_FIRST)
        self._weights[:, reference] = 0.0
        self.uncertainty[reference] = (FIRST_SHARE * power * decay)[:, None]

    def doubt(self, reference: int, share: float) -> None:
        """Take a path for uncertain by a share of its own power: something has moved."""
        power = np.square(self._weights[:, reference]).sum(axis=0)
        self.uncertainty[reference] += share * power.mean(axis=-1, keepdims=True)

    def keep_open(self, share: float) -> None:
        """
        Take no frequency for surer than a share of the path's mean power.

        While a tone sounds every frequency has a little of it, and seems known by that; the next
        note would be learned too slowly.
        """
        if self._compiled is not None:
            self._compiled.keep_open(share)
            return
        power = np.square(self._weights).sum(axis=0)
        np.maximum(self.uncertainty, share * power.mean(axis=-1, keepdims=True),
                   out=self.uncertainty)

    def forget_sound(self) -> None:
        """Begin a new stretch of sound; the paths stay."""
        self._spectra[:] = 0.0
        self._before[:] = 0.0
        self._noise[:] = 0.0
        self._usual[:] = 0.0

    def impulse_response(self, reference: int) -> np.ndarray:
        """Return a path in time, ``(256 partitions,)``."""
        return np.fft.irfft(self.weights[reference])[:, :BLOCK].ravel()

    def step(self, microphone: np.ndarray, references: np.ndarray, caution: float = 1.0,
             are_tones: bool = False) -> Tuple[np.ndarray, np.ndarray]:
        """
        Take a block, return the echo in it as it was expected, and by what was then learned.

        The second is what to subtract: a note that just begins is softer by it than by a path
        that did not know it. The first is what to judge by, since it knows nothing of the block.

        :return: both ``(256,)`` float64.

        :param microphone: ``(256,)`` samples.
        :param references: ``(references, 256)`` of the same time.
        :param caution: factor for the noise of the measurement, 1 or more: the path is learned
            so much more slowly; infinite: not at all.
        :param are_tones: whether the references have few frequencies.
        """
        share = EXPECTED_OF_TONES if are_tones else EXPECTED
        if self._compiled is not None:
            result: Tuple[np.ndarray, np.ndarray] = self._compiled.step(
                microphone, references, caution, share)
            return result
        weights = self.weights
        slot = self._state[0] = (self._state[0] - 1) % self.partitions
        newest = np.fft.rfft(np.concatenate((self._before, references), axis=1))
        self._spectra[:, :, slot] = newest.real, newest.imag
        self.loudness[:] = newest.real ** 2 + newest.imag ** 2
        self._before[:] = references
        spectra = np.roll(self._spectra[0] + 1j * self._spectra[1], -slot, axis=1)
        echo = np.fft.irfft((spectra * weights).sum(axis=(0, 1)))[BLOCK:]
        if caution == np.inf:
            return echo, echo
        error = np.fft.rfft(np.concatenate((np.zeros(BLOCK), microphone - echo)))
        onset = self._onset()
        mean = (np.abs(weights) ** 2).mean(axis=-1, keepdims=True)
        np.maximum(self.uncertainty, ONSET_OPEN / caution * onset * mean, out=self.uncertainty)
        power = np.abs(spectra) ** 2
        expected = (power * self.uncertainty).sum(axis=(0, 1))
        self._noise *= NOISE_MEMORY
        self._noise += (1.0 - NOISE_MEMORY) * np.abs(error) ** 2
        gain = self.uncertainty / (share * expected + caution * self._noise + TINY)
        weights += gain * np.conj(spectra) * error
        self.uncertainty *= 1.0 - 0.5 * gain * power
        weights *= TRANSITION
        self.uncertainty *= TRANSITION ** 2
        self.uncertainty += (1.0 - TRANSITION ** 2) * np.abs(weights) ** 2
        # The path of a partition is 256 samples long; what lies beyond is the circle's.
        others, turn = self.partitions - DIRECT_PARTITIONS, int(self._state[1])
        which = [*range(DIRECT_PARTITIONS), *(DIRECT_PARTITIONS + (turn + i) % others
                                              for i in range(SHORTENED))]
        self._state[1] = (turn + SHORTENED) % others
        path = np.fft.irfft(weights[:, which])
        path[:, :, BLOCK:] = 0.0
        weights[:, which] = np.fft.rfft(path)
        self._weights[:] = weights.real, weights.imag
        return echo, np.fft.irfft((spectra * weights).sum(axis=(0, 1)))[BLOCK:]

    def _onset(self) -> np.ndarray:
        """Return ``(257,)`` how far each frequency begins to sound, 0 to 1."""
        loudness = self.loudness.sum(axis=0)
        onset: np.ndarray = np.clip(
            (loudness / (self._usual + FAINT) - ONSET_FROM) / ONSET_SPAN, 0.0, 1.0)
        self._usual += (1.0 - USUAL_MEMORY) * (loudness - self._usual)
        return onset
