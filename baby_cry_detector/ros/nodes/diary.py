# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that remembers: every episode, alert and care event goes into the household's diary.

Here it is heard and answered; a thread of its own writes it (`care.diary.writer`). A disk that is
full, or somebody who locks the file, is reported and waited for; nobody else waits for it.
"""

from pathlib import Path
import time

from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.care.diary.clips import ClipRecorder, ClipThread
from baby_cry_detector.care.diary.limits import FloodGate
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.repair import is_ours
from baby_cry_detector.care.diary.rows import (CARE_KINDS, CareEntry, EpisodeBook, LONGEST_TEXT,
                                               request_id)
from baby_cry_detector.care.diary.schema import complain, inspect
from baby_cry_detector.care.diary.writer import ANSWER_S, Bounds, DiaryWriter
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed
from baby_cry_detector.needs import KIND_NAMES, name_of
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import alert_entry, care_entry, care_message
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import AudioDataStamped, AudioInfo, cry_state
from baby_cry_detector.ros.base.parameters import DiarySettings
from baby_cry_detector.ros.base.ros_time import now_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.srv import LabelEpisode, RecordCare
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.event_handler import SubscriptionEventCallbacks

MOST_KNOWN = 1000               # names of events that were taken
NEED_DEPTH = 1000
FUTURE_NS = 60_000_000_000      # a phone's clock and this one may differ by that
WHERE = {'database': 'entered', 'queue': 'entered; it waits on the disk until the diary can be '
         'written', '': 'noted, but the disk does not answer; it is in memory alone'}


class Diary(ManagedNode[DiarySettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('diary', DiarySettings, overrides, **kwargs)
        self._path = None
        self._writer = None
        self._book = EpisodeBook()
        self._gate = FloodGate()
        self._known = {}               # an ordered set
        self._clips = None
        self._format = None
        self._crib_id = ''
        self._care = None
        self._subscriptions_ = []
        self.create_service(LabelEpisode, '~/label_episode', self._label_episode)
        self.create_service(RecordCare, '~/record_care', self._record_care)

    def configure(self, values: DiarySettings):
        """Refuse what is no diary; all else that may be wrong with the file the writer tells."""
        self._path = Path(values.file).expanduser() if values.file else default_path()
        kind, is_own = inspect(self._path), not values.file
        if not (kind == 'garbage' and (is_own or is_ours(self._path))):
            complain(self._path, kind)
        is_simulated = bool(self.get_parameter('use_sim_time').value)
        # What waits lies in a file of this node's own: several may write one diary.
        name = self.get_fully_qualified_name().strip('/').replace('/', '.')
        self._writer = DiaryWriter(
            self._path, self._path.with_name(f'{self._path.name}.queue.{name}'),
            Bounds(values.keep_days, values.largest_mb, values.backups),
            lambda: now_nanoseconds(self), self._say, is_simulated, is_own)
        if values.clips:
            folder = self._path.with_name(f'{self._path.stem}_clips')
            self._clips = ClipThread(
                ClipRecorder(folder, values.clip_pre_roll_s, values.clip_longest_s,
                             values.clips_largest_mb),
                lambda sentence: self.report('clip_not_written', sentence))
        self._care = self.offer(CareEvent, 'care_event', qos.EVENTS)
        self.get_logger().info(f'writes to {self._path}' + (
            ', with the sound of each episode' if self._clips else ''))

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

    def deactivate(self):
        """Unsubscribe."""
        for subscription in self._subscriptions_:
            self.destroy_subscription(subscription)
        self._subscriptions_ = []
        if self._clips is not None:
            self._clips.end()

    def cleanup(self):
        """Write what still waits, and close the files."""
        if self._care is not None:
            self.destroy_lifecycle_publisher(self._care)
        if self._clips is not None:
            self._clips.close()
        if self._writer is not None and not self._writer.close():
            self.get_logger().error(f'{self._writer.waiting} entries could not be written in time')
        self._care = self._writer = self._path = self._clips = None
        self._book = EpisodeBook()

    def _say(self, level, sentence):
        """Log what the writer has to say, in its thread."""
        if level == 'info':
            self.get_logger().info(sentence)
        else:
            self.report('diary_' + sentence.split(' ')[0].strip(':;,').lower(), sentence)

    # --- the graph speaks ------------------------------------------------------------------------
    @survive
    def _hear_need(self, message: CryNeed):
        sample = cry_state(message)
        self._crib_id = sample.crib_id
        known = self._book.open_row(sample.crib_id)
        if sample.episode_id and (known is None or known.episode_id != sample.episode_id) and (
                not self._admits('episodes', sample.crib_id)):
            return
        for row in self._book.observe(sample):
            self._writer.put(row)
        if self._clips is not None:
            self._clips.follow(sample)

    @survive
    def _hear_alert(self, message: CryAlert):
        if message.alert_id and self._admits('alerts', message.header.frame_id):
            self._writer.put(alert_entry(message))

    @survive
    def _hear_care(self, message: CareEvent):
        entry = care_entry(message)
        if entry.event_id in self._known:
            return
        if self._gate.admits_event(entry.kind, entry.who, time.monotonic_ns()):
            self._know(entry)
            self._writer.put(entry)
        else:
            self._note_flood()

    def _admits(self, group, source):
        if self._gate.admits(group, source, time.monotonic_ns()):
            return True
        self._note_flood()
        return False

    def _note_flood(self):
        source, count = self._gate.refused.most_common(1)[0]
        self.report('flood', f'more {source} than the diary takes in so short a time; most of '
                             f'the {count} that were refused')

    def _know(self, entry):
        self._known[entry.event_id] = None
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    # --- sound, for whoever switched it on -------------------------------------------------------
    @survive
    def _hear_info(self, message: AudioInfo):
        self._format = AudioFormat(message.sample_rate, message.channels, message.sample_format,
                                   message.coding_format)
        self._clips.set_format(self._format.sample_rate, self._format.channels)

    @survive
    def _hear_audio(self, message: AudioDataStamped):
        if self._format is not None:
            self._clips.hear(to_nanoseconds(message.header.stamp),
                             self._format.little_endian(message.audio.data))

    # --- services --------------------------------------------------------------------------------
    def _enter(self, key, **fields):
        """
        Take an entry in, and tell everybody.

        :param key: of the request; one that is sent again with the same content is one entry.
        :return: (event_id, what to say).
        """
        event_id = request_id(key, *(fields.get(name, '') for name in (
            'kind', 'crib_id', 'who', 'episode_id', 'text', 'label')))
        if event_id in self._known:
            return event_id, 'entered already'
        if not self._gate.admits('entries by service', '', time.monotonic_ns()):
            self._note_flood()
            raise ValueError('too much was entered in so short a time')
        entry = CareEntry(event_id, **fields)
        self._know(entry)
        ticket = self._writer.put(entry)
        self._care.publish(care_message(entry))
        return event_id, WHERE[ticket.wait(0.0 if self._writer.is_stuck else ANSWER_S)]

    def _answer(self, response, step):
        """Let a step fill a response, and turn what is wrong into a sentence in it."""
        response.success = False
        try:
            if not self._is_active:
                raise ValueError('the node is not active')
            step()
            response.success = True
        except (ValueError, OSError) as error:
            response.message = str(error)
        return response

    @survive
    def _label_episode(self, request, response):
        """Say afterwards what an episode was about."""
        def step():
            label = request.label.strip()
            if not 0 < len(label) <= LONGEST_TEXT:
                raise ValueError(f'expected a label of 1 to {LONGEST_TEXT} characters')
            response.episode_id = self._episode_of(request.episode_id)
            _, response.message = self._enter(
                request.event_id, stamp_ns=now_nanoseconds(self), kind='labelled',
                crib_id=self._crib_id, who=request.who, episode_id=response.episode_id,
                label=label)
        return self._answer(response, step)

    def _episode_of(self, episode_id):
        """Return the episode that is meant, if there is one."""
        row = self._book.open_row(self._crib_id)
        if row is not None and episode_id in ('', row.episode_id):
            return row.episode_id
        if not episode_id:
            episode_id = self._writer.ask(lambda store: store.newest_episode())
            if not episode_id:
                raise ValueError('there is no episode yet')
        elif not self._writer.ask(lambda store: store.has_episode(episode_id)):
            raise ValueError(f'there is no episode {episode_id!r}')
        return episode_id

    @survive
    def _record_care(self, request, response):
        """Enter fed, slept, changed or a note."""
        def step():
            kind = name_of(KIND_NAMES, request.kind, '')
            now_ns = now_nanoseconds(self)
            stamp_ns = to_nanoseconds(request.stamp) or now_ns
            if kind not in CARE_KINDS:
                raise ValueError(f'expected one of the kinds {", ".join(CARE_KINDS)}')
            if kind == 'note' and not request.text.strip():
                raise ValueError('a note needs a text')
            if stamp_ns > now_ns + FUTURE_NS:
                raise ValueError('that lies in the future')
            response.event_id, response.message = self._enter(
                request.event_id, stamp_ns=stamp_ns, kind=kind, crib_id=self._crib_id,
                who=request.who, text=request.text)
        return self._answer(response, step)

    # --- health ----------------------------------------------------------------------------------
    def diagnose(self):
        """Report where the diary is, how much is in it, and what could not be written."""
        writer = self._writer
        if writer is None:
            return DiagnosticStatus.WARN, 'not active', {}
        lost = writer.lost
        details = {'file': str(self._path), 'clips': self._clips is not None,
                   'waiting': writer.waiting, 'lost': lost, 'clock_doubted': writer.doubt,
                   'refused': sum(self._gate.refused.values()), **writer.figures}
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if writer.trouble or writer.is_stuck:
            trouble = writer.trouble or 'cannot write the diary: the disk does not answer'
            return DiagnosticStatus.ERROR, f'{trouble}; {writer.waiting} entries wait', details
        if writer.doubt:
            return DiagnosticStatus.WARN, f'writing; the clock is doubted: {writer.doubt}', details
        if lost:
            return DiagnosticStatus.WARN, f'writing; {lost} entries were lost', details
        if self._gate.refused:
            return DiagnosticStatus.WARN, 'writing; a flood was held off', details
        return DiagnosticStatus.OK, 'writing', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [Diary()], args)
