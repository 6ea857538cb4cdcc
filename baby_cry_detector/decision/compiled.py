# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The decider in compiled code (`decider.c` and the C files beside it).

What happens with every step happens there, over a whole block; an object is made when something
changes or is asked for. What is rare (silence, gaps, settings, resuming) is done by the Python
that it follows: `_take` reads the struct into those objects, `_give` writes it back. What would
be long to carry (the windows of the smoothing and of the intensity) stays in the struct: the rare
things only empty it.
"""

import ctypes
from ctypes import c_double, c_int64, c_uint8, c_void_p
import math
from typing import Any, Dict, Iterator, List, Optional, Tuple

from baby_cry_detector import compiled
from baby_cry_detector.cry_state import episode_name
from baby_cry_detector.decision.decider import CryDecider, CryDecision, level_dbfs
from baby_cry_detector.decision.episodes import Episode, HINT_NS
from baby_cry_detector.decision.need import need_code, NeedAnswer
from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.decision.smoothing import window_length
from baby_cry_detector.needs import BASIS_NONE, BASIS_SOUND, Need
import numpy as np
from numpy.typing import ArrayLike

_MAX_NEEDS, _MAX_MEAN, _MAX_CELLS, _MAX_BLOCKS, _MAX_SHARE = 64, 512, 128, 128, 1024
_NEVER_NS = -1
_CHUNK = 64                     # steps that are handed over at a time
_NEEDS = {int(need): need for need in Need}


class _Episode(ctypes.Structure):
    _fields_ = [(name, c_int64) for name in ('onset_ns', 'last_heard_ns', 'heard_ns', 'number',
                                             'serial')]


def _fields(type_: Any, names: str) -> List[Tuple[str, Any]]:
    return [(name, type_) for name in names.split()]


class _Decider(ctypes.Structure):
    _fields_ = [
        *_fields(c_double, 'enter leave hint forget_level forget_cry need_temperature step_s '
                           'min_confidence min_odds_ratio min_cry_s'),
        *_fields(c_int64, 'step_ns min_heard_ns hold_ns mean_length steps_per_cell '
                          'steps_per_block share_length max_cells max_blocks n_needs'),
        *_fields(c_double * _MAX_NEEDS, 'prior log_prior'),
        *_fields(c_int64 * _MAX_NEEDS, 'need_code'),
        *_fields(c_int64, 'n_recent'), *_fields(c_double * _MAX_MEAN, 'recent'),
        *_fields(c_int64, 'has_time time_ns has_resumed resumed_ns deaf_ns gap_ns crying hearing '
                          'count has_candidate has_last serial has_hint hint_ns '
                          'hint_since_ns has_agreed agreed_ns'),
        *_fields(_Episode, 'candidate last'),
        *_fields(c_double, 'voicing cry_power cell_power block_power block_quietest regularity '
                           'background_db'),
        *_fields(c_int64, 'cell_steps block_steps block_has_cry n_cells n_blocks n_cry_blocks '
                          'n_new n_heard next_heard heard_count'),
        *_fields(c_double * _MAX_CELLS, 'cell'), *_fields(c_double * _MAX_BLOCKS,
                                                          'block cry_block'),
        *_fields(c_double * 8, 'new_level new_quietest'),
        *_fields(c_double, 'weight'), *_fields(c_double * _MAX_NEEDS, 'ratio posterior'),
        *_fields(c_double, 'confidence'), *_fields(c_int64, 'need need_label'),
        *_fields(c_double, 'probability level_power'),
        *_fields(c_int64, 'status has_last_step last_step_ns stamp_ns invalid_steps gaps '
                          'said_status said_crying said_need said_count changed'),
        *_fields(c_uint8 * _MAX_SHARE, 'heard')]


class CompiledDecider(CryDecider):
    """Decides as `CryDecider`, whose arguments it takes; see `make_decider`."""

    def __init__(self, core: ctypes.CDLL, *args: Any, **options: Any) -> None:
        if compiled.declare(core.baby_cry_decider_size, c_int64)() != ctypes.sizeof(_Decider):
            raise ValueError('the compiled core is of another version: build again')
        self._state = _Decider()
        self._at = ctypes.addressof(self._state)
        self._clear = compiled.declare(core.baby_cry_decider_gap, None, c_void_p)
        super().__init__(*args, **options)
        self._run = compiled.declare(
            core.baby_cry_decider_run, c_int64, c_void_p, c_int64, c_void_p, c_void_p, c_void_p,
            c_void_p, c_void_p, c_int64, c_int64)
        state = self._state
        self._names: Dict[Any, Any] = {}  # of the last episode, by its number
        # Room for a piece of a block: times, cry, needs, level, voicing.
        self._room = [np.empty(_CHUNK, np.int64), np.empty(_CHUNK),
                      np.empty((_CHUNK, len(self._needs.labels))), np.empty(_CHUNK),
                      np.empty(_CHUNK)]
        self._room_at = [compiled.pointer(room) for room in self._room]
        self._room_width = [8, 8, 8 * len(self._needs.labels), 8, 8]
        needs, intensity = self._needs, self._intensity
        state.forget_level, state.step_s = self._forget_level, self.step_s
        state.forget_cry, state.step_ns = intensity._forget, self._step_ns
        state.steps_per_cell = intensity._steps_per_cell
        state.steps_per_block = intensity._steps_per_block
        state.share_length = intensity._share_length
        state.max_cells, state.max_blocks = intensity._cells.maxlen, intensity._blocks.maxlen
        state.n_needs, state.need_temperature = len(needs.labels), needs._temperature
        for k, label in enumerate(needs.labels):
            state.prior[k], state.log_prior[k] = needs.priors[k], needs._log_priors[k]
            state.need_code[k] = need_code(label)
        self._give()
        self.configure(self.settings)

    @property
    def address(self) -> int:
        """Return where the struct is; this object keeps it."""
        return self._at

    @property
    def told_ns(self) -> int:
        """Return the stamp of the last decision that was told."""
        return self._told_ns

    def tell(self) -> CryDecision:
        """Return the decision after the steps that were taken, and note that it is told."""
        self._told_ns = self._state.stamp_ns
        return self._decision(bool(self._state.changed))

    def update(self, *args: Any, **options: Any) -> CryDecision:
        """Take some steps; return the decision after the last; see `CryDecider.update`."""
        changes = sum(1 for _ in self.changes(*args, **options))
        return self._decision(changes > 0)

    def changes(self, times_ns: ArrayLike, cry_probability: ArrayLike,
                need_probability: Optional[ArrayLike] = None,
                level_rms: Optional[ArrayLike] = None, voicing: Optional[ArrayLike] = None,
                period_ns: Optional[int] = None) -> Iterator[CryDecision]:
        """Yield the decisions that change or are due; see `CryDecider.changes`."""
        times = np.asarray(times_ns)
        cry, needs, level, voiced = (
            values if values is None or isinstance(values, np.ndarray) else np.asarray(values)
            for values in (cry_probability, need_probability, level_rms, voicing))
        shape = (times.size,)
        if times.shape != shape or times.size and times.dtype.kind not in 'iu' \
                or cry is None or cry.shape != shape \
                or needs is not None and needs.shape != (times.size, self._state.n_needs) \
                or level is not None and level.shape != shape \
                or voiced is not None and voiced.shape != shape:
            # Says which of them does not fit.
            self._check(times_ns, cry_probability, need_probability, level_rms, voicing)
        return self._run_over((times, cry, needs, level, voiced),
                              _NEVER_NS if period_ns is None else period_ns)

    def _run_over(self, arrays: Tuple[Any, ...], period_ns: int) -> Iterator[CryDecision]:
        state, total = self._state, len(arrays[0])
        for start in range(0, total, _CHUNK):
            count, taken = min(_CHUNK, total - start), 0
            at: List[Any] = []
            for array, room, address in zip(arrays, self._room, self._room_at):
                if array is None:
                    at.append(None)
                else:
                    room[:count] = array[start:start + count]
                    at.append(address)
            while taken < count:
                run = self._run(self._at, count - taken, *at, self._told_ns, period_ns)
                if run <= 0:
                    raise ValueError('expected times in nanoseconds, from 1897 to 2043')
                taken += run
                if state.changed or period_ns >= 0 \
                        and not 0 <= state.stamp_ns - self._told_ns < period_ns:
                    yield self.tell()
                if taken < count:
                    at = [address and address + run * width
                          for address, width in zip(at, self._room_width)]

    def _decision(self, changed: bool) -> CryDecision:
        """Return what the struct says."""
        s = self._state
        crying, probability, label = bool(s.crying), s.probability, s.need_label
        episode = self._episode(s.last) if s.has_last else None
        intensity = 0.0
        if crying:
            self._take_intensity()
            intensity = self._intensity.value()
        confidence = s.confidence if label >= 0 else probability if crying else 1.0 - probability
        shares = s.posterior[:s.n_needs]
        return CryDecision(
            stamp_ns=s.stamp_ns, crib_id=self.crib_id, status=s.status, crying=crying,
            confirmed=crying, cry_probability=probability, need=_NEEDS[s.need],
            confidence=confidence, labels=self.labels,
            probabilities=((1.0 - probability, *(probability * share for share in shares))
                           if shares else ()),
            intensity=intensity, episode_id=episode.episode_id if episode else '',
            episode=episode.number if episode else 0, onset_ns=episode.onset_ns if episode else 0,
            duration_ns=episode.duration_ns if episode else 0,
            need_basis=BASIS_SOUND if label >= 0 else BASIS_NONE,
            level_dbfs=level_dbfs(_known(s.level_power)), changed=changed)

    # --- what is rare ----------------------------------------------------------------------------
    def configure(self, settings: DecisionSettings) -> None:
        """Take other settings while running; nothing that was heard is forgotten."""
        super().configure(settings)
        state, tracker, settings = self._state, self._tracker, self.settings
        state.enter, state.leave = tracker._enter, tracker._leave
        state.min_heard_ns, state.hold_ns = tracker._min_heard_ns, tracker._hold_ns
        least = self._needs._least_confidence
        state.min_confidence = math.inf if least >= 1.0 else max(
            least, settings.need_min_confidence)
        state.min_odds_ratio = settings.need_min_odds_ratio
        state.min_cry_s = settings.need_min_cry_s
        state.mean_length = length = window_length(settings.smoothing_s, self.step_s)
        if state.n_recent > length:
            state.recent[:length] = state.recent[state.n_recent - length:state.n_recent]
            state.n_recent = length

    def idle(self, *args: Any, **options: Any) -> CryDecision:
        """Say what is believed while there is no audio; see `CryDecider.idle`."""
        self._take()
        changed = super().idle(*args, **options).changed
        self._give()
        return self._decision(changed)

    def resume(self, episode: Episode, heard_until_ns: int) -> None:
        """Go on with an episode that a process before this one left in progress."""
        self._take()
        super().resume(episode, heard_until_ns)
        self._names = {episode.number: episode.episode_id}
        self._give()

    def gap(self) -> None:
        """Note that the audio is not continuous here; see `CryDecider.gap`."""
        self._take()
        super().gap()
        self._give()

    def reset(self) -> None:
        """End the episode and forget the stream; the count of episodes goes on."""
        self._take()
        super().reset()
        self._state.n_blocks = self._state.n_cry_blocks = 0
        self._give()

    @property
    def gaps(self) -> int:
        """Return how many gaps there were."""
        return int(self._state.gaps)

    @gaps.setter
    def gaps(self, gaps: int) -> None:
        self._state.gaps = gaps

    @property
    def invalid_steps(self) -> int:
        """Return how many probabilities were no numbers."""
        return int(self._state.invalid_steps)

    @invalid_steps.setter
    def invalid_steps(self, count: int) -> None:
        self._state.invalid_steps = count

    @property
    def crying(self) -> bool:
        """Return whether an episode is in progress."""
        return bool(self._state.crying)

    @property
    def hearing(self) -> bool:
        """Return whether the last step was heard as crying."""
        return bool(self._state.hearing)

    @property
    def hint_since_ns(self) -> Optional[int]:
        """Return since when there is what may be crying, or ``None``."""
        s = self._state
        is_new = s.has_hint and s.has_time and s.time_ns - s.hint_ns <= HINT_NS
        return int(s.hint_since_ns) if is_new else None

    def ask_from(self, hint_threshold: float) -> None:
        """Note from which smoothed probability on a second listener is asked."""
        super().ask_from(hint_threshold)
        self._state.hint = self._tracker.hint_threshold

    def agree(self, onset_ns: int, until_ns: int) -> None:
        """Take what a second listener heard as crying; see `CryDecider.agree`."""
        self._take()
        super().agree(onset_ns, until_ns)
        self._give()

    @property
    def episode(self) -> Optional[Episode]:
        """Return the present episode or the last one; ``None`` before the first."""
        self._take()
        return super().episode

    def _break_stream(self) -> None:
        super()._break_stream()
        self._clear(self._at)

    # --- the struct and the objects that it stands for -------------------------------------------
    def _take(self) -> None:
        """Bring the objects up to the struct."""
        s, tracker, needs = self._state, self._tracker, self._needs
        self._status, self._probability, self._time_ns = s.status, s.probability, s.stamp_ns
        self._power = _known(s.level_power)
        self._last_step_ns = s.last_step_ns if s.has_last_step else None
        self._said = (s.said_status, bool(s.said_crying), Need(s.said_need), s.said_count)
        tracker.count, tracker._crying = s.count, bool(s.crying)
        tracker._hearing = bool(s.hearing)
        tracker._time_ns = s.time_ns if s.has_time else None
        tracker._resumed_ns = s.resumed_ns if s.has_resumed else None
        tracker._deaf_ns, tracker._gap_ns = s.deaf_ns, s.gap_ns
        tracker._hint_ns = s.hint_ns if s.has_hint else None
        tracker._hint_since_ns = s.hint_since_ns
        tracker._agreed_ns = s.agreed_ns if s.has_agreed else None
        tracker._candidate = self._episode(s.candidate) if s.has_candidate else None
        tracker._last = self._episode(s.last) if s.has_last else None
        self._take_intensity()
        count = len(needs.labels)
        needs._weight, needs._ratios = s.weight, np.array(s.ratio[:count])
        label = needs.labels[s.need_label] if s.need_label >= 0 else ''
        self._answer = NeedAnswer(Need(s.need), label, s.confidence, np.array(s.posterior[:count]))

    def _take_intensity(self) -> None:
        s, intensity = self._state, self._intensity
        intensity._background_db, intensity._voicing = _known(s.background_db), _known(s.voicing)
        intensity._power, intensity._regularity = _known(s.cry_power), s.regularity
        intensity._heard_count = s.heard_count

    def _give(self) -> None:
        """Bring the struct up to the objects."""
        s, tracker, intensity, needs = self._state, self._tracker, self._intensity, self._needs
        s.status, s.probability, s.stamp_ns = self._status, self._probability, self._time_ns
        s.level_power = _or_nan(self._power)
        s.has_last_step, s.last_step_ns = _flag(self._last_step_ns)
        s.said_status, s.said_crying, s.said_need, s.said_count = self._said
        s.count, s.crying, s.hearing = tracker.count, tracker._crying, tracker._hearing
        s.has_time, s.time_ns = _flag(tracker._time_ns)
        s.has_resumed, s.resumed_ns = _flag(tracker._resumed_ns)
        s.deaf_ns, s.gap_ns = tracker._deaf_ns, tracker._gap_ns
        s.hint = tracker.hint_threshold
        s.has_hint, s.hint_ns = _flag(tracker._hint_ns)
        s.hint_since_ns = tracker._hint_since_ns
        s.has_agreed, s.agreed_ns = _flag(tracker._agreed_ns)
        for has, place, episode in (('has_candidate', s.candidate, tracker._candidate),
                                    ('has_last', s.last, tracker._last)):
            setattr(s, has, episode is not None)
            if episode is not None:
                if (place.onset_ns, place.number) != (episode.onset_ns, episode.number):
                    s.serial += 1
                    place.serial = s.serial
                for name in ('onset_ns', 'last_heard_ns', 'heard_ns', 'number'):
                    setattr(place, name, getattr(episode, name))
        s.background_db = _or_nan(intensity._background_db)
        s.voicing, s.cry_power = _or_nan(intensity._voicing), _or_nan(intensity._power)
        s.regularity = intensity._regularity
        s.weight = needs._weight
        s.ratio[:len(needs.labels)] = needs._ratios.tolist()
        s.need, s.confidence = self._answer.need, self._answer.confidence
        s.need_label = needs.labels.index(self._answer.label) if self._answer.label else -1
        s.posterior[:len(needs.labels)] = self._answer.probabilities.tolist()

    def _episode(self, place: _Episode) -> Episode:
        name = ''
        if place.number:
            if place.number not in self._names:
                self._names = {place.number: episode_name(self.crib_id, place.onset_ns)}
            name = self._names[place.number]
        return Episode(place.onset_ns, place.last_heard_ns, place.heard_ns, place.number, name)


def make_decider(settings: DecisionSettings = DecisionSettings(), *args: Any,
                 **options: Any) -> CryDecider:
    """Return a decider, compiled where that can be; arguments as of `CryDecider`."""
    core = compiled.library()
    step_s = options.get('step_s', args[3] if len(args) > 3 else 0.01)
    labels = options.get('need_labels', args[0] if args else ())
    # 5 s is the longest smoothing that can be set while running.
    if core is None or len(labels) > _MAX_NEEDS or not 0.01 <= step_s <= 1:
        return CryDecider(settings, *args, **options)
    return CompiledDecider(core, settings, *args, **options)


def _known(value: float) -> Optional[float]:
    return None if math.isnan(value) else value


def _or_nan(value: Optional[float]) -> float:
    return math.nan if value is None else value


def _flag(value: Optional[int]) -> Tuple[int, int]:
    return (0, 0) if value is None else (1, value)
