# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The three nodes in one process: what a robot with one microphone runs, or one with several.

Their behaviour is that of three processes. Audio goes from the device to the decision by plain
calls on a thread of its own, `audio_stamped` and `frame_features` are made only while somebody
else subscribes to them, and the executor serves services, parameters and messages of others.
"""

import sys

from baby_cry_detector.names import crib_names
from baby_cry_detector.own_thread import OwnThread
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.nodes import node_class
from baby_cry_detector.ros.nodes.audio_capture import AudioCapture
from baby_cry_detector.ros.nodes.cry_classifier import CryClassifier
from baby_cry_detector.ros.nodes.feature_extractor import FeatureExtractor
from baby_cry_detector.ros.start.arguments import CRIBS, own_arguments, SEVERAL, values_of, WITH


def make_graph(overrides=None, capture=True, **kwargs):
    """
    Return the nodes of one crib, downstream first, so that nothing is published unheard.

    :param overrides: ``{node name: {parameter: value}}``.
    :param capture: False where another package publishes the audio.
    :param kwargs: for each node, for example namespace or context.
    """
    overrides = overrides or {}
    kwargs = {'beside': SEVERAL['cry_graph'], **kwargs, 'own_thread': OwnThread()}
    nodes = [CryClassifier(overrides.get('cry_classifier'), **kwargs),
             FeatureExtractor(overrides.get('feature_extractor'), **kwargs)]
    nodes[1].classifier = nodes[0]
    if capture:
        nodes.append(AudioCapture(overrides.get('audio_capture'), **kwargs))
        nodes[2].extractor = nodes[1]
    return nodes


def make_graphs(cribs: list, capture=True, beside=()):
    """
    Return the nodes of several cribs, which share a process and the weights of its checkpoint.

    Each crib has a thread that hears and an executor of its own, and one that can't start is tried
    again and again: what becomes of one is nothing to the others.

    :param cribs: their namespaces; their parameters are given for ``/NAMESPACE/NODE``. Where there
        are none, one graph is made as ROS arguments say.
    :param beside: names of nodes that each crib has besides.
    """
    patient = {name: {'keep_trying': True} for name in (*SEVERAL['cry_graph'], *beside)
               } if cribs else {}
    return [node for where in [{'namespace': crib} for crib in cribs] or [{}]
            for node in (*(node_class(name)(patient.get(name), **where) for name in beside),
                         *make_graph(patient, capture, **where))]


def mixed_up(nodes) -> str:
    """
    Return why two cribs of these nodes could not be told apart, ``''`` if they can.

    Two that hear one microphone, as those without parameters would, both look well while a baby
    cries unheard; two of one name are one in every alert.
    """
    seen: dict = {}
    for node in nodes:
        full_name, crib = node.get_fully_qualified_name(), node.get_namespace()
        if full_name in seen:
            return f'two nodes would be {full_name}: name each once, without __ns and __node'
        seen[full_name] = crib
        if not isinstance(node, AudioCapture):
            continue
        values = {name: node.get_parameter(name).value
                  for name in ('source', 'device', 'frame_id')}
        for name in ('frame_id', *(['device'] if values['source'] == 'mic' else [])):
            other = seen.setdefault((name, values[name]), crib)
            if other != crib:
                return (f'{name} is {values[name]!r} for both {other} and {crib}: give each its '
                        f'own, by the full name of the node, as {crib}/audio_capture')
    return ''


def main(args=None) -> int:
    """
    Run until interrupted.

    `--no-capture` where another package publishes audio, `--cribs=NAME,NAME` for several, and
    `--with=NODE,NODE` for nodes beside each graph in the same process.
    """
    own = own_arguments(sys.argv if args is None else args)
    try:
        cribs = crib_names(','.join(values_of(CRIBS, own)))
        if not cribs and any(argument.startswith(CRIBS) for argument in own):
            raise ValueError(f'{CRIBS} names no crib')
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return run_nodes(lambda: make_graphs(cribs, '--no-capture' not in own, values_of(WITH, own)),
                     args, refused=mixed_up)
