# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One network stepping in NumPy: the cells' equations in the paper's order, then the heads.

Plain on purpose: it is what the compiled core is held against, and what runs where that was not
built.
"""

from typing import Dict, List, Mapping, Optional, Tuple

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.cells import CELLS
from baby_cry_detector.model.cells.cell import linear
import numpy as np

Arrays = Mapping[str, np.ndarray]


class NumpyNetwork:
    """
    A network that steps, batch 1; the numbers are float32.

    :param architecture: as trained.
    :param arrays: ``{name: float32}`` of ``architecture.shapes()``.
    """

    def __init__(self, architecture: Architecture, arrays: Arrays) -> None:
        self._architecture = architecture
        self._cell = CELLS[architecture.cell]
        self._arrays = arrays
        self._layers = [{name: arrays[f'layers.{index}.{name}']
                         for name in architecture.layer_shapes(index)}
                        for index in range(len(architecture.hidden_sizes))]
        self.reset()

    def step(self, x: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
        """
        Return (label logits, need logits or None).

        :param x: one step's normalised values (step_size,), finite.
        """
        for index, weights in enumerate(self._layers):
            x, self._memories[index] = self._cell.step(
                weights, x, self._h[index], self._memories[index], self._architecture, np)
            self._h[index] = x
        for index in range(len(self._architecture.dense_sizes)):
            x = np.tanh(self._linear(f'dense.{index}', x))
        needs = self._linear('need_head', x) if self._architecture.n_needs else None
        return self._linear('label_head', x), needs

    def reset(self) -> None:
        """Return to the state before the first step."""
        a = self._architecture
        self._h: List[np.ndarray] = [np.zeros(units, np.float32) for units in a.hidden_sizes]
        self._memories: List[List[np.ndarray]] = [
            [np.zeros(units, np.float32)] * a.n_memories for units in a.hidden_sizes]

    def export_state(self) -> Dict[str, np.ndarray]:
        """Return ``{'layerK.h': (H,), 'layerK.memories': (L, H)}``, newest memory first."""
        state = {}
        for index, units in enumerate(self._architecture.hidden_sizes):
            state[f'layer{index}.h'] = self._h[index].copy()
            state[f'layer{index}.memories'] = np.array(
                self._memories[index], np.float32).reshape(-1, units)
        return state

    def import_state(self, state: Arrays) -> None:
        """Set the state as exported; shapes are the caller's to check."""
        for index in range(len(self._layers)):
            self._h[index] = np.array(state[f'layer{index}.h'], np.float32)
            self._memories[index] = list(np.array(state[f'layer{index}.memories'], np.float32))

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        result: np.ndarray = linear(x, self._arrays[f'{name}.weight'],
                                    self._arrays.get(f'{name}.bias'))
        return result
