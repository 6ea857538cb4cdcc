# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A second network that knows what else a sound is: EfficientAT's mn04 up to its embedding.

MobileNet v3 of 0.4 width (Schmid, Koutini, Widmer 2022, MIT) over 128 mel bands of up to 15 kHz:
fifteen blocks of a product over the channels, a convolution a channel and a product, with
squeeze and excitation in eight of them. It learnt from an ensemble of transformers and hears more
in a sound than YAMNet. Its weights are the published ones, batch norms put into them, 16 bits a
number. Plain NumPy, for candidates only.
"""

from typing import Dict, Mapping, NamedTuple, Tuple

from baby_cry_detector.model.second.convolution import (activated, convolve, HARD_SWISH,
                                                        hard_swish, RECTIFIED)
from baby_cry_detector.model.second.sound_network import evened, SAMPLE_RATE, WINDOW_SAMPLES
import numpy as np

N_TAGGER_VALUES = 384
_FRAME, _HOP, _FFT, _BANDS = 800, 320, 1024, 128
_LOWEST_HZ, _HIGHEST_HZ = 0.0, 15000.0
_PREEMPHASIS = np.float32(0.97)
_OFFSET, _SHIFT, _SCALE = 1e-5, 4.5, 5.0
_FIRST, _LAST = 8, 64                               # channels


class Block(NamedTuple):
    """
    One block.

    :param inner: channels of its convolution.
    :param kernel: of that, both ways.
    :param outer: channels out.
    :param squeeze: units of its squeeze and excitation, 0 for none.
    :param is_hard: whether its activation is hard-swish; else ReLU.
    """

    inner: int
    kernel: int
    outer: int
    squeeze: int
    is_hard: bool
    stride: int


BLOCKS: Tuple[Block, ...] = tuple(Block(*row) for row in (
    (8, 3, 8, 0, False, 1), (24, 3, 16, 0, False, 2), (32, 3, 16, 0, False, 1),
    (32, 5, 16, 8, False, 2), (48, 5, 16, 16, False, 1), (48, 5, 16, 16, False, 1),
    (96, 3, 32, 0, True, 2), (80, 3, 32, 0, True, 1), (72, 3, 32, 0, True, 1),
    (72, 3, 32, 0, True, 1), (192, 3, 48, 48, True, 1), (272, 3, 48, 72, True, 1),
    (272, 5, 64, 72, True, 2), (384, 5, 64, 96, True, 1), (384, 5, 64, 96, True, 1)))


def tagger_shapes() -> Dict[str, Tuple[Tuple[int, ...], str]]:
    """Return the network's arrays: ``{name: (shape, dtype)}``."""
    found: Dict[str, Tuple[Tuple[int, ...], str]] = {}

    def add(name: str, *shape: int) -> None:
        found[name] = shape, 'float16'
        found[f'{name}_bias'] = shape[-1:], 'float32'

    add('first', 3, 3, _FIRST)
    before = _FIRST
    for number, block in enumerate(BLOCKS):
        if block.inner != before:
            add(f'expand{number}', before, block.inner)
        add(f'depth{number}', block.kernel, block.kernel, block.inner)
        if block.squeeze:
            add(f'squeeze{number}', block.inner, block.squeeze)
            add(f'excite{number}', block.squeeze, block.inner)
        add(f'project{number}', block.inner, block.outer)
        before = block.outer
    add('last', _LAST, N_TAGGER_VALUES)
    return found


