# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Real rockers over real DDS that are killed in mid-swing, and what a controller executes."""

from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import random
import tempfile

from baby_cry_detector.ros.base import qos
from care_graph import CareGraph
import numpy as np
import pytest
from rocked_crib import Baby, POLICY, with_crib
from std_msgs.msg import Empty
from trajectory_msgs.msg import JointTrajectory


@dataclass
class Swings:
    """
    What was executed.

    :ivar highest: acceleration, m/s^2; ``late``: trajectories that came too late, were refused.
    :ivar faults: sentences on what was outside of the limits.
    """

    kills: int = 0
    highest: float = 0.0
    late: int = 0
    faults: list = field(default_factory=list)


def killed_swings(keep: str, seed: int, kills: int) -> Swings:
    """
    Kill the rocker at random moments of a swing, and say stop to the one that follows.

    :param keep: folder in which what was done is kept, and from which it is taken; '': none.
    """
    path = Path(keep) / f'swings_{seed}_{kills}.json' if keep else None
    if path and path.exists():
        return Swings(**json.loads(path.read_text()))
    rng, done = random.Random(seed), Swings()
    with tempfile.TemporaryDirectory() as folder:
        graph = CareGraph(Path(folder))
        graph.plans = []
        graph.node.create_subscription(JointTrajectory, 'joint_trajectory', graph.plans.append,
                                       qos.stream(1000))
        stop = graph.node.create_publisher(Empty, 'rock_stop', qos.STATE)
        remove = with_crib(graph)
        try:
            while done.kills < kills:
                _swing(graph, stop, rng, done)
        except pytest.fail.Exception as error:     # which no process can hand to another
            raise RuntimeError(str(error)) from None
        finally:
            remove()
            graph.close()
        done.late = graph.crib.late
    if path:
        path.write_text(json.dumps(asdict(done)))
    return done


def _swing(graph, stop, rng, done):
    policy = graph.folder / 'policy.yaml'
    policy.write_text(POLICY)
    settings = {'policy': str(policy), 'stop_hold_s': 0.0, 'duty_min_per_hour': 30.0,
                'keep_duty': False}
    baby, crib = Baby(graph), graph.crib
    graph.start('rocker', **settings)
    del graph.plans[:]
    baby.is_rocked(graph)
    baby.pause(rng.uniform(0.0, 3.2))
    graph.kill('rocker')
    graph.start('rocker', **settings)
    baby.pause(rng.uniform(0.0, 1.0))
    stop.publish(Empty())
    baby.pause(rng.uniform(0.0, 0.8))
    graph.kill('rocker')
    baby.until(lambda: crib.curve.state(crib.now_s())[1] == 0.0)
    done.kills += 2
    found = crib.faults()
    if found:                              # with what there was to begin from, and what came then
        done.faults += [*found, *(
            f'{since_s:.3f} s: {np.round(curve.t[:3] - since_s, 3)} s {np.round(curve.x[:3], 4)} '
            f'{np.round(curve.v[:3], 3)}, {len(curve.t)} points' for since_s, curve in
            crib.executed), graph.log('rocker')[-1500:]]
    done.highest = max([done.highest, *(float(np.abs(curve.accelerations()).max(initial=0.0))
                                        for _, curve in crib.executed if len(curve.t) > 1)])
    del crib.executed[:-1]
