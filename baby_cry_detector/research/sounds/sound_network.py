# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The network of `model/second/sound_network.py` on many windows at once, for training."""

from typing import Mapping

from baby_cry_detector.model.second.sound_network import evened, LAYERS, log_mel, WINDOW_SAMPLES
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

BATCH = 32


class BatchNetwork:
    """
    The same numbers, three times as fast; equal to rounding.

    :param arrays: as `sound_network.shapes` says.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        self._arrays = arrays
        self._first = torch.from_numpy(arrays['first'].transpose(2, 0, 1)[:, None].copy())
        self._layers = [
            (torch.from_numpy(arrays[f'depth{number}'].transpose(2, 0, 1)[:, None].copy()),
             torch.from_numpy(arrays[f'depth{number}_bias']),
             torch.from_numpy(arrays[f'point{number}'].astype(np.float32)
                              * arrays[f'point{number}_scale'][:, None])[:, :, None, None],
             torch.from_numpy(arrays[f'point{number}_bias']), stride)
            for number, (_, _, stride) in enumerate(LAYERS)]

    @torch.no_grad()
    def embeddings(self, samples: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return what it knows of the windows that begin at these samples, float32 (n, 1024)."""
        rows = [np.zeros((0, 1024), np.float32)]
        for at in range(0, len(starts), BATCH):
            pictures = np.stack([
                log_mel(self._arrays['window'], self._arrays['mel'].T,
                        evened(np.asarray(samples[start:start + WINDOW_SAMPLES], np.float32)))
                for start in starts[at:at + BATCH]])
            rows.append(self._embedded(torch.from_numpy(pictures)[:, None]).numpy())
        return np.concatenate(rows)

    def _embedded(self, x: Tensor) -> Tensor:
        x = functional.conv2d(_padded(x, 2), self._first,
                              torch.from_numpy(self._arrays['first_bias']), 2)
        x = functional.relu(x).contiguous(memory_format=torch.channels_last)
        for depth, depth_bias, point, point_bias, stride in self._layers:
            x = functional.relu(functional.conv2d(_padded(x, stride), depth, depth_bias, stride,
                                                  groups=len(depth)))
            x = functional.relu(functional.conv2d(x, point, point_bias))
        return x.mean((2, 3))


def _padded(x: Tensor, stride: int) -> Tensor:
    """Return it with the edges of TensorFlow's SAME, for 3 x 3."""
    edges = []
    for length in (x.shape[3], x.shape[2]):
        missing = max((-(-length // stride) - 1) * stride + 3 - length, 0)
        edges += [missing // 2, missing - missing // 2]
    return functional.pad(x, edges)
