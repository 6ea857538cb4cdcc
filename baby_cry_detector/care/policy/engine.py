# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What to do now: the policy carried out over the states of `cry_need`.

Pure and deterministic from the `cry_need` stream alone, so nodes that each evaluate it for
themselves agree, without talking to each other. The plan is level-based: an order stands for as
long as it is in the plan.

Words: an *episode* is what `cry_need` calls one. Episodes with less than ``retry_after_quiet_s``
between them are one *bout*: what failed in it is not tried again, and the alert's delay counts
from its first onset. Soothing begins only in a bout whose beginning was heard.
"""

from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple, Union

from baby_cry_detector.care.policy.effect import CryHistory, Effect, WINDOW_NS
from baby_cry_detector.care.policy.plan import AlertOrder, Plan, RockOrder, SoundOrder
from baby_cry_detector.care.policy.policy import (CribPolicy, NEED_BASES, Policy, PRIORITIES,
                                                  Row, Step)
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import BASIS_NAMES, STATUS_DISABLED
from baby_cry_detector.units import SECOND_NS

# Stamps of different sources (audio, its absence) may be out of order by this much.
JITTER_NS = 1 * SECOND_NS
# What was not said for this long was not heard; messages come five times a second.
GAP_NS = 5 * SECOND_NS
JUDGE_NS = 30 * SECOND_NS               # the time in which an improvement must show
LEVEL_NS, LEVEL_LEAST_NS = 5 * SECOND_NS, 2 * SECOND_NS
WORSE_NS = 3 * SECOND_NS                # over which a rising intensity is read
# The intensity of a young episode rises by itself: it looks back over 10 s.
SETTLE_NS = 10 * SECOND_NS
QUIET_SHARE = 0.1                         # crying less than this share is an improvement anyway
ROCK, SOUND = 'rock', 'sound'


@dataclass
class _Trial:
    """What is being tried, from the first action until none goes on."""

    since_ns: int
    before: Tuple[float, float]           # share and intensity of the crying
    reference: Optional[float] = None     # intensity that worse is measured from
    worse_since_ns: Optional[int] = None


@dataclass
class _Bout:
    onset_ns: int
    last_cry_ns: int
    barred: str = ''                      # why there is no (more) soothing
    failed: str = ''                      # why soothing counts as failed
    steps_ns: int = 0                     # how far the steps have come
    trial: Optional[_Trial] = None
    rank: int = 0                         # of the level, which only rises
    confirmed: bool = False               # some of its crying was, or nobody could have
    unconfirmed_ns: int = 0               # how long it cried without being confirmed


_RANKS = ('mild', 'moderate', 'strong')


class PolicyEngine:
    """
    Carry out the policy of one crib.

    :param crib_id: which of the policy's cribs; '': the one that is heard first.
    """

    def __init__(self, policy: Policy, crib_id: str = '') -> None:
        """Nothing was heard yet."""
        self._policy = policy
        self.crib_id = crib_id
        self._history = CryHistory()
        self._forget()

    @property
    def policy(self) -> CribPolicy:
        """Return what counts for this crib."""
        return self._policy.for_crib(self.crib_id)

    def _forget(self) -> None:
        self._history.clear()
        self._last: Optional[CryState] = None
        self._bout: Optional[_Bout] = None
        self._rock: Optional[RockOrder] = None
        self._sound: Optional[SoundOrder] = None
        self._before: Dict[str, Tuple[float, float]] = {}
        self._given_up: Dict[str, str] = {}
        self._ended: List[Effect] = []
        self._alert: Optional[AlertOrder] = None
        self._deaf_ns: Optional[int] = None
        self._cried_when_lost = ''
        self._need = 'none'

    def observe(self, state: CryState) -> Plan:
        """Take what is heard now, return what is to be done now."""
        if state.crib_id and state.crib_id != self.crib_id and not self._bout:
            self.crib_id = state.crib_id
        state = self._in_order(state)
        self._note(state)
        if state.is_heard:
            self._deaf_ns = None
            self._cried_when_lost = ''
            bout = self._update_bout(state)
            if bout is not None:
                self._soothe(bout, state)
            if bout is not None and state.crying:
                self._alert_cry(bout, state)
            else:
                self._alert = None
        elif state.status == STATUS_DISABLED:
            self._stop_all(state.stamp_ns, 'listening was switched off')
            self._bout = self._alert = None
        else:
            self._stop_all(state.stamp_ns, 'no audio: nobody hears whether it helps')
            self._alert_deaf(state)
        self._last = state
        return self._plan()

    def give_up(self, action: str, why: str) -> Plan:
        """
        End one kind of action (``rock`` or ``sound``) until the bout is over.

        For what only its node knows: somebody said stop, or a limit was reached.
        """
        if self._bout is not None:
            self._given_up[action] = why
        if self._last is not None:
            self._end(action, self._last.stamp_ns, why)
        return self._plan()

    def _plan(self) -> Plan:
        ended, self._ended = tuple(self._ended), []
        last = self._last
        return Plan(stamp_ns=last.stamp_ns if last else 0, rock=self._rock,
                    sound=self._sound, alert=self._alert, ended=ended,
                    need=self._need, level=_RANKS[self._bout.rank] if self._bout else '')

    # --- time ------------------------------------------------------------------------------------
    def _in_order(self, state: CryState) -> CryState:
        """Return it with a stamp that is not before the last one; a jump ends what goes on."""
        last = self._last
        intensity = min(1.0, max(0.0, state.intensity))
        if intensity != state.intensity:       # also where it is no number
            state = replace(state, intensity=intensity)
        if last is None:
            return state
        if state.stamp_ns < last.stamp_ns - JITTER_NS:
            self._stop_all(last.stamp_ns, 'the clock was set back')
            ended, alert = self._ended, self._alert
            self._forget()      # what cries now was not heard beginning: it is not soothed
            self._ended = ended
            self._alert = alert if state.crying else None
        elif state.stamp_ns < last.stamp_ns:
            return replace(state, stamp_ns=last.stamp_ns)
        elif state.stamp_ns > last.stamp_ns + GAP_NS:
            self._stop_all(last.stamp_ns, 'cry_need was silent')
            self._last = None   # nor is what began meanwhile
        return state

    def _note(self, state: CryState) -> None:
        """Write down the time since the last message: it was as the last message says."""
        last = self._last
        if last is None or not last.is_heard:
            return
        self._history.add(last.stamp_ns, state.stamp_ns, last.crying, last.intensity)

    # --- the bout --------------------------------------------------------------------------------
    @property
    def _soothes(self) -> bool:
        return self._rock is not None or self._sound is not None

    def _update_bout(self, state: CryState) -> Optional[_Bout]:
        """Return the bout that goes on; whenever it cries there is one."""
        now, bout = state.stamp_ns, self._bout
        quiet_ns = round(self.policy.soothing.retry_after_quiet_s * SECOND_NS)
        if bout is not None and self._last is not None and self._last.crying:
            bout.last_cry_ns = now             # it cried until now
            if self._last.is_unconfirmed:
                bout.unconfirmed_ns += now - self._last.stamp_ns
        if bout is not None and now - bout.last_cry_ns > quiet_ns:
            self._stop_all(now, 'it has been quiet for long')
            bout = self._bout = None
        if not state.crying:
            return bout
        if bout is None:
            onset_ns = state.onset_ns if 0 < state.onset_ns <= now else now
            bout = self._bout = _Bout(onset_ns, now)
            self._given_up.clear()
            if self._last is None or not self._last.is_heard or self._last.crying:
                bout.barred = 'its beginning was not heard'
        bout.last_cry_ns = now
        bout.confirmed = bout.confirmed or not state.is_unconfirmed
        sure = state.confidence >= self.policy.min_confidence and (
            BASIS_NAMES[state.need_basis] in NEED_BASES[self.policy.need_basis])
        self._need = state.need_name if sure and state.is_need_named else 'unknown'
        _, mean = self._history.measure(
            max(now - LEVEL_NS, state.onset_ns), now, LEVEL_LEAST_NS)
        if mean == mean:
            bout.rank = max(bout.rank, _RANKS.index(self.policy.level(mean)))
        return bout

    def _row(self, bout: _Bout) -> Row:
        return self.policy.row(self._need, _RANKS[bout.rank])

    # --- soothing --------------------------------------------------------------------------------
    def _soothe(self, bout: _Bout, state: CryState) -> None:
        now, soothing = state.stamp_ns, self.policy.soothing
        if bout.failed or bout.barred or not soothing.enabled:
            return
        if not (bout.confirmed or soothing.unconfirmed):
            return
        if not state.crying:
            lingers_ns = round(soothing.linger_s * SECOND_NS)
            if not self._soothes or now - bout.last_cry_ns > lingers_ns:
                self._end_all(now, 'it is quiet')
                bout.trial = None
                return
        if self._last is not None and (self._soothes or self._last.crying):
            bout.steps_ns += now - self._last.stamp_ns
        row = self._row(bout)
        step = _step_at(row.steps, bout.steps_ns)
        if step is None:
            if row.steps and state.crying:
                self._fail(bout, now, 'all steps were tried and it still cries')
            self._end_all(now, 'the steps are through' if row.steps else
                          f'{_RANKS[bout.rank]} crying is not soothed')
            bout.trial = None
            return
        self._apply(step, bout, state)
        if not self._soothes:
            bout.trial = None
        if bout.trial is not None:
            self._judge(bout, bout.trial, state)

    def _apply(self, step: Step, bout: _Bout, state: CryState) -> None:
        """Make the actions those of the step."""
        rock = None if ROCK in self._given_up else step.rock
        sound = None if SOUND in self._given_up else step.sound
        for action, wanted in ((ROCK, rock), (SOUND, sound)):
            if wanted is None:
                self._end(action, state.stamp_ns, 'the next step goes on without it')
        if rock is not None:
            values = (rock.frequency_hz, rock.amplitude_mm)
            rocking = self._rock or RockOrder(*self._begin(ROCK, bout, state), *values)
            self._rock = replace(rocking, frequency_hz=values[0], amplitude_mm=values[1])
        if sound is not None:
            playing = self._sound or SoundOrder(*self._begin(SOUND, bout, state), sound.name,
                                                sound.level_dba)
            self._sound = replace(playing, sound=sound.name, level_dba=sound.level_dba)

    def _begin(self, action: str, bout: _Bout, state: CryState) -> Tuple[str, str, int, str]:
        """Return what every order begins with: its name, the episode, since when and why."""
        now = state.stamp_ns
        before = self._history.measure(max(bout.onset_ns, now - WINDOW_NS), now)
        self._before[action] = before
        if bout.trial is None:
            bout.trial = _Trial(now, before)
        return (f'{state.episode_id}/{action}/{now}', state.episode_id, now,
                f'{_RANKS[bout.rank]} crying, need {self._need}')

    def _judge(self, bout: _Bout, trial: _Trial, state: CryState) -> None:
        """Give up what does not help, or makes it worse."""
        now, soothing = state.stamp_ns, self.policy.soothing
        if not state.crying:
            trial.worse_since_ns = None
            return
        if trial.reference is None:
            if now - bout.onset_ns < SETTLE_NS:
                return
            trial.reference = self._history.measure(now - LEVEL_NS, now, 1)[1]
        intensity = self._history.measure(now - WORSE_NS, now, 1)[1]
        if intensity >= trial.reference + soothing.worse_by:
            if trial.worse_since_ns is None:
                trial.worse_since_ns = now
            if now - trial.worse_since_ns >= soothing.worse_for_s * SECOND_NS:
                self._fail(bout, now, 'it cries harder than before the soothing')
                return
        else:
            trial.worse_since_ns = None
        if now - trial.since_ns >= soothing.no_improvement_s * SECOND_NS:
            if not self._has_improved(now, trial.before, trial.reference):
                self._fail(bout, now,
                           f'no improvement in {soothing.no_improvement_s:g} s of soothing')

    def _has_improved(self, now: int, before: Tuple[float, float], reference: float) -> bool:
        least = self.policy.soothing.improvement
        share, intensity = self._history.measure(now - JUDGE_NS, now)
        share_before, intensity_before = before
        if share_before != share_before:       # it had only just begun
            share_before, intensity_before = 1.0, reference
        return (share <= QUIET_SHARE or share <= share_before - least
                or intensity <= intensity_before - least)

    def _fail(self, bout: _Bout, now: int, why: str) -> None:
        bout.failed = why
        self._end_all(now, why)

    def _end_all(self, now: int, why: str) -> None:
        for action in (ROCK, SOUND):
            self._end(action, now, why)

    def _stop_all(self, now: int, why: str) -> None:
        """End soothing for something other than the baby: not again in this bout."""
        if self._bout is not None and not self._bout.failed:
            self._bout.barred = self._bout.barred or why
        self._end_all(now, why)

    def _end(self, action: str, now: int, why: str) -> None:
        order: Union[RockOrder, SoundOrder, None]
        if action == ROCK:
            order, self._rock = self._rock, None
        else:
            order, self._sound = self._sound, None
        if order is None:
            return
        share, intensity = self._history.measure(max(order.since_ns, now - WINDOW_NS), now)
        share_before, intensity_before = self._before.pop(action)
        self._ended.append(Effect(
            action, order.action_id, order.episode_id, order.since_ns, now, why,
            cry_share_before=share_before, cry_share_after=share,
            intensity_before=intensity_before, intensity_after=intensity))

    # --- alerts ----------------------------------------------------------------------------------
    def _alert_cry(self, bout: _Bout, state: CryState) -> None:
        now = state.stamp_ns
        row, alerts = self._row(bout), self.policy.alerts
        waited_s = (now - bout.onset_ns) / SECOND_NS
        due = waited_s >= min(row.alert_after_s, alerts.limit_s) or bool(bout.failed)
        if state.is_unconfirmed:
            # Only what was heard counts: two false events a minute apart are no long crying.
            lasts_ns = max(bout.unconfirmed_ns, now - state.onset_ns if state.onset_ns else 0)
            due = due and lasts_ns >= min(alerts.unconfirmed_after_s, alerts.limit_s) * SECOND_NS
        present = self._alert
        if present is not None and (present.kind != 'cry'
                                    or present.episode_id != state.episode_id):
            # The same trouble under another name goes on being alerted.
            due = due or present.kind == 'cry'
            present = None
        if present is None and not due:
            self._alert = None
            return
        priority = row.priority
        if bout.failed:
            priority = _louder(priority, alerts.failed_priority)
        if present is not None:
            priority = _louder(priority, present.priority)
        reason = f'{_RANKS[bout.rank]} crying, need {self._need}'
        if state.is_unconfirmed:
            reason += '; the second listener has not confirmed it'
        if bout.failed:
            reason += f'; soothing was stopped: {bout.failed}'
        since_ns = now if present is None else present.since_ns
        self._alert = AlertOrder('cry', state.episode_id, since_ns, reason, priority)

    def _alert_deaf(self, state: CryState) -> None:
        last, now, alerts = self._last, state.stamp_ns, self.policy.alerts
        if self._deaf_ns is None:
            self._deaf_ns = now
            if last is not None and last.is_heard and last.crying:
                self._cried_when_lost = last.episode_id
        if self._cried_when_lost:
            reason = f'{state.why_not_heard}, and it was crying when it stopped'
        elif now - self._deaf_ns >= alerts.no_audio_after_s * SECOND_NS:
            reason = f'the crib is not heard: {state.why_not_heard}'
        else:
            self._alert = None
            return
        present = self._alert
        priority = alerts.no_audio_priority
        since_ns = now
        if present is not None and present.kind == 'no_audio':
            since_ns, priority = present.since_ns, present.priority
        elif present is not None:
            priority = _louder(priority, present.priority)
        self._alert = AlertOrder('no_audio', self._cried_when_lost, since_ns, reason, priority)


def _louder(one: str, other: str) -> str:
    return max(one, other, key=PRIORITIES.index)


def _step_at(steps: Sequence[Step], elapsed_ns: int) -> Optional[Step]:
    """Return the step that is due after so much time; ``None`` after the last."""
    end_ns = 0
    for step in steps:
        end_ns += round(step.for_s * SECOND_NS)
        if elapsed_ns < end_ns:
            return step
    return None
