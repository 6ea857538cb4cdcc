# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A crib that is rocked: a baby that cries and is quiet again, and what is commanded then."""

import contextlib
import time

from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.nodes.rocker import Rocker
from baby_cry_detector.ros.tools.simulated_crib import SimulatedCrib
from care_graph import CareGraph
from graph_harness import Spinning
import numpy as np
from rclpy.executors import SingleThreadedExecutor
from trajectory_msgs.msg import JointTrajectory

NS = 1_000_000_000
# What ends a session where a machine is too busy to measure, to plan or to send in time.
LATE = ('joint_states do not say where', 'plans came too late', 'set-points came too late',
        'a plan was not received')
POLICY = """version: 1
soothing: {linger_s: 0, retry_after_quiet_s: 0}
needs:
  default:
    mild: &rock
      {alert_after_s: 60, priority: low, soothe: [{for_s: 100, rock: {frequency_hz: 0.6}}]}
    moderate: *rock
    strong: *rock
"""


def now_ns():
    """Return the time of day."""
    return time.time_ns()


def was_late(care, why):
    """Return whether a session ended as the machine was busy: the rocker was late, or the crib."""
    return why.startswith(LATE) or 'does not follow' in why and care.crib.late > 0


def rests(care, why):
    """Return whether the rocker says that it rests, and why."""
    _, state, details = care.diagnosis('rocker')
    return state.startswith('at rest') and details['why'] == why


class Spun(Spinning):
    """A node that a thread of its own spins; closing that, the node stays."""

    def __init__(self, node):
        """Begin."""
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)
        super().__init__(executor)


def with_crib(graph, crib=SimulatedCrib, **fields):
    """Give a graph a crib of a class, its `crib`, and return how to take it away."""
    graph.crib = crib(context=graph.context, **fields)
    spun = Spun(graph.crib)

    def remove():
        spun.close()
        graph.crib.destroy_node()
    return remove


class Baby:
    """Cries and stops crying, in real time, as `cry_need` tells it by a clock."""

    def __init__(self, care, clock=now_ns):
        """Be quiet."""
        self._now_ns = clock
        self.care, self.onset_ns, self.crying = care, 0, False
        self.said_s = 0.0

    def speak(self, **fields):
        """Publish the state, if the last time was 0.1 s ago."""
        if time.monotonic() - self.said_s > 0.1:
            self.said_s = time.monotonic()
            self.care.say(self._now_ns(), self.onset_ns, self.crying, intensity=0.5, **fields)

    def quiet(self):
        """Stop crying, and say so: else the next cry would be in the same bout, for who hears."""
        self.crying, self.said_s = False, 0.0
        self.speak()

    def cry(self):
        """Begin an episode."""
        self.onset_ns, self.crying = self._now_ns(), True

    def until(self, condition, **fields):
        """Go on until the condition holds."""
        def spoken():
            self.speak(**fields)
            return condition()
        self.care.until(spoken)

    def pause(self, duration_s):
        """Go on for a time."""
        end_s = time.monotonic() + duration_s
        self.until(lambda: time.monotonic() > end_s)

    def is_rocked(self, care, moves=None):
        """Be heard quiet, then cry until the crib is seen moving; its plans tell by default."""
        def over():
            return len(events(care, CareEvent.PHASE_ENDED)
                       + events(care, CareEvent.PHASE_REFUSED))

        moves = moves or (lambda: any(abs(speeds(plan)[0]) > 0.02 for plan in care.plans))
        while not moves():       # a busy machine may be late, which ends a session
            ended = over()
            self.quiet()
            self.until(lambda: care.diagnosis('rocker')[1].startswith('at rest'))   # heard us
            self.cry()
            self.until(lambda: moves() or over() > ended)

    def is_rocked_for(self, care, duration_s, moves=None):
        """Be rocked for a time without a stop; one that a busy machine makes is none."""
        while True:
            self.is_rocked(care, moves)
            self.pause(duration_s)
            care.probe.diagnostics.pop('rocker')       # of before
            self.until(lambda: care.diagnosis('rocker')[1].startswith(('rocking', 'at rest')))
            if care.diagnosis('rocker')[1] == 'rocking':
                return
            why = care.diagnosis('rocker')[2]['why']
            assert was_late(care, why), why

    def is_rocked_to_the_end(self, care):
        """
        Be rocked, then quiet, until a session comes to rest by that; return its last event.

        One that a busy machine ends is none: it is over, its plans are forgotten, and the baby
        cries again.
        """
        why = None
        while why != 'the policy ended it':
            assert why is None or was_late(care, why), why
            del care.plans[:]
            self.is_rocked(care)
            started = events(care, CareEvent.PHASE_STARTED)[-1]
            self.quiet()
            self.until(lambda: [event for event in events(care, CareEvent.PHASE_ENDED)
                                if event.action_id == started.action_id])
            care.probe.diagnostics.pop('rocker')       # of before
            self.until(lambda: care.diagnosis('rocker')[1] == 'at rest')
            why = care.diagnosis('rocker')[2]['why']
        return events(care, CareEvent.PHASE_ENDED)[-1]


