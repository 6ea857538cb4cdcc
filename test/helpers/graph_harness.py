# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The real graph over real DDS, in a domain of its own, fed and watched by a probe."""

from array import array
import contextlib
import fcntl
import itertools
import os
from pathlib import Path
import tempfile
import threading
import time

from baby_cry_detector.msg import CryNeed, FrameFeatures
import numpy as np
import pytest
import rclpy

# Domains up to 101 are safe with the default ports. A test process takes some for itself, and
# graphs use them in turn: by the time one is used again nobody remembers who was there.
LAST_DOMAIN, DOMAINS_A_PROCESS = 101, 12
NS = 1_000_000_000
RATE = 16_000
# The one limit on how long a test waits for what has to come. Waiting ends as soon as it does, so
# a large limit costs nothing; a machine slower than any so far can have a larger one.
PATIENCE_S = 60.0 * float(os.environ.get('BABY_CRY_TEST_PATIENCE', '1'))


def _own_domains():
    """Return an iterator over domains that no other test process has, again and again."""
    folder = Path(tempfile.gettempdir()) / f'baby_cry_test_domains_{os.getuid()}'
    folder.mkdir(exist_ok=True)
    taken = []
    for domain_id in range(1, LAST_DOMAIN + 1):
        lock = os.open(folder / str(domain_id), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)   # until the process ends
            taken.append(domain_id)
        except OSError:
            os.close(lock)
        if len(taken) == DOMAINS_A_PROCESS:
            break
    return itertools.cycle(taken or range(1, LAST_DOMAIN + 1))


_DOMAINS = _own_domains()


def next_domain():
    """Return a DDS domain that no other graph of a running test uses."""
    return next(_DOMAINS)


class Spinning:
    """
    An executor in a thread of its own.

    It is ended between two looks: one that is shut down while it waits has the conditions that it
    waits for taken from under it, which now and then is the end of the process.
    """

    def __init__(self, executor):
        """Begin."""
        self.executor = executor
        self._is_ending = False
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self):
        from rclpy.executors import ExternalShutdownException
        with contextlib.suppress(ExternalShutdownException):
            while not self._is_ending:
                self.executor.spin_once(timeout_sec=0.5)

    def close(self):
        """End the thread, then the executor; its nodes stay."""
        self._is_ending = True
        self.executor.wake()
        self._thread.join()
        self.executor.shutdown()


