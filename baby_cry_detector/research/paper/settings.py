# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The paper's experiments as data: models, Table 1 and shorter presets, published figures.

Source: "Research of Attention-LSTM Model for Baby Cry Detection Robot" (Jian, Peng, Peng, Yang).
"""

from dataclasses import asdict, dataclass, replace
import json
from typing import Dict, Tuple

from baby_cry_detector.model.architecture import Architecture

NEEDS, EMOTION = 'needs', 'emotion'     # the columns of Table 1: infant cries; speech corpora
PRESETS = ('paper', 'short', 'recipe')


@dataclass(frozen=True)
class Model:
    """One row of the paper's tables."""

    title: str
    cell: str
    depth: int = 1


MODELS: Dict[str, Model] = {
    'lstm': Model('LSTM', 'lstm'),
    'depth1': Model('attention gate depth 1', 'attention', 1),
    'depth2': Model('attention gate depth 2', 'attention', 2),
    'depth3': Model('attention gate depth 3', 'attention', 3),
    'gru': Model('GRU', 'gru'),
    'lstm_peephole': Model('LSTM with peepholes', 'lstm_peephole'),
}
EXPERIMENTS: Dict[str, Tuple[str, ...]] = {
    'experiment 1': ('lstm', 'depth1', 'depth2', 'depth3'),
    'experiment 2': ('lstm', 'gru', 'depth1'),
}
REFERENCE = 'lstm'      # what the paper compares with

#: The paper's averages over classes: recall (weighted by sample, that is WAR) and F1.
PUBLISHED: Dict[str, Dict[str, Tuple[float, float]]] = {
    'infant cry needs (private, 10 known babies)': {
        'lstm': (0.885, 0.885), 'depth1': (0.915, 0.916), 'depth2': (0.940, 0.940),
        'depth3': (0.930, 0.930)},
    'FAU Aibo (licensed, 5 classes)': {
        'lstm': (0.594, 0.586), 'depth1': (0.621, 0.603), 'depth2': (0.625, 0.601),
        'depth3': (0.619, 0.604)},
}


@dataclass(frozen=True)
class Preset:
    """
    Settings of every network of a comparison.

    :param hidden_sizes: units of the recurrent layers. :param dense_sizes: of the dense ones.
    :param stack_frames: frames of 10 ms side by side in one step.
    :param max_clip_s: longer clips keep their loudest stretch of this length; 0 keeps all.
    :param epochs: passes over the training folds.
    :param weight_decay: L2, in the gradient, as Adam has it.
    :param gradient_clip: largest norm of the gradient, 0 for no limit.
    :param normalisation: ``training`` (mean and deviation of the training folds) or
        ``speaker`` (running ones of the speaker, from the clips before and the frames so far).
    :param class_weights: weight the loss by the inverse frequency of the class.
    :param memory_steps: memories over which a gate bias starts spread.
    :param pooling: ``last`` classifies the state after the last step, as the paper does;
        ``mean`` the mean of the logits of all steps.
    :param averaging: decay per update of the running mean of the weights that is scored, 0
        for none.
    :param input_noise: deviation of the noise on normalised frames while training.
    :param cosine: let the learning rate fall to zero along a cosine.
    """

    name: str
    hidden_sizes: Tuple[int, ...] = (512, 256)
    dense_sizes: Tuple[int, ...] = (128,)
    stack_frames: int = 1
    max_clip_s: float = 0.0
    epochs: int = 1200
    batch_size: int = 128
    learning_rate: float = 1e-4
    beta2: float = 0.9
    weight_decay: float = 1e-4
    gradient_clip: float = 0.0
    dropout: float = 0.0
    gate_bias: bool = False
    depth_strategy: str = 'cascade'
    memory_steps: Tuple[float, float] = (1.0, 60.0)
    normalisation: str = 'training'
    class_weights: bool = False
    pooling: str = 'last'
    averaging: float = 0.0
    input_noise: float = 0.0
    cosine: bool = False

    def architecture(self, model: Model, n_inputs: int, n_classes: int) -> Architecture:
        """Return the network of one row of the tables."""
        return Architecture.paper(
            n_inputs, n_classes, model.cell, model.depth, hidden_sizes=self.hidden_sizes,
            dense_sizes=self.dense_sizes, stack_frames=self.stack_frames, dropout=self.dropout,
            depth_strategy=self.depth_strategy,
            gate_bias=self.gate_bias and model.cell == 'attention')

    def to_dict(self) -> dict:
        """Return a JSON document."""
        return json.loads(json.dumps(asdict(self)))


def make_preset(name: str, kind: str, **changes) -> Preset:
    """
    Return a preset for one column of Table 1.

    ``paper`` is Table 1. ``short`` keeps its L2, beta2 and lack of gate bias and dropout, and
    is smaller and faster everywhere else; ``recipe`` is ``short`` with what served these
    networks best: running statistics of the speaker, gate bias, dropout, noise, class weights,
    the mean over all steps, averaged weights, a learning rate that falls.

    :param kind: `NEEDS` or `EMOTION`.
    :param changes: other values of fields; None leaves a field as it is.
    :raises ValueError: on an unknown name.
    """
    if name not in PRESETS:
        raise ValueError(f'preset: expected one of {", ".join(PRESETS)}, got {name!r}')
    preset = Preset(name)
    if kind == NEEDS:
        preset = replace(preset, learning_rate=1e-3, beta2=0.7, batch_size=64, epochs=1500)
    if name != 'paper':
        preset = replace(preset, hidden_sizes=(128, 64), dense_sizes=(32,), stack_frames=4,
                         max_clip_s=3.0, epochs=40, batch_size=32, learning_rate=1e-3)
    if name == 'recipe':
        preset = replace(preset, normalisation='speaker', gate_bias=True, dropout=0.3,
                         gradient_clip=1.0, class_weights=True, pooling='mean',
                         averaging=0.98, input_noise=0.5, cosine=True, learning_rate=3e-3,
                         epochs=30)
    return replace(preset, **{key: value for key, value in changes.items() if value is not None})
