# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Why a recording was (not) heard as crying, in words: thresholds, minimum duration, hold.

Fed with each step's decision and whether the step was heard as crying.
"""

from dataclasses import dataclass
from typing import List, Optional

from baby_cry_detector.decision import CryDecision, DecisionSettings
from baby_cry_detector.units import SECOND_NS


@dataclass(frozen=True)
class Event:
    """
    One thing that was decided.

    :param stamp_ns: when.
    :param text: what and why, one line; times in it are durations.
    :param mark: whether the picture marks the moment.
    :param onset_ns: what ``{onset}`` in the text stands for; only a reader knows what it counts
        from.
    """

    stamp_ns: int
    text: str
    mark: bool = False
    onset_ns: Optional[int] = None


class Explainer:
    """
    Follows the decisions on one stream.

    :param settings: with thresholds (`DecisionSettings.resolved`).
    """

    def __init__(self, settings: DecisionSettings) -> None:
        self.settings = settings
        self.events: List[Event] = []
        self.peak = 0.0                        # highest smoothed probability
        self.peak_ns: Optional[int] = None
        self._hearing = self._crying = self._deaf = False
        self._entered_ns: Optional[int] = None
        self._paused_ns: Optional[int] = None
        self._bridged_ns: List[int] = []       # pauses that did not end the present episode
        self._need = ''

    def add(self, decision: CryDecision, hearing: bool) -> None:
        """Take the decision after one step, and whether that step was heard as crying."""
        settings, stamp_ns = self.settings, decision.stamp_ns
        if decision.cry_probability > self.peak or self.peak_ns is None:
            self.peak, self.peak_ns = decision.cry_probability, stamp_ns
        deaf = not decision.is_heard
        if deaf != self._deaf:
            self._say(stamp_ns, 'it can be heard again' if not deaf
                      else decision.status_reason or 'no audio arrives')
        self._deaf = deaf
        if hearing and not self._hearing:
            if not self._crying:
                self._entered_ns = stamp_ns
        if decision.crying and self._crying and hearing != self._hearing:
            if hearing and self._paused_ns is not None:
                self._bridged_ns.append(stamp_ns - self._paused_ns)
            self._paused_ns = None if hearing else stamp_ns
        if decision.crying and not self._crying:
            self._begin(decision)
        elif self._crying and not decision.crying:
            end_ns = decision.onset_ns + decision.duration_ns
            passed_s = (stamp_ns - end_ns) / SECOND_NS
            self._say(stamp_ns, f'episode {decision.episode} ends: no crying for {passed_s:.1f} s '
                      f'(hold_s {settings.hold_s:g}); it lasted '
                      f'{decision.duration_ns / SECOND_NS:.1f} s{self._bridged()}', mark=True)
        elif self._hearing and not hearing and not self._crying and not deaf:
            lasted_s = (stamp_ns - (self._entered_ns or stamp_ns)) / SECOND_NS
            self._say(stamp_ns, f'above enter ({settings.enter_threshold:.2f}) for {lasted_s:.2f} '
                      f's: not counted (min_cry_duration_s {settings.min_cry_duration_s:g})')
        need = decision.need_name if decision.crying else ''
        if decision.crying and need not in ('unknown', 'none') and need != self._need:
            self._say(stamp_ns, f'need {need}: {decision.confidence:.0%} sure '
                      f'(need_min_confidence {settings.need_min_confidence:g})')
        self._need = need
        self._hearing, self._crying = hearing, decision.crying

    def _bridged(self) -> str:
        """Return which pauses did not end the episode, '' if there was none."""
        count = len(self._bridged_ns)
        if not count:
            return ''
        return (f'; bridged {count} pause{"s" if count > 1 else ""}, the longest of '
                f'{max(self._bridged_ns) / SECOND_NS:.1f} s (hold_s {self.settings.hold_s:g})')

    def _begin(self, decision: CryDecision) -> None:
        self._bridged_ns, self._paused_ns = [], None
        self._say(decision.stamp_ns, f'episode {decision.episode} begins: above enter '
                  f'({self.settings.enter_threshold:.2f}) since ' '{onset}'
                  f', {self.settings.min_cry_duration_s:g} s heard (min_cry_duration_s)',
                  mark=True, onset_ns=decision.onset_ns)

    def _say(self, stamp_ns: int, text: str, mark: bool = False,
             onset_ns: Optional[int] = None) -> None:
        self.events.append(Event(stamp_ns, text, mark, onset_ns))

    def lines(self, start_ns: int, most: int = 12) -> List[str]:
        """
        Return the events as lines, times counted from ``start_ns``.

        :param most: how many; of more, those in the middle are left out and counted.
        """
        told = [f'{clock(event.stamp_ns - start_ns)}  ' + event.text.replace(
            '{onset}', clock((event.onset_ns or 0) - start_ns)) for event in self.events]
        if self._crying:
            told.append(f'the recording ends while it cries{self._bridged()}')
        if not any(event.mark for event in self.events):
            enter = self.settings.enter_threshold
            where = '' if self.peak_ns is None else f' at {clock(self.peak_ns - start_ns)}'
            told.append(f'no episode: the smoothed probability was at most {self.peak:.2f}{where} '
                        f'(enter {enter:.2f})')
        if len(told) > most:
            half = most // 2
            told = [*told[:half], f'… {len(told) - 2 * half + 1} more …', *told[1 - half:]]
        return told


def clock(nanoseconds: int) -> str:
    """Return a duration as m:ss.ss."""
    minutes, rest = divmod(max(0, nanoseconds) / SECOND_NS, 60.0)
    return f'{int(minutes)}:{rest:05.2f}'
