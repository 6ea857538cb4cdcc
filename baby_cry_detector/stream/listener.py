# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One stream, or many that share a model: frames, or blocks of samples, → decisions.

What becomes of messages around it (repeated, lost, none) is `classification`. Where the core was
built a block's descriptors, network and decision are one call of it, for many streams as for one:
the networks of those that share a model step as one, and what one is given touches no other.
"""

import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple
from weakref import WeakValueDictionary

from baby_cry_detector.audio.formats import from_pcm16
from baby_cry_detector.checkpoints import SHIPPED
from baby_cry_detector.decision import CryDecision, DecisionSettings, make_decider
from baby_cry_detector.decision.operating_points import thresholds_of
from baby_cry_detector.features import FeatureSet, StreamingExtractor
from baby_cry_detector.model import compiled as compiled_model
from baby_cry_detector.model.checkpoint import Checkpoint, load_checkpoint
from baby_cry_detector.model.compiled import CompiledModel
from baby_cry_detector.model.runtime import make_runtime
from baby_cry_detector.names import digest
from baby_cry_detector.stream import compiled
from baby_cry_detector.units import SECOND_NS
import numpy as np

LONGEST_BLOCK_S = 0.5           # that is taken in one call; longer ones are cut


def open_checkpoint(path: str = '', in_memory: bool = True) -> Checkpoint:
    """
    Load a checkpoint.

    :param path: a file, or the name of a shipped one: '' for the default, ``is09``.
    :param in_memory: as of `load_checkpoint`.
    :raises CheckpointError: one sentence on what is wrong with it.
    """
    return load_checkpoint(SHIPPED.get(str(path), path), in_memory)


_SHARED: 'WeakValueDictionary[Tuple[int, ...], CompiledModel]' = WeakValueDictionary()


def shared_checkpoint(path: str = '') -> Tuple[Checkpoint, Optional[CompiledModel]]:
    """
    Return a checkpoint and its weights for the core, one for all streams of a process.

    Another file, or a changed one, is read anew; where Python computes, each stream has its own.

    :param path: as of `open_checkpoint`.
    :raises CheckpointError: as `open_checkpoint`.
    """
    try:
        status = os.stat(SHIPPED.get(str(path), path))
    except OSError:
        return open_checkpoint(path, in_memory=False), None      # says what is wrong
    key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    model = _SHARED.get(key)
    if model is None:
        checkpoint = open_checkpoint(path, in_memory=False)
        model = compiled_model.make(checkpoint)
        if model is None:
            return checkpoint, None
        _SHARED[key] = model
    return model.checkpoint, model


def model_id(path: str) -> str:
    """Return a checkpoint's name and the beginning of its SHA-256, which tells versions apart."""
    file = Path(SHIPPED.get(path, path))
    return f'{file.name} {digest(file.read_bytes())}'


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

    @property
    def compiled(self) -> Optional[compiled.CompiledListener]:
        """Return network and decision as compiled code joins them, or None."""
        return self._compiled

    @property
    def lookahead_ns(self) -> int:
        """Return the time from the start of a frame to when it is heard."""
        return self._heard_ns

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


class BlockListener:
    """
    One stream of mono audio at the feature set's rate, without gaps, from samples to decisions.

    What becomes of messages around it (stamps, gaps, formats, several channels) is `extraction`
    and `classification`.

    :param checkpoint: network, feature set, labels and thresholds.
    :param settings: decision parameters.
    :param crib_id: names the episodes.
    :param model: the checkpoint's `model.compiled.make`, where many listeners share it.
    :param start_ns: time of the first sample.
    :ivar longest: samples that are taken in one call.
    :ivar hearing: what computes, or ``None`` where Python does.
    """

    def __init__(self, checkpoint: Checkpoint, settings: Optional[DecisionSettings] = None,
                 crib_id: str = 'crib', model: Optional[CompiledModel] = None,
                 start_ns: int = 0) -> None:
        self.listener = FrameListener(checkpoint, settings, crib_id, model)
        feature_set = self.listener.feature_set
        self.extractor = StreamingExtractor(feature_set)
        self._start_ns = start_ns
        self._hop_ns = self.listener.hop_ns
        self.longest = round(LONGEST_BLOCK_S * feature_set.sample_rate)
        self.hearing = compiled.make_hearing(self.listener, self.extractor)

    @property
    def next_start_ns(self) -> int:
        """Return when the next frame begins."""
        return self._start_ns

    def process(self, pcm: np.ndarray, period_ns: int = 0) -> Iterable[CryDecision]:
        """
        Return the decisions after each frame, or where they change and once a period.

        All frames are taken only if they are run to their end.

        :param pcm: ``(n,)`` int16 samples, 32767 is full scale; any n.
        :param period_ns: time after which a decision is yielded though nothing changed.
        :raises ValueError: on another type or shape.
        """
        pcm = _checked(pcm)
        if len(pcm) > self.longest:
            return self._in_pieces(pcm, period_ns)
        hearing = self.hearing
        if hearing is None:
            rows = self.extractor.process(from_pcm16(pcm)).values
            start_ns, self._start_ns = self._start_ns, self._start_ns + len(rows) * self._hop_ns
            return self.listener.process(start_ns, rows, period_ns) if len(rows) else ()
        count, decisions = hearing.process(self._start_ns, pcm, period_ns)
        self._start_ns += count * self._hop_ns
        return decisions

    def note_frames(self, count: int) -> None:
        """Count frames that were taken from `hearing` itself."""
        self._start_ns += count * self._hop_ns

    def restart(self, start_ns: int) -> None:
        """Begin a new stretch of audio after a gap; an episode survives a short one."""
        self.extractor.reset()
        self.listener.lose_continuity()
        self._start_ns = start_ns

    def _in_pieces(self, pcm: np.ndarray, period_ns: int) -> Iterable[CryDecision]:
        for start in range(0, len(pcm), self.longest):
            yield from self.process(pcm[start:start + self.longest], period_ns)


