# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the page shows now, from what the topics said; the shape that goes to the browser as JSON.

Pure: the time comes in as nanoseconds of the graph's clock. Everything that another program wrote
is cut to size here, and a number that is none becomes ``None``: JSON has no NaN.
"""

from dataclasses import dataclass, replace
import math
from typing import Any, Dict, List, Optional, Tuple

from baby_cry_detector.care.need.watching import Estimate
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import (END, ENDED, HEARTBEAT, KIND_NAMES, MOMENT, name_of, ONGOING,
                                     PRIORITY_NAMES, REAL_NEEDS, REFUSED, START, STARTED,
                                     STATUS_DISABLED, STATUS_NO_AUDIO)
from baby_cry_detector.units import MILLISECOND_NS, SECOND_NS

# The classifier speaks five times a second; what is older is no present any more.
DETECTOR_SILENT_NS = 2 * SECOND_NS
# Whoever alerts proves that it is alive by a heartbeat, at least every five minutes (the policy's
# bound); two may be missed. One whose services are gone is missed at once.
ALERTER_SILENT_NS = 910 * SECOND_NS
# An action whose end was never told is not shown for ever.
LONGEST_ACTION_NS = 3600 * SECOND_NS
MOST_ACTIONS = 8
MOST_TEXT = 300
MOST_NAME = 120
MOST_LABELS = 16
MOST_WEEKS = 8


@dataclass(frozen=True)
class AlertReport:
    """One `alert`; see CryAlert."""

    state: int = HEARTBEAT
    priority: int = 0
    alert_id: str = ''
    text: str = ''
    episode_id: str = ''
    acknowledged: bool = False
    acknowledged_by: str = ''
    snoozed_until_ns: int = 0
    listening: bool = True
    stamp_ns: int = 0


@dataclass(frozen=True)
class CareReport:
    """One `care_event`; see CareEvent."""

    kind: int = 0
    phase: int = MOMENT
    action_id: str = ''
    who: str = ''
    text: str = ''
    stamp_ns: int = 0


def clean_text(said: object, longest: int = MOST_TEXT) -> str:
    """Return text in one line without control characters, at most that long, valid UTF-8."""
    text = str(said)[:4 * longest].encode('utf-8', 'replace').decode('utf-8')
    text = ' '.join(''.join(c if c.isprintable() else ' ' for c in text).split())
    return text if len(text) <= longest else text[:longest - 1] + '…'


def clean_share(number: float) -> Optional[float]:
    """Return a number in 0 to 1 with three digits, or ``None`` if it is none."""
    value = float(number)
    return round(min(1.0, max(0.0, value)), 3) if math.isfinite(value) else None


def milliseconds(nanoseconds: int) -> int:
    """Return whole milliseconds."""
    return nanoseconds // MILLISECOND_NS


class PageState:
    """What is known; `snapshot` returns what the page shows of it."""

    def __init__(self) -> None:
        """Nothing has been heard."""
        self._need: Optional[CryState] = None
        self._alert: Optional[AlertReport] = None       # the one that is not over
        self._alert_since_ns = 0
        self._heartbeat: Optional[AlertReport] = None   # the newest word of the alerter
        self._actions: Dict[str, Tuple[CareReport, int]] = {}
        self._shown = ''
        self._shown_since_ns = 0
        self._history = 0
        self._estimate: Optional[Estimate] = None
        self._proven_ns: Optional[int] = None

    # --- what the topics say ---------------------------------------------------------------------
    def hear_need(self, report: CryState) -> None:
        """Take a `cry_need`."""
        before, self._need = self._need, report
        if before is None or (before.episode_id, before.crying) != (
                report.episode_id, report.crying):
            self._history += 1

    def hear_estimate(self, report: Estimate) -> None:
        """Take a `need_estimate`."""
        self._estimate = report

    def hear_proven(self, heard_ns: int) -> None:
        """Take `self_test_heard`: when the robot last heard its own chirp, 0 for never."""
        self._proven_ns = heard_ns

    def hear_alert(self, report: AlertReport) -> None:
        """Take an `alert`."""
        self._heartbeat = report
        if report.state in (START, ONGOING):
            if self._alert is None or self._alert.alert_id != report.alert_id:
                self._alert_since_ns = report.stamp_ns
                self._history += 1
            self._alert = report
        elif report.state == END:
            self._alert = None
            self._history += 1
        elif self._alert is not None and report.alert_id == self._alert.alert_id:
            self._alert = replace(self._alert, acknowledged=report.acknowledged,
                                  acknowledged_by=report.acknowledged_by)

    def hear_care(self, report: CareReport) -> None:
        """Take a `care_event`."""
        self._history += 1
        if not report.action_id:
            return
        if report.phase == STARTED:
            self._actions[report.action_id] = (report, report.stamp_ns)
            while len(self._actions) > MOST_ACTIONS:
                del self._actions[next(iter(self._actions))]
        elif report.phase in (ENDED, REFUSED):
            self._actions.pop(report.action_id, None)

    def note_history(self) -> None:
        """Say that the diary holds something new."""
        self._history += 1

    @property
    def crib(self) -> str:
        """Return the crib's name as its messages have it, '' before the first."""
        return self._need.crib_id if self._need is not None else ''

    # --- what the page shows ---------------------------------------------------------------------
    def headline(self, detector_silent_ns: Optional[int]) -> str:
        """
        Return one of starting, no_detector, disabled, no_audio, crying, quiet.

        Only what is heard now is called quiet or crying.

        :param detector_silent_ns: since the newest `cry_need`; ``None`` if none came.
        """
        need = self._need
        if need is None or detector_silent_ns is None:
            return 'starting'
        if detector_silent_ns > DETECTOR_SILENT_NS:
            return 'no_detector'
        if need.status == STATUS_DISABLED:
            return 'disabled'
        if not need.is_heard:
            return 'no_audio'
        return 'crying' if need.crying else 'quiet'

    def snapshot(self, now_ns: int, detector_silent_ns: Optional[int],
                 alerter_silent_ns: Optional[int], can: Dict[str, bool]) -> Dict[str, Any]:
        """
        Return what the page shows, ready for JSON.

        :param now_ns: the graph's time.
        :param detector_silent_ns: since the newest `cry_need`, ``None`` if none came.
        :param alerter_silent_ns: the same of `alert`.
        :param can: which buttons have somebody behind them.
        """
        need = self._need or CryState(status=STATUS_NO_AUDIO)
        state = self.headline(detector_silent_ns)
        alerter = self._alerter(alerter_silent_ns, can)
        if state != self._shown:
            self._shown, self._shown_since_ns = state, now_ns
        heard = state in ('quiet', 'crying')
        return {
            'crib': clean_text(need.crib_id, 40),
            'now_ms': milliseconds(now_ns),
            'state': state,
            'since_ms': milliseconds(self._since_ns(state, need)),
            'heard_ms_ago': (None if detector_silent_ns is None
                             else milliseconds(detector_silent_ns)),
            'cry_probability': clean_share(need.cry_probability) if heard else None,
            'sure': clean_share(need.confidence) if heard else None,
            'intensity': clean_share(need.intensity) if state == 'crying' else None,
            'need': need.need_name if state == 'crying' else None,
            'checked': need.confirmation_words if state == 'crying' else '',
            'why': clean_text(need.status_reason) if state == 'no_audio' else '',
            'needs': self._needs(need) if state == 'crying' else [],
            'episode': self._episode(need),
            'alert': self._alert_shown(alerter),
            'snoozed_until_ms': self._snoozed_until_ms(now_ns, alerter),
            'alerter': alerter,
            'doing': self._doing(now_ns),
            'can': dict(can),
            'history': self._history,
            'learnt': self._learnt(),
            # 0: never; None: nobody says.
            'proven_ms': None if self._proven_ns is None else milliseconds(self._proven_ns),
        }

    def _learnt(self) -> Optional[Dict[str, Any]]:
        """Return why it cries and how often that was right; ``None`` while nobody tells."""
        known = self._estimate
        if known is None:
            return None
        return {'episode_id': clean_text(known.episode_id, MOST_NAME),
                'need': known.need, 'reason': clean_text(known.reason),
                'right': known.right, 'of': known.of, 'base_right': known.base_right,
                'between': list(known.interval), 'off': clean_share(known.calibration_error),
                'base': known.base, 'names_needs': known.names_needs,
                'silent': known.reason.startswith('no need is told any more'),
                'weeks': [list(week) for week in known.weeks[-MOST_WEEKS:]],
                'noted_episode_id': clean_text(known.noted_episode_id, MOST_NAME),
                'noted_need': known.noted_need, 'ready': known.is_ready}

    def _since_ns(self, state: str, need: CryState) -> int:
        """Return since when it is as it is, as far as it is known."""
        if state == 'crying':
            return need.onset_ns
        if state == 'quiet' and need.episode_id:
            return max(need.onset_ns + need.duration_ns, 0)
        return self._shown_since_ns

    @staticmethod
    def _needs(need: CryState) -> List[Dict[str, Any]]:
        """Return the model's labels that speak of a need, most probable first."""
        pairs = [{'label': clean_text(label, 40), 'probability': clean_share(probability)}
                 for label, probability in zip(need.labels[:MOST_LABELS],
                                               need.probabilities[:MOST_LABELS])
                 if label.removeprefix('belly_') in REAL_NEEDS]
        return sorted(pairs, key=lambda pair: -(pair['probability'] or 0.0))

    @staticmethod
    def _episode(need: CryState) -> Optional[Dict[str, Any]]:
        """Return the present episode, or the last one."""
        if not need.episode_id:
            return None
        return {'id': clean_text(need.episode_id, MOST_NAME),
                'onset_ms': milliseconds(need.onset_ns),
                'end_ms': milliseconds(need.onset_ns + need.duration_ns)}

    def _alert_shown(self, alerter: str) -> Optional[Dict[str, Any]]:
        alert = self._alert
        if alert is None or alerter == 'absent':
            return None
        return {'id': clean_text(alert.alert_id, MOST_NAME),
                'text': clean_text(alert.text),
                'priority': name_of(PRIORITY_NAMES, alert.priority, 'none'),
                'since_ms': milliseconds(self._alert_since_ns),
                'said_ms': milliseconds(alert.stamp_ns),
                'acknowledged': bool(alert.acknowledged),
                'acknowledged_by': clean_text(alert.acknowledged_by, 40)}

    def _snoozed_until_ms(self, now_ns: int, alerter: str) -> Optional[int]:
        newest = self._heartbeat
        if newest is None or newest.snoozed_until_ns <= now_ns or alerter == 'absent':
            return None
        return milliseconds(newest.snoozed_until_ns)

    def _alerter(self, silent_ns: Optional[int], can: Dict[str, bool]) -> str:
        """Return whether somebody would call: ready, deaf, or absent."""
        if (self._heartbeat is None or silent_ns is None or silent_ns > ALERTER_SILENT_NS
                or not can.get('acknowledge')):
            return 'absent'
        return 'ready' if self._heartbeat.listening else 'deaf'

    def _doing(self, now_ns: int) -> List[Dict[str, Any]]:
        """Return what the robot does at the moment."""
        return [{'kind': name_of(KIND_NAMES, report.kind, 'note'),
                 'since_ms': milliseconds(since_ns),
                 'who': clean_text(report.who, 40)}
                for report, since_ns in self._actions.values()
                if now_ns - since_ns < LONGEST_ACTION_NS]
