# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The three nodes in one process: what a robot with one microphone runs.

Their behaviour is that of three processes. Audio goes from the device to the decision by plain
calls on a thread of its own, `audio_stamped` and `frame_features` are made only while somebody
else subscribes to them, and the executor serves services, parameters and messages of others.
"""

import sys

from baby_cry_detector.own_thread import OwnThread
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.nodes.audio_capture import AudioCapture
from baby_cry_detector.ros.nodes.cry_classifier import CryClassifier
from baby_cry_detector.ros.nodes.feature_extractor import FeatureExtractor


def make_graph(overrides=None, capture=True, **kwargs):
    """
    Return the nodes of one crib, downstream first, so that nothing is published unheard.

    :param overrides: ``{node name: {parameter: value}}``.
    :param capture: False where another package publishes the audio.
    :param kwargs: for each node, for example namespace or context.
    """
    overrides, kwargs = overrides or {}, {**kwargs, 'own_thread': OwnThread()}
    nodes = [CryClassifier(overrides.get('cry_classifier'), **kwargs),
             FeatureExtractor(overrides.get('feature_extractor'), **kwargs)]
    nodes[1].classifier = nodes[0]
    if capture:
        nodes.append(AudioCapture(overrides.get('audio_capture'), **kwargs))
        nodes[2].extractor = nodes[1]
    return nodes


def main(args=None) -> int:
    """Run the graph until interrupted; `--no-capture` where another package publishes audio."""
    capture = '--no-capture' not in (sys.argv if args is None else args)
    return run_nodes(lambda: make_graph(capture=capture), args)