class Cribs:
    """
    Many streams in one process that share one loaded model.

    :param checkpoint: of all of them.
    :param names: each names one crib and its episodes.
    :param settings: decision parameters of all; see `FrameListener.change_settings` for one's own.
    :ivar cribs: ``{name: BlockListener}``.
    :ivar troubles: ``{name: sentence}`` of the newest block that could not be taken.
    """

    def __init__(self, checkpoint: Checkpoint, names: Iterable[str],
                 settings: Optional[DecisionSettings] = None, start_ns: int = 0) -> None:
        model = compiled_model.make(checkpoint)
        self.cribs: Dict[str, BlockListener] = {
            name: BlockListener(checkpoint, settings, name, model, start_ns) for name in names}
        self.troubles: Dict[str, str] = {}

    def process(self, blocks: Dict[str, np.ndarray], period_ns: int = 0
                ) -> Dict[str, List[CryDecision]]:
        """
        Take a block of some cribs; return what each has to say, where it has.

        What can't be taken (no samples, no int16, too long to be a block) is left out and named
        in `troubles`; the others hear on. One call costs each the same, so that nobody waits for
        a crib that is given more: a block of more than half a second is refused.

        :param blocks: ``{name: (n,) int16 samples}``.
        :param period_ns: as of `BlockListener.process`.
        :raises KeyError: on a name that is none of them.
        """
        work = []
        for name, pcm in blocks.items():
            crib = self.cribs[name]
            try:
                pcm = _checked(pcm)
                if len(pcm) > crib.longest:
                    raise ValueError(f'expected blocks of at most {LONGEST_BLOCK_S:g} s, '
                                     f'got {len(pcm)} samples')
            except ValueError as error:
                self.troubles[name] = str(error)
            else:
                self.troubles.pop(name, None)
                work.append((name, crib, pcm))
        said: Dict[str, List[CryDecision]] = {}
        for (name, _, _), decisions in zip(work, _take(work, period_ns)):
            try:
                decisions = list(decisions)
            except ValueError as error:         # a time out of range
                self.troubles[name] = str(error)
                continue
            if decisions:
                said[name] = decisions
        return said


def _take(work: List[Tuple[str, Any, np.ndarray]], period_ns: int
          ) -> Iterable[Iterable[CryDecision]]:
    """Yield the decisions of each ``(name, crib, samples)``."""
    if any(crib.hearing is None for _, crib, _ in work):
        for _, crib, pcm in work:
            yield crib.process(pcm, period_ns)
        return
    told = compiled.hear_together(
        [(crib.hearing, crib.next_start_ns, pcm) for _, crib, pcm in work], period_ns)
    for (_, crib, _), (count, decisions) in zip(work, told):
        crib.note_frames(count)
        yield decisions


def _checked(pcm: np.ndarray) -> np.ndarray:
    if not isinstance(pcm, np.ndarray) or pcm.dtype != np.int16 or pcm.ndim != 1:
        raise ValueError('expected int16 samples of one channel, got '
                         f'{getattr(pcm, "dtype", type(pcm).__name__)} of shape '
                         f'{getattr(pcm, "shape", None)}')
    return pcm if pcm.flags.c_contiguous else np.ascontiguousarray(pcm)
