# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The recurrent cells, one file each: names and shapes of the weights, equations, one step.

To add a cell, write its file and name it in `CELLS`: architecture, checkpoint, NumPy network,
training and ONNX export then know it. May import NumPy only; the step computes with torch when it
is given torch's functions.
"""

from typing import Dict

from baby_cry_detector.model.cells.attention_gate import AttentionGate
from baby_cry_detector.model.cells.cell import Cell, Settings, Shapes
from baby_cry_detector.model.cells.gru import Gru
from baby_cry_detector.model.cells.lstm import Lstm, PeepholeLstm

CELLS: Dict[str, Cell] = {cell.name: cell
                          for cell in (AttentionGate(), Lstm(), PeepholeLstm(), Gru())}

__all__ = ['Cell', 'CELLS', 'Settings', 'Shapes']
