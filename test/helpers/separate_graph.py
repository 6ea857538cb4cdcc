# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The graph as three processes under the supervisor, fed with live audio by a probe."""

import os
import signal
import threading
import time

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.ros.tools.supervisor import graph_commands, Supervisor
from graph_harness import next_domain, NS, Probe, RATE
import numpy as np
import rclpy


def pcm16(samples):
    """Return float samples as int16."""
    return np.clip(np.rint(32767 * samples), -32768, 32767).astype(np.int16)


def long_cry(duration_s, seed=1):
    """Return a synthesised cry of any length, int16."""
    parts = [synthesise_cry(6.0, seed=seed + index) for index in range(int(duration_s // 6) + 1)]
    return pcm16(np.concatenate(parts)[:int(duration_s * RATE)])


class SeparateGraph:
    """Three processes (or two, fed by the probe) and a thread that looks after them."""

    def __init__(self, state_folder, parameters=None, capture=False, log=None, namespace=''):
        """Start the processes and wait for them."""
        self.context = rclpy.Context()
        domain_id = next_domain()
        rclpy.init(context=self.context, domain_id=domain_id)
        self.probe = Probe(self.context, namespace)
        self.log = open(log or os.devnull, 'w')
        environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id),
                       'XDG_STATE_HOME': str(state_folder)}
        self.supervisor = Supervisor(
            graph_commands(parameters, namespace, capture), say=lambda _: None,
            env=environment, stdout=self.log, stderr=self.log)
        self._stop, self._idle, self._ended = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        if not capture:
            self.probe.wait_for_graph()

    def _watch(self):
        while not self._stop.is_set():
            self.supervisor.step()
            time.sleep(0.05)
        self._idle.set()
        # The kernel ends what this thread has started again as soon as the thread ends.
        self._ended.wait()

    def pids(self):
        """Return {name: process id}."""
        return {name: process.pid for name, process in self.supervisor.processes.items()}

    def kill(self, name):
        """Kill a node as a crash would; return the monotonic time."""
        os.kill(self.pids()[name], signal.SIGKILL)
        return time.monotonic()

    def close(self):
        """End everything; return whether all processes ended cleanly."""
        self._stop.set()
        self._idle.wait()
        clean = self.supervisor.close()
        self._ended.set()
        self._thread.join()
        self.log.close()
        self.probe.close()
        rclpy.shutdown(context=self.context)
        return clean


class LiveAudio:
    """A thread that publishes samples in real time with live stamps, as a microphone does."""

    def __init__(self, probe, pcm, block_size=640):
        """Start."""
        self.start_ns = time.time_ns()
        self._stop = threading.Event()
        self._arguments = (probe, pcm, block_size)
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def _play(self):
        probe, pcm, block_size = self._arguments
        for first in range(0, len(pcm) - block_size + 1, block_size):
            due_ns = self.start_ns + first * NS // RATE
            while not self._stop.is_set() and time.time_ns() < due_ns + block_size * NS // RATE:
                time.sleep(0.005)
            if self._stop.is_set():
                return
            probe.send(pcm[first:first + block_size].tobytes(), due_ns)

    def close(self):
        """Stop."""
        self._stop.set()
        self._thread.join()
