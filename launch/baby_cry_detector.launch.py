# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the graph of one crib: audio, features, classifier.

Include it once per crib, each with a namespace of its own (and, from a launch file, in a scoped
GroupAction, because launch arguments otherwise leak into the next include).
"""

from pathlib import Path

from baby_cry_detector.ros.base.launching import (checked_params_file, end_of_a_process,
                                                  network_actions, network_argument,
                                                  refusing_unknown, RESPAWN_DELAY_S, SWITCH)
from baby_cry_detector.ros.start.crib_launching import (choices_of, declared, LOG_LEVELS,
                                                        log_levels, nodes_of, overrides, PASSED_ON,
                                                        refuse_other_features, SOURCES, write)
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node
from launch_ros.utilities import make_namespace_absolute, prefix_namespace

PACKAGE = 'baby_cry_detector'
SHARE = Path(__file__).absolute().parent.parent


def passed_on_argument(name):
    """Return the launch argument of one of PASSED_ON; type and text come from the parameter."""
    parameter = declared(PASSED_ON[name][0], name)
    return DeclareLaunchArgument(
        name, default_value='',
        description=f'{parameter.description} Empty here: as in params_file.',
        choices=choices_of(name))


def generate_launch_description():
    """Declare the arguments; what is started depends on them."""
    return refusing_unknown(__file__, [
        DeclareLaunchArgument(
            'source', default_value='mic', choices=SOURCES,
            description='Where audio comes from: a microphone, a recording, or audio_topic, which '
                        'somebody else publishes (then no audio_capture is started).'),
        DeclareLaunchArgument(
            'file', default_value='', description='Recording (WAV, FLAC or OGG) that source '
                                                  '"file" plays; "~" is the home folder.'),
        *[passed_on_argument(name) for name in ('loop', 'rate', 'device')],
        DeclareLaunchArgument(
            'audio_topic', default_value='/audio/audio_stamped',
            description='For source "topic": audio_common_msgs/AudioDataStamped to listen to.'),
        DeclareLaunchArgument(
            'audio_info_topic', default_value='/audio/audio_info',
            description='For source "topic": audio_common_msgs/AudioInfo that belongs to it.'),
        DeclareLaunchArgument(
            'namespace', default_value='crib',
            description='Namespace of the nodes and topics; one per crib.'),
        DeclareLaunchArgument(
            'frame_id', default_value='',
            description='Frame of the microphone; it names the crib. If this is empty, it is the '
                        'namespace. For source "topic" the audio messages say it.'),
        *[passed_on_argument(name) for name in ('model', 'feature_set', 'operating_point')],
        DeclareLaunchArgument(
            'params_file',
            default_value=str(SHARE / 'config' / f'{PACKAGE}.yaml'),
            description='Parameters of the nodes, keyed by /**/NODE. Launch arguments that are '
                        'not empty override it.'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='false', choices=SWITCH,
            description='Take the time from /clock, for example when a bag is played.'),
        DeclareLaunchArgument(
            'log_level', default_value='info',
            choices=LOG_LEVELS,
            description='Least severe log message that these nodes write.'),
        DeclareLaunchArgument(
            'composed', default_value='false', choices=SWITCH,
            description='Run all nodes in one process instead of one process each.'),
        DeclareLaunchArgument(
            'respawn', default_value='true', choices=SWITCH,
            description=f'Start a process that died again after {RESPAWN_DELAY_S:g} s; otherwise '
                        'its death ends the launch.'),
        network_argument(),
        OpaqueFunction(function=network_actions),
        OpaqueFunction(function=start),
    ])


def start(context):
    """Return the nodes that the arguments ask for; RuntimeError says what can't be started."""
    arguments = {name: context.launch_configurations[name] for name in (
        'source', 'namespace', 'frame_id', 'params_file', 'use_sim_time', 'log_level', 'composed',
        'respawn', 'audio_topic', 'audio_info_topic', *PASSED_ON)}
    params_file = checked_params_file(arguments['params_file'])
    outer = context.launch_configurations.get('ros_namespace')
    namespace = make_namespace_absolute(prefix_namespace(outer, arguments['namespace'])) or '/'
    nodes = nodes_of(arguments['source'])
    refuse_other_features(arguments)
    parameters = overrides(arguments, nodes, namespace)
    respawn = arguments['respawn'] == 'true'
    common = {
        'package': PACKAGE,
        'namespace': arguments['namespace'],
        'parameters': [params_file, write(parameters, namespace)],
        'output': 'screen',
        'respawn': respawn,
        'respawn_delay': RESPAWN_DELAY_S,
        'on_exit': None if respawn else end_of_a_process,
    }
    listening = [('audio_stamped', arguments['audio_topic']),
                 ('audio_info', arguments['audio_info_topic'])]
    if arguments['source'] != 'topic':
        listening = []
    if arguments['composed'] == 'true':
        return [Node(executable='cry_graph', remappings=listening,
                     arguments=[] if 'audio_capture' in nodes else ['--no-capture'],
                     ros_arguments=log_levels(parameters, arguments['log_level']), **common)]
    return [Node(executable=name, name=name,
                 remappings=listening if name == 'feature_extractor' else [],
                 ros_arguments=log_levels([full_name], arguments['log_level']), **common)
            for name, full_name in zip(nodes, parameters)]
