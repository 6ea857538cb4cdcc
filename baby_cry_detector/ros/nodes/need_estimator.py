# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that learns one baby and says why it cries, as far as that is known: `need_estimate`.

It hears `cry_need` and `care_event`, and reads the diary where there is one, which then is the
truth. The classifier puts the answer into `cry_need`. What happened is kept in a file, so that
`kill -9` loses nothing; what was learnt is built from it anew, in small pieces.
"""

from pathlib import Path

from baby_cry_detector import kept_voice
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.rows import CareEntry, LONGEST_TEXT, request_id
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.from_diary import facts_of
from baby_cry_detector.care.need.watching import CribWatch
from baby_cry_detector.care.need.words import report_lines
from baby_cry_detector.kept_needs import (ahead_sentence, checked_settings, DiaryReader,
                                          document_for, forget, forgotten_ns, kept, utc_offset_h)
from baby_cry_detector.kept_state import KeptState
from baby_cry_detector.msg import CareEvent, CryNeed, NeedEstimate
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import care_entry, care_message, estimate_message
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import NeedEstimatorSettings
from baby_cry_detector.ros.base.ros_time import now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.srv import LabelEpisode
from baby_cry_detector.units import DAY_NS, HOUR_NS
from diagnostic_msgs.msg import DiagnosticStatus
from std_srvs.srv import Trigger

STEP_S, SYNC_S = 0.1, 5.0
ANSWERS_A_STEP = 6
LATELY_NS = 3 * DAY_NS
AHEAD_NS = HOUR_NS
MOST_WAITING = 1000
DEPTH = 1000


class NeedEstimator(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('need_estimator', NeedEstimatorSettings, overrides, **kwargs)
        self._watch = None              # of the crib that cry_need names
        self._waiting = []              # care events of a crib that is not heard yet
        self._estimate = self._care = self._kept = self._diary = self._reader = None
        self._kept_changes, self._said, self._trouble, self._threshold = 0, None, '', 0.95
        self._voice, self._voice_trouble, self._uses_sound = None, '', False
        self._ahead = ''                # what is wrong with when it was forgotten
        self.create_service(LabelEpisode, '~/label_episode', self._label_episode)
        self.create_service(Trigger, '~/forget', self._forget)

    def configure(self, values: NeedEstimatorSettings):
        """Take the files; nothing is read before it is known whose crib it is."""
        self._diary = Path(values.diary_file or default_path()).expanduser()
        self._threshold, self._uses_sound = values.threshold, values.use_sound
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
        self._watch = self._voice = self._estimate = self._care = self._kept = self._said = None
        self._waiting, self._kept_changes = [], 0

    # --- whose baby ------------------------------------------------------------------------------
    def _open(self, crib):
        """Begin with what is kept, entered and set for a crib."""
        items, birth_ns, since_ns = [], None, 0
        try:
            items, birth_ns, since_ns = journal.read(document_for(self._kept, crib))
        except ValueError as error:
            aside = self._kept.set_aside() if self._kept.path.exists() else ''
            self.report('kept_needs', f'{self._kept.path}: {error}{aside}; what the diary has is '
                        'learnt again')
        self._kept_changes = 0
        self._watch = CribWatch(crib, items, birth_ns, since_ns, utc_offset_h,
                                self._threshold, self._uses_sound)
        self._voice = kept_voice.VoiceReader(crib) if self._uses_sound else None
        self._reader = DiaryReader(self._diary, crib)
        self._take_settings()
        self._read_voice()
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._on_care(message)

    def _take_settings(self):
        """Take what `baby-cry need` has set: a birth, what is forgotten, what was imported."""
        watch = self._watch
        try:
            with kept(watch.crib_id, lambda sentence: self.report('need_settings', sentence)) as (
                    _, settings):
                pass
        except journal.LaterVersionError as error:
            self.report('need_settings', str(error))
            settings = {**checked_settings({}), 'since_ns': forgotten_ns(watch.crib_id)}
        now_ns = now_nanoseconds(self)
        refused = watch.take_settings(settings, now_ns)
        self._ahead = ahead_sentence(watch.since_ns, now_ns)
        for kind, sentence in (('need_settings', refused), ('forgotten_ahead', self._ahead)):
            if sentence:
                self.report(kind, sentence)

    def _read_diary(self):
        watch = self._watch
        if not watch.now_ns:            # nothing is heard yet
            return
        try:
            items, is_other = self._reader.read(
                *(max(0, watch.now_ns - age_ns, watch.since_ns)
                  for age_ns in (journal.KEPT_NS, LATELY_NS)))
            count = watch.add(items)
            if is_other:
                self.report('diary_changed', f'the past of the diary has changed: {count} things '
                            'in it are new and learnt; nothing that was known is forgotten')
            self._trouble = ''
        except (ValueError, OSError) as error:
            self._trouble = f'the diary can not be read: {error}'
            self.report('diary_not_read', f'{self._trouble}; it is learnt from what is heard')

    def _read_voice(self):
        """Take how episodes sounded, if that is used and there is something new."""
        sounds = None if self._voice is None else self._voice.news()
        if sounds is not None:
            self._watch.hear(sounds)
        if self._voice is not None and self._voice.trouble != self._voice_trouble:
            self._voice_trouble = self._voice.trouble
            if self._voice_trouble:
                self.report('voice_not_read', self._voice_trouble)

    def _sync(self):
        if self._watch is not None:
            self._take_settings()
            self._read_voice()
            self._read_diary()

    # --- what is heard ---------------------------------------------------------------------------
    def _on_need(self, message: CryNeed):
        state = cry_state(message)
        if state.stamp_ns > now_nanoseconds(self) + AHEAD_NS:
            self.report('from_the_future', 'cry_need is stamped more than an hour ahead of the '
                        'clock here and is left out')
            return
        if state.crib_id and (self._watch is None or self._watch.crib_id != state.crib_id):
            if self._watch is not None:
                self.report('another_crib', f'cry_need is of {state.crib_id}, and was of '
                            f'{self._watch.crib_id}: one estimator learns one crib at a time')
            self._keep()
            self._open(state.crib_id)
        if self._watch is not None:
            before, heard_ns = self._watch.open_episode, self._watch.now_ns
            self._watch.on_state(state)
            if not heard_ns:
                self._read_diary()
            if self._watch.open_episode != before:
                self._say()

    def _on_care(self, message: CareEvent):
        if self._watch is None or message.header.frame_id not in ('', self._watch.crib_id):
            self._waiting = [*self._waiting[1 - MOST_WAITING:], message]
        else:
            self._watch.add(facts_of([vars(care_entry(message))], self._watch.crib_id))

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

    def _keep(self):
        watch = self._watch
        if watch is None or watch.changes == self._kept_changes:
            return
        try:
            self._kept.keep({**watch.document(now_nanoseconds(self)), 'crib': watch.crib_id})
            self._kept_changes = watch.changes
        except OSError as error:
            self.report('needs_not_kept', f'what happened is in memory alone: {error}')

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
        now_ns = now_nanoseconds(self)
        forget(self._watch.crib_id, now_ns)
        self._watch.forget(now_ns)
        self._ahead = ''
        self._keep()
        kept_voice.erase(self._watch.crib_id, self._watch.since_ns)
        response.success, response.message = True, 'forgotten'
        return response

    def diagnose(self):
        """Report how good it is, and what it can't read."""
        if not self._is_active or self._watch is None:
            return DiagnosticStatus.WARN, 'not active' if not self._is_active else (
                'no crib is heard yet'), {}
        estimate, record = self._watch.estimate(), self._watch.baby.record
        lines = report_lines(record, record.figures(estimate.stamp_ns), estimate.base)
        details = {name: getattr(estimate, name) for name in (
            'right', 'of', 'base_right', 'probability_better', 'calibration_error', 'names_needs',
            'is_ready')}
        details.update(episodes=len(self._watch.baby.answered), record='; '.join(lines))
        if self._uses_sound:
            details.update(sounds=self._watch.baby.sounds)
        if self._trouble or self._ahead:
            return DiagnosticStatus.WARN, self._trouble or self._ahead, details
        return DiagnosticStatus.OK, lines[2] if estimate.is_ready else 'learning', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [NeedEstimator()], args)
