# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The network of `model/second/tagger.py`: out of its published file, and on many windows."""

import hashlib
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple, Union

from baby_cry_detector.model.second.confirmer import TAGGER_WINDOWS_S, window_lengths
from baby_cry_detector.model.second.sound_network import WINDOW_SAMPLES
from baby_cry_detector.model.second.tagger import (BLOCKS, frame_window, mel_bands,
                                                   N_TAGGER_VALUES, picture, Tagger)
from baby_cry_detector.research.sounds.sound_network import BatchNetwork
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

BATCH = 32
# Of the published network's batch norms.
_EPSILON = 1e-3


def read_tagger(file: Path) -> Tuple[Dict[str, np.ndarray], str]:
    """
    Return the arrays of ``mn04_as_mAP_432.pt``, and the file's SHA-256.

    :raises ValueError: if it holds another network.
    :raises OSError: if it can't be read.
    """
    data = Path(file).read_bytes()
    try:
        state = torch.load(file, map_location='cpu', weights_only=True)
        arrays = _arrays(state)
        Tagger(arrays)
    except Exception as error:      # whatever is in the file
        raise ValueError(f'{file}: expected the weights of mn04: {error}') from error
    return arrays, hashlib.sha256(data).hexdigest()


def _arrays(state: Mapping[str, Tensor]) -> Dict[str, np.ndarray]:
    found: Dict[str, np.ndarray] = {}

    def put(name: str, weights: np.ndarray, bias: np.ndarray) -> None:
        found[name] = np.ascontiguousarray(weights, np.float16)
        found[f'{name}_bias'] = np.ascontiguousarray(bias, np.float32)

    def convolution(name: str, where: str) -> None:
        norm = {key: state[f'{where}.1.{key}'].double().numpy()
                for key in ('weight', 'bias', 'running_mean', 'running_var')}
        gain = norm['weight'] / np.sqrt(norm['running_var'] + _EPSILON)
        weights = state[f'{where}.0.weight'].double().numpy() * gain[:, None, None, None]
        is_product = weights.shape[2:] == (1, 1)
        put(name, weights[:, :, 0, 0].T if is_product else weights[:, 0].transpose(1, 2, 0),
            norm['bias'] - gain * norm['running_mean'])

    convolution('first', 'features.0')
    before = len(found['first_bias'])
    for number, block in enumerate(BLOCKS):
        where, part = f'features.{number + 1}.block', 0
        if block.inner != before:
            convolution(f'expand{number}', f'{where}.{part}')
            part += 1
        convolution(f'depth{number}', f'{where}.{part}')
        part += 1
        if block.squeeze:
            for name, layer in (('squeeze', 'fc1'), ('excite', 'fc2')):
                of = f'{where}.{part}.conc_se_layers.0.{layer}'
                put(f'{name}{number}', state[f'{of}.weight'].numpy().T,
                    state[f'{of}.bias'].numpy())
            part += 1
        convolution(f'project{number}', f'{where}.{part}')
        before = block.outer
    convolution('last', f'features.{len(BLOCKS) + 1}')
    return found


class BatchTagger:
    """
    The same numbers on many windows at once, for training; equal to rounding.

    :param arrays: as `tagger_shapes` says.
    :param n_samples: length of the windows that it hears.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], n_samples: int = WINDOW_SAMPLES):
        self._n_samples = n_samples
        self._is_hard = [block.is_hard for block in BLOCKS]
        self._weights: Dict[str, Tensor] = {}
        for name, value in arrays.items():
            weights = torch.from_numpy(value.astype(np.float32))
            if weights.ndim == 3:
                weights = weights.permute(2, 0, 1)[:, None].contiguous()
            elif weights.ndim == 2:
                weights = weights.T[:, :, None, None].contiguous()
            self._weights[name] = weights

    @torch.no_grad()
    def embeddings(self, samples: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """
        Return what it knows of windows, float32 (n, 384).

        :param samples: what came before it is silence.
        :param starts: where windows of `WINDOW_SAMPLES` begin; its own end where those do.
        """
        rows = [np.zeros((0, N_TAGGER_VALUES), np.float32)]
        window, bands = frame_window(), mel_bands()
        for at in range(0, len(starts), BATCH):
            pictures = np.stack([
                picture(newest(samples, start + WINDOW_SAMPLES, self._n_samples), window, bands)
                for start in starts[at:at + BATCH]])
            rows.append(self._embedded(torch.from_numpy(pictures)[:, None]).numpy())
        return np.concatenate(rows)

    def _embedded(self, x: Tensor) -> Tensor:
        return self.embedded(self.through_first(x, len(BLOCKS)))

    def through_first(self, x: Tensor, count: int) -> Tensor:
        """
        Return pictures after so many blocks, (n, channels, rows, columns).

        :param x: (n, 1, 128, F), as `picture` gives them.
        """
        x = functional.hardswish(self._layer(x, 'first', stride=2))
        x = x.contiguous(memory_format=torch.channels_last)
        return self._through(x, 0, count)

    def embedded(self, x: Tensor, after: int = len(BLOCKS)) -> Tensor:
        """Return the embeddings, (n, 384), of what `through_first` gave after so many blocks."""
        x = self._through(x, after, len(BLOCKS))
        return functional.hardswish(self._layer(x, 'last')).mean((2, 3))

    def _through(self, x: Tensor, first: int, end: int) -> Tensor:
        for number, block in enumerate(BLOCKS[first:end], first):
            act = functional.hardswish if block.is_hard else functional.relu
            before = x
            if f'expand{number}' in self._weights:
                x = act(self._layer(x, f'expand{number}'))
            x = act(self._layer(x, f'depth{number}', block.stride, block.inner))
            if block.squeeze:
                gate = functional.relu(self._layer(x.mean((2, 3), keepdim=True),
                                                   f'squeeze{number}'))
                x = x * torch.sigmoid(self._layer(gate, f'excite{number}'))
            x = self._layer(x, f'project{number}')
            x = x + before if x.shape == before.shape else x
        return x

    def _layer(self, x: Tensor, name: str, stride: int = 1, groups: int = 1) -> Tensor:
        weights = self._weights[name]
        return functional.conv2d(x, weights, self._weights[f'{name}_bias'], stride,
                                 weights.shape[-1] // 2, groups=groups)


def newest(samples: np.ndarray, end: int, count: int) -> np.ndarray:
    """Return so many samples before one, float32; what came before the first is silence."""
    part = np.asarray(samples[max(0, end - count):end], np.float32)
    return np.pad(part, (count - len(part), 0))


class ManyWindows:
    """YAMNet, mn04 or both on many windows at once, their values side by side."""

    def __init__(self, networks: Sequence[Union[BatchNetwork, BatchTagger]]):
        self._networks = networks

    def embeddings(self, samples: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return what they know of the windows that begin there, float32 (n, V)."""
        return np.concatenate([one.embeddings(samples, starts) for one in self._networks], 1)


def many_windows(network: Mapping[str, np.ndarray], tagger: Mapping[str, np.ndarray],
                 tagger_windows_s: Sequence[float] = TAGGER_WINDOWS_S) -> ManyWindows:
    """Return the networks of a second listener; see `Confirmer`."""
    networks: List[Union[BatchNetwork, BatchTagger]] = []
    if network:
        networks.append(BatchNetwork(network))
    if tagger:
        networks.extend(BatchTagger(tagger, length)
                        for length in window_lengths(tagger_windows_s))
    return ManyWindows(networks)
