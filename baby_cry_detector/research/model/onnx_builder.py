# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Collects the nodes of an ONNX graph; needs the optional package ``onnx``."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from onnx import checker, helper, numpy_helper, TensorProto

OPSET = 17
IR_VERSION = 8


class GraphBuilder:
    """Collects nodes and constants; values are named by number."""

    def __init__(self) -> None:
        self._nodes: List[Any] = []
        self._constants: List[Any] = []
        self._known: Dict[Tuple, str] = {}
        self._inputs: List[Any] = []
        self._outputs: List[Any] = []

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; return its name."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, n_outputs: int, *inputs: str, **attributes: Any) -> List[str]:
        """Add a node; return the names of its outputs."""
        names = [f'{kind}_{len(self._nodes)}_{n}' for n in range(n_outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """Return the name of a constant; the same value is stored once."""
        array = np.asarray(value, dtype=dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = f'constant_{len(self._constants)}'
            self._constants.append(numpy_helper.from_array(np.array(array, order='C'),
                                                           self._known[key]))
        return self._known[key]

    def input(self, name: str, shape: Sequence[int]) -> str:
        """Declare a float32 input; return its name."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def output(self, name: str, value: str, shape: Sequence[int]) -> None:
        """Declare a float32 output that is ``value``."""
        self._nodes.append(helper.make_node('Identity', [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def linear(self, x: str, weight: np.ndarray, bias: Optional[np.ndarray] = None) -> str:
        """Return x weightᵀ + bias."""
        inputs = [x, self.constant(weight)] + ([] if bias is None else [self.constant(bias)])
        return self.op('Gemm', *inputs, transB=1)

    def model(self, metadata: Optional[Dict[str, str]] = None) -> Any:
        """Return the checked model."""
        graph = helper.make_graph(self._nodes, 'baby_cry_detector', self._inputs, self._outputs,
                                  self._constants)
        model = helper.make_model(graph, producer_name='baby_cry_detector',
                                  opset_imports=[helper.make_opsetid('', OPSET)])
        model.ir_version = IR_VERSION
        helper.set_model_props(model, metadata or {})
        checker.check_model(model)
        return model
