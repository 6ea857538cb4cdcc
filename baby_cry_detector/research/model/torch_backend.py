# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One network stepping in torch, behind the same methods as `NumpyNetwork`."""

from typing import Dict, Mapping, Optional, Tuple

import numpy as np
import torch

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.research.model.network import CryNetwork


class TorchNetwork:
    """
    The training network itself, batch 1, one step at a time.

    :param architecture: as trained.
    :param arrays: ``{name: float32}`` of ``architecture.shapes()``.
    """

    def __init__(self, architecture: Architecture, arrays: Mapping[str, np.ndarray]) -> None:
        self._network = CryNetwork(architecture).eval()
        self._network.load_arrays(arrays)
        self._frames = (1, architecture.stack_frames, architecture.input_size)
        self._state = self._network.zero_state(1)

    @torch.no_grad()
    def step(self, x: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
        """Return (label logits, need logits or None) of one step's values (step_size,)."""
        frames = torch.from_numpy(x).reshape(self._frames)
        labels, needs, self._state = self._network(frames, state=self._state)
        return labels[0, 0].numpy(), None if needs is None else needs[0, 0].numpy()

    def prepare(self) -> None:
        """Do nothing: this backend does not split its step."""

    def reset(self) -> None:
        """Return to the state before the first step."""
        self._state = self._network.zero_state(1)

    def export_state(self) -> Dict[str, np.ndarray]:
        """Return ``{'layerK.h': (H,), 'layerK.memories': (L, H)}``, newest memory first."""
        state = {}
        for index, (h, memories) in enumerate(self._state):
            state[f'layer{index}.h'] = h[0].numpy().copy()
            state[f'layer{index}.memories'] = memories[0].numpy().copy()
        return state

    def import_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set the state as exported; shapes are the caller's to check."""
        self._state = tuple(
            (torch.tensor(np.asarray(state[f'layer{index}.h']))[None],
             torch.tensor(np.asarray(state[f'layer{index}.memories']))[None])
            for index in range(len(self._state)))