class Tagger:
    """
    The network.

    :param arrays: as `tagger_shapes` says; each is asked for when it is used.
    :param n_samples: length of the windows that it hears, at 16 kHz; any does, more of a sound
        tells more of it.
    :raises ValueError: if they are others.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], n_samples: int = WINDOW_SAMPLES):
        for name, (shape, dtype) in tagger_shapes().items():
            if name not in arrays or arrays[name].shape != shape or arrays[name].dtype != dtype:
                raise ValueError(f'{name}: expected {dtype} of shape {shape}')
        self._arrays, self._n_samples = arrays, n_samples
        self._bands, self._window = mel_bands(), frame_window()

    def embedding(self, samples: np.ndarray) -> np.ndarray:
        """
        Return what the network knows of a window, float32 (384,).

        :param samples: ``(n_samples,)`` at 16 kHz, 1.0 is full scale; its level does not count.
        """
        samples = np.asarray(samples, np.float32)
        if samples.shape != (self._n_samples,):
            raise ValueError(f'expected {self._n_samples} samples, got shape {samples.shape}')
        x = picture(samples, self._window, self._bands)[:, :, None]
        x = convolve(x, self._weights('first'), self._arrays['first_bias'], 2, HARD_SWISH)
        for number, block in enumerate(BLOCKS):
            x = self._block(x, number, block)
        result: np.ndarray = hard_swish(self._product(x, 'last')).mean(axis=(0, 1))
        return result

    def _block(self, x: np.ndarray, number: int, block: Block) -> np.ndarray:
        activation = HARD_SWISH if block.is_hard else RECTIFIED
        before = x
        if block.inner != x.shape[2]:
            x = activated(self._product(x, f'expand{number}'), activation)
        name = f'depth{number}'
        x = convolve(x, self._weights(name), self._arrays[f'{name}_bias'], block.stride,
                     activation)
        if block.squeeze:
            gate = activated(self._product(x.mean(axis=(0, 1)), f'squeeze{number}'), RECTIFIED)
            x = x * sigmoid(self._product(gate, f'excite{number}'))
        x = self._product(x, f'project{number}')
        return x + before if x.shape == before.shape else x

    def _weights(self, name: str) -> np.ndarray:
        return self._arrays[name].astype(np.float32)

    def _product(self, x: np.ndarray, name: str) -> np.ndarray:
        result: np.ndarray = x @ self._weights(name) + self._arrays[f'{name}_bias']
        return result


def doubled(samples: np.ndarray) -> np.ndarray:
    """
    Return the sound at twice the rate: ``(n,)`` to ``(2 n,)``.

    As SciPy's `resample_poly(samples, 2, 1)` does it (41 taps, Kaiser window, β 5), which costs a
    node half a second of its start, and memory, where nothing else needs it.
    """
    low_pass = np.sinc(np.arange(-20, 21) / 2) * np.kaiser(41, 5.0)
    low_pass *= 2 / low_pass.sum()
    result = np.empty(2 * len(samples))
    result[::2] = np.convolve(samples, low_pass[::2])[10:10 + len(samples)]
    result[1::2] = np.convolve(samples, low_pass[1::2])[10:10 + len(samples)]
    return result


def picture(samples: np.ndarray, window: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """
    Return what the network sees, float32 (128 bands, F frames): one every 10 ms, 98 of 0.975 s.

    :param samples: (n,) at 16 kHz.
    :param window: as `frame_window` gives it.
    :param bands: as `mel_bands` gives them.
    """
    x = doubled(evened(samples)).astype(np.float32)
    x = np.pad(x[1:] - _PREEMPHASIS * x[:-1], _FFT // 2, mode='reflect')
    frames = np.lib.stride_tricks.sliding_window_view(x, _FFT)[::_HOP]
    spectrum = np.fft.rfft(frames * window, _FFT)
    power = (spectrum.real ** 2 + spectrum.imag ** 2).astype(np.float32)
    level = np.log(power @ bands + np.float32(_OFFSET))
    return np.ascontiguousarray((level.T + np.float32(_SHIFT)) / np.float32(_SCALE))


def frame_window() -> np.ndarray:
    """Return the Hann window of a frame in the middle of a transform, float32 (1024,)."""
    edge = (_FFT - _FRAME) // 2
    return np.pad(np.hanning(_FRAME), edge).astype(np.float32)


def mel_bands() -> np.ndarray:
    """Return the triangles of the bands over a spectrum of power, float32 (513, 128)."""
    def mel(hz: np.ndarray) -> np.ndarray:
        return 1127.0 * np.log(1.0 + np.asarray(hz, float) / 700.0)

    low, high = mel(np.array([_LOWEST_HZ, _HIGHEST_HZ]))
    step = (high - low) / (_BANDS + 1)
    left = low + step * np.arange(_BANDS)
    # The highest bin is left out, as Kaldi does.
    hz = np.arange(_FFT // 2) * (2 * SAMPLE_RATE / _FFT)
    up = (mel(hz)[:, None] - left) / step
    return np.pad(np.maximum(0.0, np.minimum(up, 2.0 - up)), ((0, 1), (0, 0))).astype(np.float32)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x))."""
    result: np.ndarray = 1.0 / (1.0 + np.exp(-x))
    return result
