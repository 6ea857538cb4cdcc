# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A network that knows what else a sound is: YAMNet (Google, Apache-2.0) up to its embedding.

MobileNet v1 over the log-mel spectrogram of 0.975 s: a convolution, then thirteen pairs of a
3 x 3 convolution a channel and a product over the channels. Its weights are the published ones,
eight bits a number with a scale a row. It costs too much to be run all the time, so
`confirmer.py` has it hear candidates.
"""

from typing import Dict, List, Mapping, Tuple

from baby_cry_detector.model.second.convolution import convolve, RECTIFIED
import numpy as np

SAMPLE_RATE = 16000
WINDOW_SAMPLES = 15600
N_VALUES = 1024
_FRAME, _HOP, _FFT, _FRAMES, _MELS = 400, 160, 512, 96, 64
# The network was trained on levels like these (RMS, dB of full scale); what is faint it takes
# for silence, so every window is brought there, by at most 40 dB.
LEVEL_DB = -23.0
MOST_GAIN = 100.0
_OFFSET = 1e-3
#: (channels in, channels out, stride) of the thirteen pairs.
LAYERS: Tuple[Tuple[int, int, int], ...] = (
    (32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2),
    *(((512, 512, 1),) * 5), (512, 1024, 2), (1024, 1024, 1))


def shapes() -> Dict[str, Tuple[Tuple[int, ...], str]]:
    """Return the network's arrays: ``{name: (shape, dtype)}``."""
    found = {'window': ((_FRAME,), 'float32'), 'mel': ((_MELS, _FFT // 2 + 1), 'float32'),
             'first': ((3, 3, 32), 'float32'), 'first_bias': ((32,), 'float32')}
    for number, (inner, outer, _) in enumerate(LAYERS):
        found.update({
            f'depth{number}': ((3, 3, inner), 'float32'),
            f'depth{number}_bias': ((inner,), 'float32'),
            f'point{number}': ((outer, inner), 'int8'),
            f'point{number}_scale': ((outer,), 'float32'),
            f'point{number}_bias': ((outer,), 'float32')})
    return found


class SoundNetwork:
    """
    The network.

    :param arrays: as `shapes` says; each is asked for when it is used.
    :param is_busy: whether windows come all the time: the products' weights are then put together
        once and kept (13 MB), which is half of what a window costs.
    :raises ValueError: if they are others.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], is_busy: bool = False):
        for name, (shape, dtype) in shapes().items():
            if name not in arrays or arrays[name].shape != shape or arrays[name].dtype != dtype:
                raise ValueError(f'{name}: expected {dtype} of shape {shape}')
        self._window, self._mel = arrays['window'], np.ascontiguousarray(arrays['mel'].T)
        self._first, self._first_bias = arrays['first'], arrays['first_bias']
        self._arrays, self._is_busy = arrays, is_busy
        self._points: List[np.ndarray] = []

    def embedding(self, samples: np.ndarray) -> np.ndarray:
        """
        Return what the network knows of a window, float32 (1024,), each at least 0.

        :param samples: ``(15600,)`` at 16 kHz, 1.0 is full scale; its level does not count.
        """
        samples = np.asarray(samples, np.float32)
        if samples.shape != (WINDOW_SAMPLES,):
            raise ValueError(f'expected {WINDOW_SAMPLES} samples, got shape {samples.shape}')
        x = log_mel(self._window, self._mel, evened(samples))[:, :, None]
        x = _convolved(x, self._first, self._first_bias, 2)
        arrays = self._arrays
        for number, (_, _, stride) in enumerate(LAYERS):
            x = _convolved(x, arrays[f'depth{number}'], arrays[f'depth{number}_bias'], stride)
            x = x @ self._point(number)
            x *= arrays[f'point{number}_scale']
            x += arrays[f'point{number}_bias']
            x = np.maximum(x, 0.0)
        result: np.ndarray = x.mean(axis=(0, 1))
        return result

    def _point(self, number: int) -> np.ndarray:
        """Return a product's weights (channels in, channels out): whole numbers, to be scaled."""
        if number < len(self._points):
            return self._points[number]
        weights: np.ndarray = self._arrays[f'point{number}'].astype(np.float32).T
        # Kept they are four times as large: not for a few windows an episode.
        if self._is_busy and number == len(self._points):
            weights = np.ascontiguousarray(weights)
            self._points.append(weights)
        return weights


def log_mel(window: np.ndarray, mel: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """
    Return what the network sees, float32 (96, 64): a row every 10 ms.

    :param window: (400,) of a frame.
    :param mel: (257, 64) bands of the magnitudes.
    :param samples: (15600,).
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    spectrum = np.abs(np.fft.rfft(frames[:_FRAMES] * window, _FFT))
    result: np.ndarray = np.log(spectrum.astype(np.float32) @ mel + np.float32(_OFFSET))
    return result


def evened(samples: np.ndarray) -> np.ndarray:
    """Return samples at the level that the network knows; silence stays silence."""
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) + 1e-9
    result: np.ndarray = samples * np.float32(min(10.0 ** (LEVEL_DB / 20.0) / level, MOST_GAIN))
    return result


def _convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """Return a 3 x 3 convolution of each channel, rectified; edges as TensorFlow's SAME."""
    top, left = (max((-(-length // stride) - 1) * stride + 3 - length, 0) // 2
                 for length in x.shape[:2])
    return convolve(x, kernel, bias, stride, RECTIFIED, (top, left))
