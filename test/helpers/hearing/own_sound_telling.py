# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Tells the graph on `own_sound` what a loudspeaker plays, while it hears."""

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.messages import audio_message, info_message
from baby_cry_detector.ros.base.ros_time import to_nanoseconds

NS, RATE = 1_000_000_000, 16_000
PART = RATE // 2               # heard at a time


class Telling:
    """Tells it rightly or wrongly."""

    def __init__(self, probe):
        """Wait until somebody listens."""
        self.probe = probe
        self.audio = probe.node.create_publisher(AudioDataStamped, 'own_sound', qos.stream(1000))
        self.info = probe.node.create_publisher(AudioInfo, 'own_sound_info', qos.LATCHED)
        self.info.publish(info_message(RATE))
        probe.spin_until(lambda: self.audio.get_subscription_count()
                         and self.info.get_subscription_count())

    def figure(self, name):
        """Return what diagnostics say, '' if they do not."""
        return self.probe.diagnostics.get('feature_extractor', (0, '', {}))[2].get(name, '')

    def listen(self, heard, told, start_ns, lead_s=0.3, block=1600, stamp_error_s=0.0,
               lost=lambda time_s: 0):
        """
        Let the graph hear samples while it is told others; return what it said of that time.

        :param lead_s: so long before the microphone has it it is told.
        :param block: samples a message.
        :param lost: whether what sounds at a time is not told.
        """
        probe, pcm, own = self.probe, to_pcm16(heard), to_pcm16(told)
        del probe.needs[:]
        probe.announce()
        sent = 0
        for first in range(0, len(pcm), PART):
            while sent < min(len(own), first + PART + lead_s * RATE):
                if not lost(sent / RATE):
                    self.audio.publish(audio_message(
                        own[sent:sent + block],
                        start_ns + sent * NS // RATE + round(stamp_error_s * NS), 'crib'))
                sent += block
            probe.heard_until(probe.play(pcm[first:first + PART], start_ns + first * NS // RATE),
                              margin_s=0.6)
        return [need for need in probe.needs if to_nanoseconds(need.header.stamp) >= start_ns]
