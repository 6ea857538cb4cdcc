# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Long and hostile input for the composed graph in a process of its own, and what became of it."""

from dataclasses import dataclass
import math
import os
import random
import signal
import subprocess
import time

from audio_common_msgs.msg import AudioInfo
from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.msg import CryNeed, FrameFeatures
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.tools.supervisor import node_command
from baby_cry_detector.stream.listener import open_checkpoint
from graph_harness import next_domain, NS, PATIENCE_S, Probe, RATE
import numpy as np
from process_memory import cpu_s, resident_bytes
import rclpy

START_NS = 1_700_000_000 * NS
CRY_AT_S, CRY_S = 20.0, 6.0


class GraphProcess:
    """`cry_graph --no-capture` as a process, and a probe that feeds it."""

    def __init__(self, namespace='', domain_id=None, environment=None, log=subprocess.DEVNULL):
        """Start it and wait until it listens."""
        self.context = rclpy.Context()
        self.domain_id = next_domain() if domain_id is None else domain_id
        rclpy.init(context=self.context, domain_id=self.domain_id)
        command = node_command('cry_graph', namespace=namespace)
        self.process = subprocess.Popen(
            [command[0], '--no-capture', *command[1:]], stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, 'ROS_DOMAIN_ID': str(self.domain_id), **(environment or {})})
        self.probe = Probe(self.context, namespace)
        self.probe.wait_for_graph()

    @property
    def resident_mb(self):
        """Return the memory that it holds, in 10⁶ bytes."""
        return resident_bytes(self.process.pid) / 1e6

    def close(self):
        """End it; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.probe.close()
        rclpy.shutdown(context=self.context)
        return code


@dataclass
class Stretch:
    """What became of some minutes of audio."""

    minute: int
    cries: int
    heard: int
    false: int
    onset_delay_s: float
    resident_mb: float
    cpu_us_per_frame: float
    times_real_time: float


def room(duration_s, seed):
    """Return a quiet room, float."""
    noise = np.random.default_rng(seed).standard_normal(int(duration_s * RATE))
    return 10 ** (-55 / 20) * noise


def minute_with_cry(seed):
    """Return a minute of int16 samples with a cry of 6 s at CRY_AT_S."""
    samples = room(60.0, seed)
    cry = synthesise_cry(CRY_S, seed=1 + seed % 12)
    first = int(CRY_AT_S * RATE)
    samples[first:first + len(cry)] += cry
    return to_pcm16(samples)


def onsets_of(needs):
    """Return {episode id: stamp of the first message that says crying, in ns}."""
    onsets = {}
    for need in needs:
        if need.crying:
            onsets.setdefault(need.episode_id, to_nanoseconds(need.header.stamp))
    return onsets


def listen_for(graph, minutes, report_each=1, block_size=3200):
    """
    Push minutes of audio through as fast as the graph takes them.

    :return: a generator of `Stretch`, each over ``report_each`` minutes.
    """
    probe, pid = graph.probe, graph.process.pid
    probe.announce()
    begin = (0, 0, 0, cpu_s(pid), time.monotonic())
    heard = false = 0
    delays = []
    for minute in range(minutes):
        start_ns = START_NS + minute * 60 * NS
        end_ns = probe.play(minute_with_cry(minute), start_ns, block_size=block_size, lead_s=4.0)
        probe.heard_until(end_ns)
        cry_ns = start_ns + int(CRY_AT_S * NS)
        onsets = [stamp_ns - cry_ns for stamp_ns in onsets_of(probe.needs).values()]
        found = [delay for delay in onsets if -0.3 * NS <= delay <= 4 * NS]
        heard += bool(found)
        delays += found[:1]
        # A breath longer than hold_s may split a cry; what begins outside of it is false.
        false += sum(not -0.3 * NS <= delay <= (CRY_S + 1) * NS for delay in onsets)
        for collected in (probe.needs, probe.features):
            del collected[:-5]
        if (minute + 1) % report_each == 0:
            cpu, now_s = cpu_s(pid), time.monotonic()
            yield Stretch(minute + 1, minute + 1 - begin[0], heard - begin[1], false - begin[2],
                          sum(delays) / max(1, len(delays)) / NS, graph.resident_mb,
                          (cpu - begin[3]) / ((minute + 1 - begin[0]) * 6000) * 1e6,
                          (minute + 1 - begin[0]) * 60 / (now_s - begin[4]))
            begin = (minute + 1, heard, false, cpu, now_s)
            delays = []


class Hostile:
    """Messages that nobody should send, on every input topic; reproducible by seed."""

    def __init__(self, probe, seed=1):
        """Join the topics."""
        self.probe = probe
        self.random = random.Random(seed)
        self.features = probe.node.create_publisher(
            FrameFeatures, 'frame_features', qos.stream(1000))
        checkpoint = open_checkpoint()
        self._set = f'{checkpoint.feature_set["name"]}/{checkpoint.feature_set["version"]}'
        self._width = len(checkpoint.feature_columns)
        self._bytes = self.random.randbytes(200_001)
        probe.spin_until(lambda: self.features.get_subscription_count() >= 2)

    def audio_that_is_none(self):
        """Send bytes that are no samples."""
        size = self.random.choice([0, 1, 3, 641, 1279, 2001])
        self.probe.send(self._bytes[:size], self.random.choice([0, START_NS, 2**31 * NS - 1]),
                        frame_id=self.random.choice(['', 'crib', 'x' * 300, '\u2603/../']))

    def audio_that_travels(self):
        """Send well-formed audio of any time."""
        start = 2 * self.random.randrange(1000)
        self.probe.send(self._bytes[start:start + self.random.choice([2, 1280, 64_000])],
                        self.random.choice([0, 1, START_NS - 3600 * NS, 2**31 * NS - 1,
                                            START_NS + self.random.randrange(10 * NS)]))

    def info_that_cannot_be(self):
        """Announce audio that can't exist."""
        self.probe.info.publish(AudioInfo(
            sample_rate=self.random.choice([0, 1, 2**32 - 1]), channels=self.random.choice(
                [0, 1, 255]), sample_format=self.random.choice(['', 'S16LE', 'F64BE']),
            coding_format=self.random.choice(['', 'wave', 'WAVE'])))

    def info_of_another_kind(self):
        """Announce audio that may exist, and isn't understood, or is of another rate."""
        self.probe.info.publish(AudioInfo(
            sample_rate=self.random.choice([8000, 44_100, 48_000]), channels=2,
            sample_format=self.random.choice(['S16LE', 'F32LE', 'S24_3LE']),
            coding_format=self.random.choice(['mp3', 'wave', 'flac', 'opus'])))

    def features_that_do_not_fit(self):
        """Send rows of the wrong set or size."""
        rows, columns, values, name = self.random.choice([
            (1, self._width, [0.0] * self._width, 'is10/9'), (2, self._width, [0.0], self._set),
            (1, 0, [], self._set), (2**32 - 1, self._width, [], self._set),
            (1, self._width + 1, [math.nan] * (self._width + 1), self._set),
            (0, self._width, [], '')])
        self.features.publish(FrameFeatures(
            feature_set=name, first_frame=self.random.randrange(2**64), frame_count=rows,
            feature_count=columns, values=values))

    def features_that_are_no_numbers(self):
        """Send rows that fit, of NaN, infinities and absurd values, at any time."""
        message = FrameFeatures(
            feature_set=self._set, first_frame=self.random.randrange(2**64), frame_count=1,
            feature_count=self._width, values=[self.random.choice(
                [math.nan, math.inf, -math.inf, 3e38, 0.0])] * self._width)
        message.header.stamp = from_nanoseconds(self.random.choice(
            [0, START_NS, START_NS + self.random.randrange(100 * NS), 2**31 * NS - 1]))
        self.features.publish(message)

    MALFORMED = (audio_that_is_none, info_that_cannot_be, features_that_do_not_fit)
    ANY = (*MALFORMED, audio_that_travels, info_of_another_kind, features_that_are_no_numbers)

    def flood(self, kinds, count):
        """Send ``count`` messages of each kind, as fast as they are taken."""
        for number in range(count):
            for kind in kinds:
                kind(self)
            if number % 20 == 19:
                self.probe.executor.spin_once(timeout_sec=0.002)

    def calm_down(self):
        """Wait until what was sent has been worked off, then announce real audio."""
        probe = self.probe
        probe.spin_until(lambda: probe.needs and probe.needs[-1].status == CryNeed.STATUS_NO_AUDIO)
        probe.announce()
        del probe.needs[:]

    def hears_through(self, pcm, start_ns, times=50, lead_s=0.3):
        """
        Send real audio with ``times`` malformed messages of each kind to every block.

        No further ahead than the queues hold; return whether crying was heard.
        """
        probe = self.probe
        for first in range(0, len(pcm) - 639, 640):
            for _ in range(times):
                for kind in self.MALFORMED:
                    kind(self)
            sent_ns = start_ns + first * NS // RATE
            probe.send(np.ascontiguousarray(pcm[first:first + 640]).tobytes(), sent_ns)
            probe.executor.spin_once(timeout_sec=0)
            if sent_ns - start_ns > lead_s * NS:
                probe.spin_until(lambda: probe.newest_ns() >= sent_ns - lead_s * NS)
        return any(need.crying and to_nanoseconds(need.header.stamp) >= start_ns
                   and need.status == CryNeed.STATUS_OK for need in probe.needs)
