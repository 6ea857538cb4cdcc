# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
From the model's probabilities to what the robot says: everything of a `CryNeed` message.

Pure: fed with stamps, probabilities and levels of consecutive steps; a step is one output of the
model. In blocks of any size the same states come out.
"""

from dataclasses import dataclass
import math
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Tuple

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.decision.episodes import Episode, EpisodeTracker
from baby_cry_detector.decision.intensity import Intensity
from baby_cry_detector.decision.need import NeedDecider
from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.decision.smoothing import CausalMean, clean_probability, window_length
from baby_cry_detector.needs import (BASIS_NONE, BASIS_SOUND, Need, STATUS_DISABLED,
                                     STATUS_NO_AUDIO, STATUS_OK)
import numpy as np
from numpy.typing import ArrayLike

NOT_CRY = 'not_cry'
# Times that jump further than this were not continuous, whether or not anyone said so.
MAX_STEP_JUMP_NS = 250_000_000
LEVEL_S = 0.1                  # time constant of the level that is shown
LEVEL_FLOOR_DBFS = -120.0
# Time in ns, probability of crying, level, voicing, probabilities of the needs.
Step = Tuple[int, float, Optional[float], Optional[float], Optional[np.ndarray]]


@dataclass(frozen=True)
class CryDecision(CryState):
    """
    What is believed after one step, and what only the decider knows of it.

    :param level_dbfs: level of the newest audio, ``20 log10(rms)``; ``None`` where not known.
    :param changed: whether status, crying, need or episode differ from what was said before.
    """

    level_dbfs: Optional[float] = None
    changed: bool = False


class CryDecider:
    """
    Decide for one crib.

    :param settings: what is left at 0 becomes the built-in default, so resolve them with the
        checkpoint's first.
    :param need_labels: the model's needs, K of them; may be empty.
    :param need_priors: their frequencies in training; ``None``: all the same.
    :param need_temperature: calibration of the needs, above 0.
    :param step_s: time from one step to the next, in seconds.
    :param crib_id: first part of the episodes' names.
    :param need_threshold: confidence that the model asks for before a need is named, 0 to 1.
    """

    _power: Optional[float]        # smoothed, of the level; None before the first

    def __init__(self, settings: DecisionSettings = DecisionSettings(),
                 need_labels: Sequence[str] = (), need_priors: Optional[Sequence[float]] = None,
                 need_temperature: float = 1.0, step_s: float = 0.01, crib_id: str = '',
                 need_threshold: float = 0.0) -> None:
        if not (math.isfinite(step_s) and 0 < step_s <= 1):
            raise ValueError(f'expected a step above 0 and up to 1 s, got {step_s!r}')
        settings = settings.resolved()
        self.labels = (NOT_CRY, *need_labels) if need_labels else ()
        self.step_s = float(step_s)
        self.invalid_steps = 0                 # probabilities that were no numbers
        self.gaps = 0
        self._step_ns = round(step_s * 1e9)
        self._mean = CausalMean(window_length(settings.smoothing_s, step_s))
        self._tracker = EpisodeTracker(settings, step_s, crib_id)
        self._intensity = Intensity(step_s)
        self._needs = NeedDecider(need_labels, need_priors, need_temperature, settings, step_s,
                                  need_threshold)
        self._forget_level = 1.0 - math.exp(-step_s / LEVEL_S)
        self.settings = settings
        self._said = (STATUS_OK, False, Need.NONE, 0)
        self._answer = self._needs.answer(False)
        self._time_ns = self._told_ns = 0      # told: of the last decision of `changes`
        self._forget_stream()

    def configure(self, settings: DecisionSettings) -> None:
        """Take other settings while running; nothing that was heard is forgotten."""
        settings = settings.resolved()
        self._mean.resize(window_length(settings.smoothing_s, self.step_s))
        self._tracker.configure(settings)
        self._needs.configure(settings)
        self.settings = settings

    @property
    def crying(self) -> bool:
        """Return whether an episode is in progress."""
        return self._tracker.crying

    @property
    def hearing(self) -> bool:
        """Return whether the last step was heard as crying."""
        return self._tracker.hearing

    @property
    def hint_since_ns(self) -> Optional[int]:
        """Return since when there is what may be crying, or ``None``; see `ask_from`."""
        return self._tracker.hint_since_ns

    def ask_from(self, hint_threshold: float) -> None:
        """
        Note from which smoothed probability on a second listener is asked, silently.

        :param hint_threshold: 0 to 1; 1 is never.
        """
        self._tracker.hint_threshold = hint_threshold if hint_threshold < 1.0 else math.inf

    def agree(self, onset_ns: int, until_ns: int) -> None:
        """
        Take what a second listener heard as crying; told with the next step.

        :param onset_ns: stamp of the beginning of what it heard.
        :param until_ns: stamp of its end.
        """
        if self._tracker.agree(onset_ns, until_ns):
            self._needs.reset()
            self._intensity.begin()

    @property
    def crib_id(self) -> str:
        """Return the first part of the names of episodes to come; may be set."""
        return self._tracker.crib_id

    @crib_id.setter
    def crib_id(self, crib_id: str) -> None:
        self._tracker.crib_id = crib_id

    def steps(self, times_ns: ArrayLike, cry_probability: ArrayLike,
              need_probability: Optional[ArrayLike] = None,
              level_rms: Optional[ArrayLike] = None,
              voicing: Optional[ArrayLike] = None) -> Iterator[CryDecision]:
        """
        Take some steps; yield the decision after each of them.

        :param times_ns: ``(n,)`` integers, ends of the audio that the steps speak of.
        :param cry_probability: ``(n,)``, 0 to 1, not smoothed; NaN is counted and taken as 0.
        :param need_probability: ``(n, K)``, of the needs, given that it cries.
        :param level_rms: ``(n,)``, linear, 1.0 is full scale.
        :param voicing: ``(n,)``, probability that the step is voiced.
        :raises ValueError: if the sizes do not fit together.
        """
        return self.changes(times_ns, cry_probability, need_probability, level_rms, voicing, 0)

    def update(self, times_ns: ArrayLike, cry_probability: ArrayLike,
               need_probability: Optional[ArrayLike] = None,
               level_rms: Optional[ArrayLike] = None,
               voicing: Optional[ArrayLike] = None) -> CryDecision:
        """
        Take some steps, as `steps` does; return the decision after the last.

        Its ``changed`` says whether anything changed at any of them.
        """
        changes = sum(1 for _ in self.changes(times_ns, cry_probability, need_probability,
                                              level_rms, voicing))
        return self._decision(changes > 0)

    def changes(self, times_ns: ArrayLike, cry_probability: ArrayLike,
                need_probability: Optional[ArrayLike] = None,
                level_rms: Optional[ArrayLike] = None,
                voicing: Optional[ArrayLike] = None,
                period_ns: Optional[int] = None) -> Iterator[CryDecision]:
        """
        Take some steps, as `steps` does; yield only the decisions at which something changed.

        All steps are taken only if the iterator is run to its end.

        :param period_ns: yield a decision also when its stamp is so much after the last one that
            was yielded, or before it.
        """
        return self._told(
            self._check(times_ns, cry_probability, need_probability, level_rms, voicing),
            period_ns)

    def _told(self, steps: Iterable[Step], period_ns: Optional[int]) -> Iterator[CryDecision]:
        for step in steps:
            changed = self._step(*step)
            if changed or period_ns is not None \
                    and not 0 <= self._time_ns - self._told_ns < period_ns:
                self._told_ns = self._time_ns
                yield self._decision(changed)

    def decision(self) -> CryDecision:
        """Return the present decision again, unchanged."""
        return self._decision(False)

    def idle(self, stamp_ns: int, status: int = STATUS_NO_AUDIO) -> CryDecision:
        """
        Say what is believed while there is no audio.

        An episode goes on until ``hold_s`` of audio (and a second, for what is only late) is
        missing, and ends at once if listening is disabled.

        :param stamp_ns: the time, on the clock of the audio's stamps.
        :param status: `STATUS_NO_AUDIO` or `STATUS_DISABLED`.
        """
        if status not in (STATUS_NO_AUDIO, STATUS_DISABLED):
            raise ValueError(f'expected the status no_audio or disabled, got {status!r}')
        # Nothing is forgotten: the stamp of what is heard next says whether anything is missing.
        self._probability = 0.0
        self._power = None
        self._status = status
        self._time_ns = int(stamp_ns)
        self._tracker.advance(self._time_ns)
        if status == STATUS_DISABLED:
            self._break_stream()
            self._tracker.close()
        return self._decision(self._note_change())

    @property
    def episode(self) -> Optional[Episode]:
        """Return the present episode or the last one; ``None`` before the first."""
        return self._tracker.episode

    def resume(self, episode: Episode, heard_until_ns: int) -> None:
        """Go on with an episode that a process before this one left in progress."""
        self._tracker.resume(episode, heard_until_ns)
        self._time_ns = int(heard_until_ns)

    def gap(self) -> None:
        """
        Note that the audio is not continuous here.

        Smoothing and rhythm start again. An episode survives if no more than ``hold_s`` of audio
        is missing.
        """
        self.gaps += 1
        self._break_stream()

    def reset(self) -> None:
        """End the episode and forget the stream; the count of episodes goes on."""
        self._tracker.reset()
        self._intensity.reset()
        self._needs.reset()
        self._forget_stream()
        self._note_change()

    def _forget_stream(self) -> None:
        self._status = STATUS_OK
        self._break_stream()
        self._last_step_ns: Optional[int] = None

    def _break_stream(self) -> None:
        self._mean.reset()
        self._tracker.gap()
        self._intensity.gap()
        self._probability = 0.0
        self._power = None

    def _check(self, times_ns: ArrayLike, cry_probability: ArrayLike,
               need_probability: Optional[ArrayLike], level_rms: Optional[ArrayLike],
               voicing: Optional[ArrayLike]) -> Iterator[Step]:
        """Return the steps one by one; raise ValueError where the sizes do not fit together."""
        times = np.asarray(times_ns)
        if times.ndim != 1 or (times.size and times.dtype.kind not in 'iu'):
            raise ValueError('expected times as integers, one a step, '
                             f'got {times.dtype} of shape {times.shape}')
        columns: List[Iterable[Any]] = [times.tolist()]
        for name, values in (('cry_probability', cry_probability), ('level_rms', level_rms),
                             ('voicing', voicing)):
            if values is None and name != 'cry_probability':
                columns.append([None] * times.size)
                continue
            values = np.asarray(values, dtype=np.float64)
            if values.shape != times.shape:
                raise ValueError(f'expected {times.size} values of {name}, '
                                 f'got shape {values.shape}')
            columns.append(values.tolist())
        if need_probability is None:
            columns.append([None] * times.size)
        else:
            rows = np.asarray(need_probability, dtype=np.float64)
            if rows.shape != (times.size, len(self._needs.labels)):
                raise ValueError(f'expected need_probability of shape ({times.size}, '
                                 f'{len(self._needs.labels)}), got {rows.shape}')
            columns.append(rows)
        return zip(*columns)

    def _step(self, time_ns: int, probability: float, level: Optional[float],
              voicing: Optional[float], need_probability: Optional[np.ndarray]) -> bool:
        """Take one step, return whether the state changed."""
        if self._last_step_ns is not None:
            jump_ns = time_ns - self._last_step_ns - self._step_ns
            if abs(jump_ns) > MAX_STEP_JUMP_NS:
                self.gap()
        self._last_step_ns = self._time_ns = time_ns
        self._status = STATUS_OK
        if math.isnan(probability):
            self.invalid_steps += 1
        probability = clean_probability(probability)
        self._probability = self._mean.update(probability)
        tracker = self._tracker
        before = tracker.current
        crying = tracker.update(time_ns, self._probability)
        if tracker.current is not before and tracker.hearing:
            # Evidence is of one episode. What was a candidate and now counts is the same object.
            self._needs.reset()
            self._intensity.begin()
        hearing = tracker.hearing
        if hearing and need_probability is not None:
            self._needs.update(need_probability, probability)
        if level is not None:
            self._update_level(level)
        self._intensity.update(hearing, crying, level, voicing)
        return self._note_change()

    def _update_level(self, level: float) -> None:
        if not 0.0 <= level < math.inf:
            return
        if self._power is None:
            self._power = level * level
        self._power += self._forget_level * (level * level - self._power)

    def _note_change(self) -> bool:
        self._answer = self._needs.answer(self._tracker.crying)
        said = (self._status, self._tracker.crying, self._answer.need, self._tracker.count)
        changed, self._said = said != self._said, said
        return changed

    def _decision(self, changed: bool) -> CryDecision:
        tracker, answer, probability = self._tracker, self._answer, self._probability
        episode, crying = tracker.episode, tracker.crying
        if answer.label:
            confidence = answer.confidence
        else:
            confidence = probability if crying else 1.0 - probability
        shares = answer.probabilities.tolist()
        return CryDecision(
            stamp_ns=self._time_ns, crib_id=tracker.crib_id, status=self._status, crying=crying,
            confirmed=crying,                  # there is no second listener
            cry_probability=probability, need=answer.need, confidence=confidence,
            labels=self.labels,
            probabilities=((1.0 - probability, *(probability * share for share in shares))
                           if shares else ()),
            intensity=self._intensity.value() if crying else 0.0,
            episode_id=episode.episode_id if episode else '',
            episode=episode.number if episode else 0,
            onset_ns=episode.onset_ns if episode else 0,
            duration_ns=episode.duration_ns if episode else 0,
            need_basis=BASIS_SOUND if answer.label else BASIS_NONE,
            level_dbfs=level_dbfs(self._power), changed=changed)


def level_dbfs(power: Optional[float]) -> Optional[float]:
    """Return a mean square as a level, at least -120 dBFS; ``None`` where it is not known."""
    if power is None:
        return None
    if power <= 10.0 ** (LEVEL_FLOOR_DBFS / 10.0):
        return LEVEL_FLOOR_DBFS
    return 10.0 * math.log10(power)