def blocks_of(pcm, start_ns, block_size=640):
    """Return [(stamp in ns, bytes)] of int16 samples at 16 kHz, in whole blocks."""
    return [(start_ns + first * NS // RATE, pcm[first:first + block_size].tobytes())
            for first in range(0, len(pcm) - block_size + 1, block_size)]


class Probe:
    """Feeds audio messages as another package would, and collects what the graph says."""

    def __init__(self, context, namespace=''):
        """Publish and subscribe with the QoS of the interface."""
        from audio_common_msgs.msg import AudioDataStamped, AudioInfo
        from baby_cry_detector.ros.base import qos
        from diagnostic_msgs.msg import DiagnosticArray
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.node import Node
        self.node = Node('probe', context=context, namespace=namespace)
        self.needs, self.features, self.diagnostics = [], [], {}
        self.audio = self.node.create_publisher(AudioDataStamped, 'audio_stamped', qos.stream(500))
        self.info = self.node.create_publisher(AudioInfo, 'audio_info', qos.LATCHED)
        self.feature_input = None
        self.node.create_subscription(CryNeed, 'cry_need', self.needs.append, qos.stream(1000))
        self.node.create_subscription(
            FrameFeatures, 'frame_features', self.features.append, qos.stream(1000))
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._diagnose, 100)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)

    def close(self):
        """Give everything back while the context is there: later is a crash at exit, at times."""
        self.executor.shutdown(timeout_sec=5.0)
        self.node.destroy_node()

    def _diagnose(self, message):
        for status in message.status:
            self.diagnostics[status.name.split('/')[-1]] = (
                status.level, status.message, {kv.key: kv.value for kv in status.values})

    def spin_until(self, condition, timeout_s=PATIENCE_S):
        """
        Take messages until the condition holds; fail with what was seen if it never does.

        What diagnostics do not say yet (a `KeyError`) does not hold yet.
        """
        end_s, unsaid = time.monotonic() + timeout_s, ''

        def holds():
            nonlocal unsaid
            try:
                return condition()
            except KeyError as missing:
                unsaid = f' not said: {missing};'
                return False

        while not holds():
            if time.monotonic() > end_s:
                pytest.fail(f'timed out;{unsaid} newest cry_need: {self.needs[-1:]}; '
                            f'diagnostics: {self.diagnostics}')
            self.executor.spin_once(timeout_sec=0.05)

    def wait_for_graph(self):
        """Wait until the extractor and the classifier are connected."""
        self.spin_until(lambda: self.audio.get_subscription_count()
                        and self.info.get_subscription_count()
                        and self.node.count_publishers('cry_need')
                        and self.node.count_subscribers('frame_features') >= 2)

    def count(self, node, kind):
        """Return a counter of a node's diagnostics."""
        return int(self.diagnostics.get(node, (0, '', {}))[2].get(f'count.{kind}', 0))

    def announce(self, sample_rate=RATE, channels=1, sample_format='S16LE', coding_format='wave'):
        """Publish audio_info."""
        from audio_common_msgs.msg import AudioInfo
        self.info.publish(AudioInfo(
            channels=channels, sample_rate=sample_rate, sample_format=sample_format,
            bitrate=sample_rate * channels * 16, coding_format=coding_format))

    def send(self, data: bytes, stamp_ns: int, frame_id='crib'):
        """Publish one audio message."""
        from audio_common_msgs.msg import AudioDataStamped
        from baby_cry_detector.ros.base.ros_time import from_nanoseconds
        message = AudioDataStamped()
        message.header.stamp = from_nanoseconds(stamp_ns)
        message.header.frame_id = frame_id
        message.audio.data = array('B', data)
        self.audio.publish(message)

    def status(self):
        """Return the status of the newest cry_need; ``None`` before the first."""
        return self.needs[-1].status if self.needs else None

    def newest_ns(self):
        """Return the stamp of the newest cry_need that speaks of audio."""
        from baby_cry_detector.ros.base.ros_time import to_nanoseconds
        heard = [need for need in self.needs[-20:] if need.status == CryNeed.STATUS_OK]
        return to_nanoseconds(heard[-1].header.stamp) if heard else -1

    def play(self, pcm, start_ns, sample_rate=RATE, block_size=640, lead_s=2.0, is_paced=False):
        """
        Send int16 samples ``(n,)`` or ``(n, channels)`` as fast as the graph takes them.

        Never more than ``lead_s`` ahead of the newest answer, so that no queue overflows.

        :param is_paced: no faster than a microphone does, for what takes its time beside it.
        """
        sent, begin_s = 0, time.monotonic()
        for first in range(0, len(pcm), block_size):
            block = np.ascontiguousarray(pcm[first:first + block_size], '<i2')
            self.send(block.tobytes(), start_ns + first * NS // sample_rate)
            sent = first * NS // sample_rate
            self.executor.spin_once(timeout_sec=0)
            while is_paced and time.monotonic() < begin_s + sent / NS:
                self.executor.spin_once(timeout_sec=0.01)
            if sent > lead_s * NS:
                self.spin_until(
                    lambda: self.newest_ns() >= start_ns + sent - lead_s * NS)
        return start_ns + len(pcm) * NS // sample_rate

    def heard_until(self, end_ns, margin_s=0.35):
        """Wait until the answers have come this far (what is owed for look-ahead aside)."""
        self.spin_until(lambda: self.newest_ns() >= end_ns - margin_s * NS)


class RunningGraph:
    """The composed nodes, spun by a thread of their own."""

    def __init__(self, overrides=None, capture=False, namespace=None):
        """Start the nodes in a new context and domain."""
        from baby_cry_detector.ros.nodes.cry_graph import make_graph
        from rclpy.executors import SingleThreadedExecutor
        self.context = rclpy.Context()
        self.domain_id = next_domain()
        rclpy.init(context=self.context, domain_id=self.domain_id)
        self.nodes = make_graph(overrides, capture=capture, namespace=namespace,
                                context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        for node in self.nodes:
            self.executor.add_node(node)
            assert node.autostart(), f'{node.get_name()} did not start'
        self._spinning = Spinning(self.executor)
        self.probe = Probe(self.context, namespace or '')

    def close(self):
        """Stop the thread, release the nodes and the context."""
        self._spinning.close()
        for node in self.nodes:
            node.close()
        self.probe.close()
        rclpy.shutdown(context=self.context)
