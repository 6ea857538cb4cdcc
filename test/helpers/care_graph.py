# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes of care (diary, alerts) as real processes, told of episodes by a made classifier."""

import os
import signal
import subprocess
import time

from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import duration_from_nanoseconds, from_nanoseconds
from baby_cry_detector.ros.tools.supervisor import node_command
from graph_harness import next_domain, PATIENCE_S, Probe
import rclpy

NS = 1_000_000_000


class CareGraph:
    """Speaks on `cry_need` as the classifier does, and watches what follows."""

    def __init__(self, folder, namespace='', depth=1000):
        """Join a domain of its own; state lies in ``folder``; the classifier's depth is 1."""
        self.folder = folder
        self.context = rclpy.Context()
        self.domain_id = next_domain()
        rclpy.init(context=self.context, domain_id=self.domain_id)
        self.probe = Probe(self.context, namespace)
        self.node = self.probe.node
        self.processes, self._clients = {}, {}
        self.alerts, self.care = [], []
        self.need = self.node.create_publisher(CryNeed, 'cry_need', qos.latched(depth))
        self.care_event = self.node.create_publisher(CareEvent, 'care_event', qos.EVENTS)
        self.node.create_subscription(CryAlert, 'alert', self.alerts.append, qos.latched(1000))
        self.node.create_subscription(CareEvent, 'care_event', self.care.append,
                                      qos.latched(1000))

    def start(self, name, environment=None, **parameters):
        """Start a node's executable and wait until it is active; return the process."""
        self.probe.diagnostics.pop(name, None)
        with open(self.folder / f'{name}.log', 'a') as log:
            process = subprocess.Popen(
                node_command(name, parameters), stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, 'ROS_DOMAIN_ID': str(self.domain_id),
                     'XDG_STATE_HOME': str(self.folder), 'PYTHONFAULTHANDLER': '1',
                     **(environment or {})})
        self.processes[name] = process
        self.until(lambda: self.diagnosis(name)[1] not in ('', 'not active')
                   or process.poll() is not None)
        assert process.poll() is None, self.log(name)
        return process

    def log(self, name):
        """Return what a node has written."""
        return (self.folder / f'{name}.log').read_text()

    def kill(self, name):
        """Kill a node as a crash would."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes.pop(name).wait()

    def until(self, condition, timeout_s=PATIENCE_S):
        """Take messages until the condition holds."""
        self.probe.spin_until(condition, timeout_s)

    def say_paced(self, stamps_ns, onset_ns, **fields):
        """Publish one after the other, each for a time in which a latched reader takes it."""
        for stamp_ns in stamps_ns:
            self.say(stamp_ns, onset_ns, **fields)
            self.spin(0.05)

    def spin(self, duration_s):
        """Take messages for a time."""
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s:
            self.probe.executor.spin_once(timeout_sec=0.02)

    def say(self, stamp_ns, onset_ns, crying=True, status=CryNeed.STATUS_OK, duration_ns=None,
            episode_id=None, intensity=0.6, crib='crib', **fields):
        """Publish one `cry_need`; an onset of 0 means that there was no episode yet."""
        message = CryNeed(
            status=status, crying=crying, cry_probability=0.9 if crying else 0.1,
            need=CryNeed.NEED_UNKNOWN if crying else CryNeed.NEED_NONE, confidence=0.9,
            intensity=intensity if crying else 0.0, **fields)
        message.header.stamp = from_nanoseconds(stamp_ns)
        message.header.frame_id = crib
        if onset_ns:
            message.episode_id = episode_id or f'{crib}-{onset_ns}'
            message.onset = from_nanoseconds(onset_ns)
            message.duration = duration_from_nanoseconds(
                stamp_ns - onset_ns if duration_ns is None else duration_ns)
        self.need.publish(message)

    def episode(self, onset_ns, duration_s=5.0, step_s=1.0, quiet_s=4.0, **fields):
        """Publish a whole episode with stamps of its own; return the stamp of its last word."""
        step_ns = round(step_s * NS)
        end_ns = onset_ns + round(duration_s * NS)
        for stamp_ns in range(onset_ns + step_ns, end_ns + 1, step_ns):
            self.say(stamp_ns, onset_ns, **fields)
        stamp_ns = end_ns + round(quiet_s * NS)
        self.say(stamp_ns, onset_ns, False, duration_ns=end_ns - onset_ns, **fields)
        return stamp_ns

    def call(self, kind, name, request):
        """Call a service; return the response."""
        # Kept: a server drops its answer to who is not known to it within a tenth of a second.
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self.node.create_client(kind, name)
        assert client.wait_for_service(PATIENCE_S)
        future = client.call_async(request)
        # One that was killed seems to be there until DDS misses it, and what was asked is lost:
        # a request with a name is one entry, however often it is sent.
        for _ in range(5 if getattr(request, 'event_id', '') else 0):
            end_s = time.monotonic() + 10.0
            while not future.done() and time.monotonic() < end_s:
                self.probe.executor.spin_once(timeout_sec=0.02)
            if not future.done():
                future = client.call_async(request)
        self.until(future.done)
        return future.result()

    def diagnosis(self, name):
        """Return (level, message, details) of a node's newest diagnostics."""
        return self.probe.diagnostics.get(name, (b'\x03', '', {}))

    def close(self):
        """End everything; return whether all processes ended with 0."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        codes = {}
        for name, process in self.processes.items():
            try:
                codes[name] = process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGABRT)    # then its log says where each thread is
                codes[name] = process.wait()
        if any(codes.values()):
            print('ended with', {name: (code, self.log(name)[-5000:])
                                 for name, code in codes.items() if code})
        self.processes.clear()
        if self.context.ok():
            self.node.destroy_node()
            rclpy.shutdown(context=self.context)
        return not any(codes.values())
