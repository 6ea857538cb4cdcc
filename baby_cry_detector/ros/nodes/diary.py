# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that remembers: every episode, alert and care event goes into the household's diary.

Messages and requests arrive here; `DiaryKeeper` decides what comes in, and a thread of its own
writes it (`care.diary.writer`). A disk that is full, or somebody who locks the file, is reported
and waited for; no other node waits for it.
"""

from pathlib import Path
import time
from typing import List, Optional

from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.care.diary.clips import ClipRecorder, ClipThread
from baby_cry_detector.care.diary.keeper import DiaryKeeper
from baby_cry_detector.care.diary.limits import FloodGate
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.repair import is_ours
from baby_cry_detector.care.diary.schema import complain, inspect
from baby_cry_detector.care.diary.writer import Bounds, DiaryWriter
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed
from baby_cry_detector.needs import KIND_NAMES, name_of
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import alert_entry, care_entry, care_message
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.messages import AudioDataStamped, AudioInfo, cry_state
from baby_cry_detector.ros.base.parameters import DiarySettings
from baby_cry_detector.ros.base.ros_time import now_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.srv import LabelEpisode, RecordCare
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.event_handler import SubscriptionEventCallbacks

NEED_DEPTH = 1000


class Diary(ManagedNode[DiarySettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('diary', DiarySettings, overrides, **kwargs)
        self._path: Optional[Path] = None
        self._keeper: Optional[DiaryKeeper] = None
        self._gate = FloodGate()
        self.create_service(LabelEpisode, '~/label_episode', self._label_episode)
        self.create_service(RecordCare, '~/record_care', self._record_care)

    def configure(self, values: DiarySettings):
        """Refuse what is no diary; all else that may be wrong with the file the writer tells."""
        path = self._path = Path(values.file).expanduser() if values.file else default_path()
        kind, is_own = inspect(path), not values.file
        if not (kind == 'garbage' and (is_own or is_ours(path))):
            complain(path, kind)
        is_simulated = bool(self.get_parameter('use_sim_time').value)
        # What waits lies in a file of this node's own: several may write one diary.
        name = self.get_fully_qualified_name().strip('/').replace('/', '.')
        care = self.offer(CareEvent, 'care_event', qos.EVENTS)
        writer = self.own(DiaryWriter(
            path, path.with_name(f'{path.name}.queue.{name}'),
            Bounds(values.keep_days, values.largest_mb, values.backups),
            lambda: now_nanoseconds(self), self._say, is_simulated, is_own), self._close_writer)
        clips = None
        if values.clips:
            clips = self.own(ClipThread(
                ClipRecorder(path.with_name(f'{path.stem}_clips'), values.clip_pre_roll_s,
                             values.clip_longest_s, values.clips_largest_mb),
                lambda sentence: self.report('clip_not_written', sentence)))
        self._keeper = DiaryKeeper(writer, self._gate,
                                   lambda entry: care.publish(care_message(entry)),
                                   self.report, clips)
        self.get_logger().info(f'writes to {path}' + (
            ', with the sound of each episode' if clips else ''))

    def activate(self):
        """Subscribe."""
        keeper = self._keeper

        def on_care(message: CareEvent):
            keeper.on_care(care_entry(message), time.monotonic_ns())
        self.hear(CryNeed, 'cry_need', lambda message: keeper.on_need(
            cry_state(message), time.monotonic_ns()), qos.latched(NEED_DEPTH))
        self.hear(CryAlert, 'alert', lambda message: keeper.on_alert(
            alert_entry(message), time.monotonic_ns()), qos.latched(NEED_DEPTH))
        # Anybody's, and what was said before this node started by those who say it again.
        self.hear(CareEvent, 'care_event', on_care, qos.stream(NEED_DEPTH))
        silently = SubscriptionEventCallbacks(incompatible_qos=lambda _: None)
        self.own(self.create_subscription(
            CareEvent, 'care_event', self.guarded(on_care), qos.latched(NEED_DEPTH),
            event_callbacks=silently), self.destroy_subscription)
        if keeper.clips is not None:
            self._keep_sound(keeper.clips)

    def _keep_sound(self, clips: ClipThread) -> None:
        known: List[AudioFormat] = []             # of the newest audio_info

        def on_info(message: AudioInfo):
            known[:] = [AudioFormat(message.sample_rate, message.channels, message.sample_format,
                                    message.coding_format)]
            clips.set_format(known[0].sample_rate, known[0].channels)

        def on_audio(message: AudioDataStamped):
            if known:
                clips.hear(to_nanoseconds(message.header.stamp),
                           known[0].little_endian(message.audio.data))
        self.own(clips, lambda it: it.end())
        self.hear(AudioInfo, 'audio_info', on_info, qos.LATCHED)
        self.hear(AudioDataStamped, 'audio_stamped', on_audio, qos.stream(qos.depth_for()))

    def cleanup(self):
        """Forget what was; what is open is closed with its step."""
        self._keeper = self._path = None

    def _close_writer(self, writer: DiaryWriter) -> None:
        """Write what still waits, and close the files."""
        if not writer.close():
            self.get_logger().error(f'{writer.waiting} entries could not be written in time')

    def _say(self, level, sentence):
        """Log what the writer has to say, in its thread."""
        if level == 'info':
            self.get_logger().info(sentence)
        else:
            self.report('diary_' + sentence.split(' ')[0].strip(':;,').lower(), sentence)

    # --- services: what raises ValueError or OSError becomes the answer --------------------------
    def _active_keeper(self) -> DiaryKeeper:
        if self._keeper is None or not self._is_active:
            raise ValueError('the node is not active')
        return self._keeper

    def _label_episode(self, request, response):
        """Say afterwards what an episode was about."""
        response.episode_id, response.message = self._active_keeper().label(
            request.event_id, request.who, request.episode_id, request.label,
            now_nanoseconds(self), time.monotonic_ns())
        response.success = True
        return response

    def _record_care(self, request, response):
        """Enter fed, slept, changed or a note."""
        response.event_id, response.message = self._active_keeper().record(
            request.event_id, request.who, name_of(KIND_NAMES, request.kind, ''), request.text,
            to_nanoseconds(request.stamp), now_nanoseconds(self), time.monotonic_ns())
        response.success = True
        return response

    # --- health ----------------------------------------------------------------------------------
    def diagnose(self):
        """Report where the diary is, how much is in it, and what could not be written."""
        keeper = self._keeper
        if keeper is None:
            return DiagnosticStatus.WARN, 'not active', {}
        writer, lost = keeper.writer, keeper.writer.lost
        details = {'file': str(self._path), 'clips': keeper.clips is not None,
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
