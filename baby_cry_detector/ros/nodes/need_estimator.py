# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that learns one baby and says why it cries, as far as that is known: `need_estimate`.

It hears `cry_need` and `care_event`, and reads the diary where there is one, which then is the
truth. The classifier puts the answer into `cry_need`. What happened is kept in a file, so that
`kill -9` loses nothing; what was learnt is built from it anew, in small pieces.
"""

from pathlib import Path

from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.rows import CareEntry, LONGEST_TEXT, request_id
from baby_cry_detector.care.need.from_diary import facts_of
from baby_cry_detector.care.need.words import report_lines
from baby_cry_detector.kept_state import KeptState
from baby_cry_detector.learnt_crib import LearntCrib
from baby_cry_detector.msg import CareEvent, CryNeed, NeedEstimate
from baby_cry_detector.printable import one_line
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import care_entry, care_message, estimate_message
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import NeedEstimatorSettings
from baby_cry_detector.ros.base.ros_time import now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.srv import LabelEpisode
from baby_cry_detector.units import HOUR_NS
from diagnostic_msgs.msg import DiagnosticStatus
from std_srvs.srv import Trigger

STEP_S, SYNC_S = 0.1, 5.0
ANSWERS_A_STEP = 6
AHEAD_NS = HOUR_NS
MOST_WAITING = 1000
DEPTH = 1000


class NeedEstimator(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('need_estimator', NeedEstimatorSettings, overrides, **kwargs)
        self._learnt = None             # of the crib that cry_need names
        self._not_open = ''             # why it can't be begun with
        self._waiting = []              # care events of a crib that is not heard yet
        self._estimate = self._care = self._kept = self._said = None
        self.create_service(LabelEpisode, '~/label_episode', self._label_episode)
        self.create_service(Trigger, '~/forget', self._forget)

    def configure(self, values: NeedEstimatorSettings):
        """Take the files; nothing is read before it is known whose crib it is."""
        self._values = values
        self._kept = self.own(KeptState(self.get_fully_qualified_name()))
        self._estimate = self.offer(NeedEstimate, 'need_estimate', qos.LATCHED)
        self._care = self.offer(CareEvent, 'care_event', qos.EVENTS)

    def activate(self):
        """Listen."""
        self.hear(CareEvent, 'care_event', self._on_care, qos.latched(DEPTH))
        self.hear(CryNeed, 'cry_need', self._on_need, qos.latched(DEPTH))
        self.every(STEP_S, self._step)
        self.every(SYNC_S, self._sync)

    def deactivate(self):
        """Keep what happened."""
        self._keep()

    def cleanup(self):
        """Forget what is in memory; the file stays."""
        self._learnt = self._estimate = self._care = self._kept = self._said = None
        self._waiting, self._not_open = [], ''

    @property
    def _watch(self):
        return None if self._learnt is None else self._learnt.watch

    # --- whose baby ------------------------------------------------------------------------------
    def _open(self, crib):
        """Begin with what is kept, entered and set for a crib."""
        self._keep()
        self._learnt = None
        values = self._values
        try:
            self._learnt = LearntCrib(
                crib, self._kept, Path(values.diary_file or default_path()).expanduser(),
                self.report, now_nanoseconds(self), values.threshold, values.use_sound)
            self._not_open = ''
        except OSError as error:
            self._not_open = (f'what is set for {one_line(crib)} can not be read: {error}; '
                              'nothing is learnt')
            self.report('need_settings', self._not_open)
            return
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._on_care(message)

    def _sync(self):
        if self._learnt is not None:
            self._learnt.sync(now_nanoseconds(self))

    def _keep(self):
        if self._learnt is not None:
            self._learnt.keep(now_nanoseconds(self))

    # --- what is heard ---------------------------------------------------------------------------
    def _on_need(self, message: CryNeed):
        state = cry_state(message)
        if state.stamp_ns > now_nanoseconds(self) + AHEAD_NS:
            self.report('from_the_future', 'cry_need is stamped more than an hour ahead of the '
                        'clock here and is left out')
            return
        if state.crib_id and (self._watch is None or self._watch.crib_id != state.crib_id):
            if self._watch is not None:
                self.report('another_crib', f'cry_need is of {one_line(state.crib_id)}, and was '
                            f'of {one_line(self._watch.crib_id)}: one estimator learns one crib '
                            'at a time')
            self._open(state.crib_id)
        if self._watch is not None:
            before, heard_ns = self._watch.open_episode, self._watch.now_ns
            self._watch.on_state(state)
            if not heard_ns:
                self._learnt.read_diary()
            if self._watch.open_episode != before:
                self._say()

    def _on_care(self, message: CareEvent):
        entry = care_entry(message)
        if self._watch is None or entry.crib_id not in ('', self._watch.crib_id):
            if len(self._waiting) >= MOST_WAITING:
                self.report('too_many_waiting', 'more care events came of cribs that are not '
                            f'heard than wait ({MOST_WAITING}): the oldest is left out')
            self._waiting = [*self._waiting[1 - MOST_WAITING:], message]
            return
        if entry.stamp_ns > now_nanoseconds(self) + AHEAD_NS:
            self.report('care_from_the_future', 'a care_event is stamped more than an hour ahead '
                        'of the clock here: it counts once that time is reached')
        self._watch.add(facts_of([vars(entry)], self._watch.crib_id))

    def _step(self):
        if self._watch is not None:
            self._watch.step(ANSWERS_A_STEP)
            self._say()
            self._keep()

    def _say(self):
        estimate = self._watch.estimate()
        if estimate.without_time() != self._said:
            self._said = estimate.without_time()
            self._estimate.publish(estimate_message(estimate))

    # --- services --------------------------------------------------------------------------------
    def _label_episode(self, request, response):
        """Say what an episode was about, where there is no diary to say it to."""
        label, names = request.label.strip(), self._watch.cry_names() if self._watch else []
        response.episode_id = request.episode_id or (names[0] if names else '')
        if not 0 < len(label) <= LONGEST_TEXT:
            raise ValueError(f'expected a label of 1 to {LONGEST_TEXT} characters')
        if not self._is_active or response.episode_id not in names:
            raise ValueError('there is no such episode' if names else 'there is no episode yet')
        self._care.publish(care_message(CareEntry(
            request_id(request.event_id, 'labelled', response.episode_id, label),
            now_nanoseconds(self), 'labelled', self._watch.crib_id, who=request.who,
            episode_id=response.episode_id, label=label)))
        response.success, response.message = True, 'told to everybody'
        return response

    def _forget(self, _, response):
        """Forget what was learnt of this baby; the diary stays, and is not learnt from again."""
        if self._watch is None:
            raise ValueError('nothing is known yet')
        stays = self._learnt.forget(now_nanoseconds(self))
        response.success, response.message = True, '; '.join(filter(None, ('forgotten', stays)))
        return response

    def diagnose(self):
        """Report how good it is, and what it can't read."""
        if not self._is_active or self._watch is None:
            return DiagnosticStatus.WARN, 'not active' if not self._is_active else (
                self._not_open or 'no crib is heard yet'), {}
        estimate, record = self._watch.estimate(), self._watch.baby.record
        lines = report_lines(record, record.figures(estimate.stamp_ns), estimate.base)
        details = {name: getattr(estimate, name) for name in (
            'right', 'of', 'base_right', 'probability_better', 'calibration_error', 'names_needs',
            'is_ready')}
        details.update(episodes=len(self._watch.baby.answered), record='; '.join(lines))
        if self._values.use_sound:
            details.update(sounds=self._watch.baby.sounds)
        if self._learnt.trouble:
            return DiagnosticStatus.WARN, self._learnt.trouble, details
        return DiagnosticStatus.OK, lines[2] if estimate.is_ready else 'learning', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [NeedEstimator()], args)
