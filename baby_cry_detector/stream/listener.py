# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Network and decision of one stream: frames → probabilities → decisions.

What becomes of messages around it (repeated, lost, none) is `classification`.
"""

from typing import Iterable, Optional

from baby_cry_detector.checkpoints import SHIPPED
from baby_cry_detector.decision import CryDecision, DecisionSettings, make_decider
from baby_cry_detector.decision.operating_points import thresholds_of
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.model.checkpoint import Checkpoint, load_checkpoint
from baby_cry_detector.model.compiled import CompiledModel
from baby_cry_detector.model.runtime import make_runtime
from baby_cry_detector.stream import compiled
from baby_cry_detector.units import SECOND_NS
import numpy as np


def open_checkpoint(path: str = '') -> Checkpoint:
    """
    Load a checkpoint.

    :param path: a file, or the name of a shipped one: '' for the default, ``is09``.
    :raises CheckpointError: one sentence on what is wrong with it.
    """
    return load_checkpoint(SHIPPED.get(str(path), path))


class FrameListener:
    """
    Network and decision for one stream of frames.

    :param checkpoint: network, feature set, labels and thresholds.
    :param settings: decision parameters.
    :param crib_id: names the episodes.
    :param model: the checkpoint's `model.compiled.make`, where many listeners share it.
    """

    def __init__(self, checkpoint: Checkpoint, settings: Optional[DecisionSettings] = None,
                 crib_id: str = 'crib', model: Optional[CompiledModel] = None):
        """Build the runtime; nothing is heard yet."""
        self.feature_set = FeatureSet.from_dict(checkpoint.feature_set)
        self.runtime = make_runtime(checkpoint, model)
        self._checkpoint = checkpoint
        self.hop_ns = self.feature_set.hop_length * SECOND_NS // self.feature_set.sample_rate
        # A head that may never answer repeats its prior: what it says is no news of this baby.
        self._knows_needs = bool(checkpoint.needs) and checkpoint.need_threshold < 1.0
        self.decider = make_decider(
            self.resolve(settings or DecisionSettings()),
            checkpoint.needs if self._knows_needs else (),
            checkpoint.need_priors if self._knows_needs else None, checkpoint.need_temperature,
            step_s=self.hop_ns / SECOND_NS, crib_id=crib_id,
            need_threshold=checkpoint.need_threshold)
        roles = self.feature_set.roles
        self._level, self._voicing = (
            self.feature_set.index(roles[role]) if role in roles else None
            for role in ('level', 'voicing'))
        self._offsets_ns = np.zeros(0, np.int64)        # of frames from the first of a block
        self._heard_ns = round(self.feature_set.lookahead_s * SECOND_NS)
        self._compiled = compiled.make(self.runtime, self.decider, self._level, self._voicing,
                                       self._knows_needs, self.hop_ns)

    def resolve(self, settings: DecisionSettings) -> DecisionSettings:
        """
        Return the settings with the checkpoint's values where they leave them to it.

        :raises ParameterError: if they do not fit together, or the checkpoint has no operating
            point of that name.
        """
        checkpoint = self._checkpoint
        enter, leave = checkpoint.enter_threshold, checkpoint.leave_threshold
        if settings.operating_point:
            enter, leave = thresholds_of(checkpoint.provenance, settings.operating_point)
        return settings.resolved(enter, leave, checkpoint.smoothing_s)

    def change_settings(self, settings: DecisionSettings) -> None:
        """Take other decision parameters; nothing that was heard is forgotten."""
        self.decider.configure(self.resolve(settings))

    def process(self, start_ns: int, values: np.ndarray,
                period_ns: int = 0) -> Iterable[CryDecision]:
        """
        Return the decisions after each frame, or where they change and once a period.

        All frames are taken only if they are run to their end.

        :param start_ns: time of the first sample of the first frame.
        :param values: ``(n, F)`` frames of the checkpoint's feature set.
        :param period_ns: time after which a decision is yielded though nothing changed.
        """
        if self._compiled is not None:
            return self._compiled.process(start_ns + self._heard_ns, values, period_ns)
        values = np.asarray(values, np.float32)
        cry, need = self.runtime.process(values)
        if len(values) > len(self._offsets_ns):
            self._offsets_ns = self.hop_ns * np.arange(len(values), dtype=np.int64)
        heard_ns = self._offsets_ns[:len(values)] + (start_ns + self._heard_ns)
        return self.decider.changes(
            heard_ns, cry, need if self._knows_needs else None,
            None if self._level is None else values[:, self._level],
            None if self._voicing is None else values[:, self._voicing], period_ns)

    def lose_continuity(self) -> None:
        """Forget the network's state after a gap; an episode in progress survives a short one."""
        self.runtime.reset()
        self.decider.gap()

    def reset(self) -> None:
        """Forget everything but the episode counter."""
        self.runtime.reset()
        self.decider.reset()
