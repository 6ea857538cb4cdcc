# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the graph of one crib: audio, features, classifier.

Include it once per crib, each with a namespace of its own (and, from a launch file, in a scoped
GroupAction, because launch arguments otherwise leak into the next include).
"""

from pathlib import Path

from baby_cry_detector.checkpoints import SHIPPED
from baby_cry_detector.features import FeatureSet, get_feature_set
from baby_cry_detector.names import safe_name
from baby_cry_detector.ros.base.launching import (checked_params_file, end_of_a_process,
                                                  network_actions, network_argument,
                                                  refusing_unknown)
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.stream.listener import open_checkpoint
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.logging import launch_config
from launch_ros.actions import Node
from launch_ros.utilities import make_namespace_absolute, prefix_namespace
import yaml

PACKAGE = 'baby_cry_detector'
SHARE = Path(__file__).absolute().parent.parent
DEFAULT_FRAME_ID = 'crib'
RESPAWN_DELAY_S = 0.5
SWITCH = ['true', 'false']
# Launch arguments that set a parameter of the same name, and the nodes that have it; the first
# one describes it. Empty means that params_file decides.
PASSED_ON = {
    'file': ('audio_capture',),
    'loop': ('audio_capture',),
    'rate': ('audio_capture',),
    'device': ('audio_capture',),
    'model': ('cry_classifier', 'feature_extractor'),
    'feature_set': ('feature_extractor',),
    'operating_point': ('cry_classifier',),
}
PATHS = ('file', 'model')


def declared(node, name):
    """Return the declaration of a node's parameter."""
    return next(parameter for parameter in TABLES[node] if parameter.name == name)


def passed_on_argument(name):
    """Return the launch argument of one of PASSED_ON; type and text come from the parameter."""
    parameter = declared(PASSED_ON[name][0], name)
    choices = SWITCH if parameter.type_name == 'bool' else parameter.choices
    return DeclareLaunchArgument(
        name, default_value='',
        description=f'{parameter.description} Empty here: as in params_file.',
        choices=['', *(choice for choice in choices if choice)] if choices else None)


def generate_launch_description():
    """Declare the arguments; what is started depends on them."""
    return refusing_unknown(__file__, [
        DeclareLaunchArgument(
            'source', default_value='mic', choices=['mic', 'file', 'topic'],
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
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
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
    nodes = ['cry_classifier', 'feature_extractor']
    if arguments['source'] != 'topic':
        nodes.append('audio_capture')
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


def refuse_other_features(arguments):
    """Raise RuntimeError where the extractor would compute what the model can't hear."""
    if not arguments['feature_set']:
        return
    try:
        computed = get_feature_set(arguments['feature_set']).id
    except ValueError as error:
        raise RuntimeError(f'feature_set: {error}') from None
    model = arguments['model']
    try:
        heard = FeatureSet.from_dict(open_checkpoint(
            model if model in SHIPPED else str(Path(model).expanduser())).feature_set).id
    except (ValueError, OSError):
        return                     # the node says what is wrong with the model
    if computed != heard:
        raise RuntimeError(f'feature_set:={arguments["feature_set"]} computes {computed}, the '
                           f'model hears {heard}: leave feature_set out, or give the model '
                           'that was trained on it')


def overrides(arguments, nodes, namespace):
    """
    Return ``{full node name: {parameter: value}}`` of what the arguments set.

    Full names, because they win over any wildcard of params_file.
    """
    # With keep_trying: what can't be configured would be started again for ever.
    values = {node: {'use_sim_time': arguments['use_sim_time'] == 'true',
                     'keep_trying': arguments['respawn'] == 'true'} for node in nodes}
    if 'audio_capture' in nodes:
        values['audio_capture']['source'] = arguments['source']
        values['audio_capture']['frame_id'] = (
            arguments['frame_id'] or namespace.strip('/') or DEFAULT_FRAME_ID)
    for name, targets in PASSED_ON.items():
        for node in targets:
            if arguments[name] and node in nodes:
                values[node][name] = parsed(declared(node, name), arguments[name])
    if arguments['source'] == 'file' and not arguments['file']:
        raise RuntimeError('source:=file needs the recording: file:=PATH')
    return {f'{namespace.rstrip("/")}/{node}': chosen for node, chosen in values.items()}


def parsed(parameter, text):
    """Return the text of an argument in the parameter's type."""
    if parameter.name in PATHS and text not in SHIPPED:
        path = Path(text).expanduser().absolute()
        if not path.is_file():
            raise RuntimeError(f'{parameter.name} is not a file: {path}')
        return str(path)
    if parameter.type_name == 'bool':
        return text == 'true'
    if parameter.type_name == 'string':
        return text
    try:
        return parameter.check(float(text))
    except ValueError as error:
        raise RuntimeError(f'{parameter.name}:={text} is refused: {error}') from None


def write(parameters, namespace):
    """Write the overrides next to the log of this launch and return the path."""
    name = safe_name(namespace.strip('/'), nothing='root')
    path = Path(launch_config.log_dir) / f'parameters_{name}.yaml'
    path.write_text(yaml.safe_dump(
        {node: {'ros__parameters': values} for node, values in parameters.items()}),
        encoding='utf-8')
    return str(path)


def log_levels(nodes, level):
    """Return the ROS arguments that set the nodes' level and leave the middleware's alone."""
    result = []
    for node in nodes:
        result += ['--log-level', f'{node.strip("/").replace("/", ".")}:={level}']
    return result