def positions(plan):
    """Return the positions of a plan."""
    return np.array([point.positions[0] for point in plan.points])


def speeds(plan):
    """Return the velocities of a plan."""
    return np.array([point.velocities[0] for point in plan.points])


def times(plan):
    """Return when the points are to be reached, in seconds after the stamp."""
    return np.array([point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec
                     for point in plan.points])


def is_brake(plan):
    """
    Return whether a plan brakes.

    Then it is at rest within a second, and not at the rest position; or a few points lead there
    slowly, as is right where it is not certain what the joint does. The last plans of a smooth
    stop have few points too, but take no 0.3 s.
    """
    duration_s = times(plan)[-1]
    return speeds(plan)[-1] == 0.0 and (
        duration_s < 1.01 and positions(plan)[-1] != 0.0
        or 0.7 < duration_s < 2.01 and len(plan.points) <= 3)


def events(care, phase):
    """Return the care events about rocking of a phase."""
    return [event for event in care.care if event.kind == CareEvent.KIND_ROCKING
            and event.phase == phase]


class SwungCrib(SimulatedCrib):
    """Carries out what it is told."""

    def is_swinging(self):
        """Return whether it is in full swing."""
        return abs(self.curve.state(self.now_s())[1]) > 0.05


@contextlib.contextmanager
def care_of(tmp_path, monkeypatch, crib=SimulatedCrib, **fields):
    """
    Give a made classifier that watches a rocker's `plans`, and a policy that rocks, its `policy`.

    :param crib: class of the crib that moves in a thread of its own, made with these fields; or
        ``None``.
    """
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    graph = CareGraph(tmp_path)
    graph.policy, graph.plans = tmp_path / 'policy.yaml', []
    graph.policy.write_text(POLICY)
    graph.node.create_subscription(JointTrajectory, 'joint_trajectory', graph.plans.append,
                                   qos.stream(1000))
    remove = with_crib(graph, crib, **fields) if crib else lambda: None
    yield graph
    remove()
    assert graph.close()


@contextlib.contextmanager
def rockers_of(care):
    """Give a way to start rockers in this process; its `end` ends the last."""
    started = []

    def start(node_name=None, autostart=True, **overrides):
        arguments = ['--ros-args', '-r', f'__node:={node_name}'] if node_name else None
        node = Rocker({'policy': str(care.policy), **overrides}, context=care.context,
                      cli_args=arguments)
        assert not autostart or node.autostart()
        started.append((node, Spun(node)))
        topic = overrides.get('command_topic', 'joint_trajectory')
        care.until(lambda: not autostart or care.need.get_subscription_count()
                   and care.node.count_publishers(topic))
        return node

    def end():
        node, spun = started.pop()
        spun.close()
        node.close()

    start.end = end
    yield start
    while started:
        end()
