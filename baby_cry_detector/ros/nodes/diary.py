# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that remembers: every episode, alert and care event goes into the household's diary.

A disk that is full, or somebody who locks the file, is reported and waited for; what is heard
meanwhile is kept in memory, up to a bound.
"""

from pathlib import Path
import uuid

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.event_handler import SubscriptionEventCallbacks

from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.care.diary.rows import CARE_KINDS, CareEntry, EpisodeBook, LONGEST_TEXT
from baby_cry_detector.care.diary.clips import ClipRecorder
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.store import DiaryError, DiaryStore
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import (
    alert_entry, care_entry, care_message)
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.base.ros_time import now_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.srv import LabelEpisode, RecordCare
from baby_cry_detector.needs import KIND_NAMES

RETRY_PERIOD_S = 1.0
FIGURES_PERIOD_S = 10.0
MOST_KNOWN = 1000               # names of events that are known to be written
PRUNE_PERIOD_S = 3600.0
MOST_WAITING = 10_000           # entries in memory while the disk can't be written
NEED_DEPTH = 1000


class Waiting:
    """What is not written yet: the newest state of episodes, and everything else in order."""

    def __init__(self):
        """Nothing waits."""
        self.episodes, self.events, self.alerts = {}, {}, []
        self.lost = 0

    def __len__(self) -> int:
        """Return how many entries wait."""
        return len(self.episodes) + len(self.events) + len(self.alerts)

    def shorten(self) -> None:
        """Let go of the oldest beyond the bound."""
        while len(self) > MOST_WAITING:
            self.lost += 1
            if self.alerts:
                self.alerts.pop(0)
                continue
            part = max(self.episodes, self.events, key=len)
            del part[next(iter(part))]

    def clear(self) -> None:
        """All of it is written."""
        self.episodes, self.events, self.alerts = {}, {}, []


class Diary(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('diary', TABLES['diary'], overrides, **kwargs)
        self._values = {}
        self._path = None
        self._store = None
        self._book = EpisodeBook()
        self._waiting = Waiting()
        self._known = {}               # an ordered set
        self._trouble = ''
        self._figures = {}
        self._clips = None
        self._clip_of = ''
        self._clip_due = None          # a cry that was told before the audio's format
        self._crib_id = ''
        self._care = None
        self._subscriptions_, self._timers_ = [], []
        self.create_service(LabelEpisode, '~/label_episode', self._label_episode)
        self.create_service(RecordCare, '~/record_care', self._record_care)

    def configure(self, values):
        """Open the database; a disk that is full now may have room later."""
        self._values = values
        self._path = Path(values['file']).expanduser() if values['file'] else default_path()
        self._store = self._open()
        if values['clips']:
            folder = self._path.with_name(f'{self._path.stem}_clips')
            self._clips = ClipRecorder(folder, values['clip_pre_roll_s'],
                                       values['clip_longest_s'], values['clips_largest_mb'])
        self._care = self.offer(CareEvent, 'care_event', qos.EVENTS)
        self.get_logger().info(
            f'writes to {self._path}' + (', with the sound of each episode' if self._clips
                                         else ''))

    def activate(self):
        """Subscribe."""
        silently = SubscriptionEventCallbacks(incompatible_qos=lambda _: None)
        self._subscriptions_ = [
            self.hear(CryNeed, 'cry_need', self._hear_need, qos.latched(NEED_DEPTH)),
            self.hear(CryAlert, 'alert', self._hear_alert, qos.latched(NEED_DEPTH)),
            # Anybody's, and what was said before this node started by those who say it again.
            self.hear(CareEvent, 'care_event', self._hear_care, qos.stream(NEED_DEPTH)),
            self.create_subscription(CareEvent, 'care_event', self._hear_care,
                                     qos.latched(NEED_DEPTH), event_callbacks=silently)]
        if self._clips is not None:
            self._subscriptions_ += [
                self.hear(AudioInfo, 'audio_info', self._hear_info, qos.LATCHED),
                self.hear(AudioDataStamped, 'audio_stamped', self._hear_audio,
                          qos.stream(qos.depth_for()))]
        self._timers_ = [self.every(RETRY_PERIOD_S, self._write),
                         self.every(FIGURES_PERIOD_S, self._count),
                         self.every(PRUNE_PERIOD_S, self._prune)]
        self._prune()

    def deactivate(self):
        """Unsubscribe, and write what still waits."""
        for subscription in self._subscriptions_:
            self.destroy_subscription(subscription)
        for timer in self._timers_:
            self.destroy_timer(timer)
        self._subscriptions_, self._timers_ = [], []
        if self._clips is not None:
            self._clips.end()
        if self._path is not None and len(self._waiting):
            self._write()

    def cleanup(self):
        """Close the database."""
        if self._care is not None:
            self.destroy_lifecycle_publisher(self._care)
        if self._store is not None:
            self._store.close()
        self._care = self._store = self._path = self._clips = None
        self._book = EpisodeBook()

    def live_change(self, values):
        """Use the new bounds at the next look."""
        self._values = values

    # --- the database ----------------------------------------------------------------------------
    def _open(self):
        """Return the open diary, or None where the disk can't take it now."""
        try:
            store = DiaryStore(self._path)
            self._trouble = ''
            self._figures = store.figures()
            return store
        except DiaryError:
            raise
        except PermissionError:
            raise
        except OSError as error:
            self._note_trouble(error)
            return None

    def _note_trouble(self, error):
        self._trouble = f'cannot write the diary: {error}'
        self.report('diary_not_written',
                    f'{self._trouble}; {len(self._waiting)} entries wait in memory')

    @survive
    def _write(self):
        """Write what waits; what can't be written goes on waiting."""
        if self._store is None:
            self._store = self._open()
        waiting = self._waiting
        if self._store is None or not len(waiting):
            return
        try:
            self._store.write(waiting.episodes.values(), waiting.events.values(), waiting.alerts)
        except OSError as error:
            self._note_trouble(error)
            waiting.shorten()
            return
        if self._trouble:
            self.get_logger().info(f'the diary is written again, {len(waiting)} entries '
                                   'that waited included')
        self._trouble = ''
        waiting.clear()

    @survive
    def _count(self):
        if self._store is not None:
            self._figures = self._store.figures()

    @survive
    def _prune(self):
        if self._store is not None:
            forgotten = self._store.prune(now_nanoseconds(self), self._values['keep_days'],
                                          self._values['largest_mb'])
            self._figures = self._store.figures()
            if forgotten:
                self.get_logger().info(f'{forgotten} old episodes were forgotten')

    # --- what is heard ---------------------------------------------------------------------------
    @survive
    def _hear_need(self, message: CryNeed):
        sample = cry_state(message)
        self._crib_id = sample.crib_id
        known = self._book.open_row(sample.crib_id)
        if sample.episode_id and (known is None or known.episode_id != sample.episode_id) and (
                self._store is not None):
            stored = self._store.stored_row(sample.episode_id)
            if stored is not None and (sample.crying or known is None
                                       or stored.onset_ns > known.onset_ns):
                self._book.resume(stored)
        rows = self._book.observe(sample)
        if self._clips is not None:
            self._follow_clip(sample)
        if rows:
            for row in rows:
                self._waiting.episodes[row.episode_id] = row
            self._write_soon()

    def _write_soon(self):
        """Write at once, unless the disk is known to be in trouble: then the timer tries."""
        if self._trouble:
            self._waiting.shorten()
        else:
            self._write()

    @survive
    def _hear_alert(self, message: CryAlert):
        if message.alert_id:
            self._waiting.alerts.append(alert_entry(message))
            self._write_soon()

    @survive
    def _hear_care(self, message: CareEvent):
        entry = care_entry(message)
        if entry.event_id not in self._known:
            self._keep(entry)
            self._write_soon()

    def _keep(self, entry):
        self._waiting.events.setdefault(entry.event_id, entry)
        self._known[entry.event_id] = None
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    # --- sound, for whoever switched it on -------------------------------------------------------
    def _follow_clip(self, sample):
        if sample.crying and not self._clips.has_format:
            self._clip_due = sample
        elif sample.crying and self._clip_of != sample.episode_id:
            self._clip_of = sample.episode_id
            self._clips.begin(sample.episode_id, sample.onset_ns)
        elif not sample.crying and sample.is_heard:
            self._clip_due = None
            self._clips.end()

    @survive
    def _hear_info(self, message: AudioInfo):
        audio_format = AudioFormat(message.sample_rate, message.channels, message.sample_format,
                                   message.coding_format)
        self._clips.set_format(audio_format.sample_rate, audio_format.channels)
        due, self._clip_due = self._clip_due, None
        if due is not None:
            self._follow_clip(due)

    @survive
    def _hear_audio(self, message: AudioDataStamped):
        try:
            self._clips.hear(to_nanoseconds(message.header.stamp), message.audio.data.tobytes())
        except OSError as error:
            self.report('clip_not_written', f'cannot write a clip: {error}')

    # --- services --------------------------------------------------------------------------------
    def _enter(self, entry: CareEntry) -> bool:
        """Keep and publish an entry; return whether it is on disk."""
        self._keep(entry)
        self._write()
        self._care.publish(care_message(entry))
        return not self._trouble

    @survive
    def _label_episode(self, request, response):
        """Say afterwards what an episode was about."""
        response.success = False
        label = request.label.strip()
        if not self._is_active:
            response.message = 'the node is not active'
        elif not 0 < len(label) <= LONGEST_TEXT:
            response.message = f'expected a label of 1 to {LONGEST_TEXT} characters'
        else:
            response.episode_id = request.episode_id or self._newest_episode()
            if not response.episode_id or not self._knows(response.episode_id):
                response.message = (f'there is no episode {request.episode_id!r}'
                                    if request.episode_id else 'there is no episode yet')
                return response
            written = self._enter(CareEntry(
                uuid.uuid4().hex, now_nanoseconds(self), 'labelled', self._crib_id,
                who=request.who, episode_id=response.episode_id, label=label))
            response.success = True
            response.message = 'labelled' if written else f'kept in memory: {self._trouble}'
        return response

    def _newest_episode(self) -> str:
        row = self._book.open_row(self._crib_id)
        if row is not None:
            return row.episode_id
        return (self._store.newest_episode() if self._store is not None else '') or ''

    def _knows(self, episode_id: str) -> bool:
        if episode_id in self._waiting.episodes:
            return True
        return self._store is not None and self._store.has_episode(episode_id)

    @survive
    def _record_care(self, request, response):
        """Enter fed, slept, changed or a note."""
        response.success = False
        kind = KIND_NAMES[request.kind] if request.kind < len(KIND_NAMES) else ''
        if not self._is_active:
            response.message = 'the node is not active'
        elif kind not in CARE_KINDS:
            response.message = f'expected one of the kinds {", ".join(CARE_KINDS)}'
        elif kind == 'note' and not request.text.strip():
            response.message = 'a note needs a text'
        else:
            response.event_id = uuid.uuid4().hex
            written = self._enter(CareEntry(
                response.event_id, to_nanoseconds(request.stamp) or now_nanoseconds(self), kind,
                self._crib_id, who=request.who, text=request.text))
            response.success = True
            response.message = 'entered' if written else f'kept in memory: {self._trouble}'
        return response

    # --- health ----------------------------------------------------------------------------------
    def diagnose(self):
        """Report where the diary is, how much is in it, and what could not be written."""
        details = {'file': str(self._path or ''), 'clips': self._clips is not None,
                   'waiting': len(self._waiting), 'lost': self._waiting.lost, **self._figures}
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if self._trouble:
            return (DiagnosticStatus.ERROR,
                    f'{self._trouble}; {len(self._waiting)} entries wait in memory', details)
        return DiagnosticStatus.OK, 'writing', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [Diary()], args)
