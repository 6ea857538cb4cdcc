# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One network stepping in ONNX Runtime, behind the same methods as `NumpyNetwork`."""

from typing import Dict, Mapping, Optional, Tuple

import numpy as np

import onnxruntime

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.research.model.onnx_graph import member_model, state_shapes


class OnnxNetwork:
    """
    The graph of `onnx_graph.member_model` on one thread of the CPU.

    :param architecture: as trained.
    :param arrays: ``{name: float32}`` of ``architecture.shapes()``.
    """

    def __init__(self, architecture: Architecture, arrays: Mapping[str, np.ndarray]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            member_model(architecture, arrays).SerializeToString(), options,
            providers=['CPUExecutionProvider'])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._sizes = architecture.hidden_sizes
        self._shapes = state_shapes(architecture)
        self.reset()

    def step(self, x: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
        """Return (label logits, need logits or None) of one step's values (step_size,)."""
        values = self._session.run(self._outputs, {'x': x[None], **self._state})
        answer = dict(zip(self._outputs, values))
        self._state = {name: answer[f'next.{name}'] for name in self._shapes}
        needs = answer.get('needs')
        return answer['labels'][0], None if needs is None else needs[0]

    def prepare(self) -> None:
        """Do nothing: this backend does not split its step."""

    def reset(self) -> None:
        """Return to the state before the first step."""
        self._state = {name: np.zeros(shape, np.float32) for name, shape in self._shapes.items()}

    def export_state(self) -> Dict[str, np.ndarray]:
        """Return ``{'layerK.h': (H,), 'layerK.memories': (L, H)}``, newest memory first."""
        state = {}
        for index, units in enumerate(self._sizes):
            state[f'layer{index}.h'] = self._state[f'layer{index}.h'][0].copy()
            memories = self._state.get(f'layer{index}.memories', np.empty((0, units), np.float32))
            state[f'layer{index}.memories'] = memories.copy()
        return state

    def import_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set the state as exported; shapes are the caller's to check."""
        self._state = {name: np.array(state[name], np.float32).reshape(shape)
                       for name, shape in self._shapes.items()}
