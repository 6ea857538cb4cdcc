# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the graph of several cribs: a namespace and a microphone for each.

    ros2 launch baby_cry_detector cribs.launch.py cribs:='{nursery: USB PnP, bedroom: 2}'
    ros2 launch baby_cry_detector cribs.launch.py cribs:=cribs.yaml together:=true

`baby-cry devices` lists the microphones. Whatever one crib needs of its own goes into a mapping:
`{nursery: {device: USB PnP, model: /path/nursery.npz}, bedroom: {source: file, file: cry.wav}}`.
Together they share one process, and the checkpoint is read once: what a machine with many runs.
"""

from pathlib import Path

from baby_cry_detector.bounded_yaml import compose, YamlError
from baby_cry_detector.ros.base.launching import (checked_params_file, end_of_a_process,
                                                  nearest_argument, network_actions,
                                                  refusing_unknown, RESPAWN_DELAY_S, SWITCH)
from baby_cry_detector.ros.start.arguments import BESIDE, CRIBS, WITH
from baby_cry_detector.ros.start.crib_launching import (choices_of, LOG_LEVELS, log_levels,
                                                        nodes_of, overrides, PASSED_ON,
                                                        refuse_other_features, SOURCES, write)
from launch.actions import (DeclareLaunchArgument, GroupAction, IncludeLaunchDescription,
                            OpaqueFunction, UnsetLaunchConfiguration)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node
from launch_ros.utilities import make_namespace_absolute, prefix_namespace
import yaml

PACKAGE = 'baby_cry_detector'
FOLDER = Path(__file__).absolute().parent
ONE_CRIB = str(FOLDER / 'baby_cry_detector.launch.py')
# Arguments of one crib's launch file that hold for all cribs unless a crib says otherwise.
SHARED = {
    'params_file': 'Parameters of the nodes of all cribs; empty: the defaults.',
    'model': 'Checkpoint (.npz) of the network of all cribs; empty: the shipped one.',
    'operating_point': 'What the detectors rather do, miss a cry or wake somebody; empty: the '
                       'default.',
    'log_level': 'Least severe log message: debug, info, warn, error or fatal; empty: info.',
    'composed': 'true: one process for each crib; empty or false: one for each node.',
    'respawn': 'false: the death of a process ends the launch; empty or true: it starts again.',
    'network': 'true: other machines may find the nodes, hear the cribs and command them '
               '(SECURITY.md); empty: as ROS_AUTOMATIC_DISCOVERY_RANGE says, else no.',
    'use_sim_time': "true: take the time from /clock; empty or false: the system's.",
}
OWN = ('source', 'device', 'file', 'loop', 'rate', 'frame_id', 'audio_topic', 'audio_info_topic',
       'feature_set', *SHARED)
# What no crib can have of its own where all of them share a process.
OF_THE_PROCESS = ('params_file', 'composed', 'respawn', 'network')
DEFAULTS = {'source': 'mic', 'log_level': 'info', 'use_sim_time': 'false', 'respawn': 'true',
            'params_file': str(FOLDER.parent / 'config' / f'{PACKAGE}.yaml'),
            'audio_topic': '/audio/audio_stamped', 'audio_info_topic': '/audio/audio_info'}
CHOICES = {'source': SOURCES, 'log_level': LOG_LEVELS, 'use_sim_time': SWITCH, 'respawn': SWITCH,
           **{name: choices_of(name) for name in PASSED_ON if choices_of(name)}}


def generate_launch_description():
    """Declare the arguments; the cribs are known when they are."""
    return refusing_unknown(__file__, [
        DeclareLaunchArgument(
            'cribs', description='YAML mapping of each namespace to its microphone (part of the '
                                 'name, or the index) or to launch arguments of its own; or the '
                                 'path of a file that holds one.'),
        *[DeclareLaunchArgument(name, default_value='', description=text)
          for name, text in SHARED.items()],
        DeclareLaunchArgument(
            'together', default_value='false', choices=SWITCH,
            description='Run the graphs of all cribs in one process, which shares the weights of '
                        'the network; a crash of it is all of theirs.'),
        DeclareLaunchArgument(
            'beside', default_value='',
            description='With together: nodes that each crib has in that process too, of '
                        f'{", ".join(BESIDE)}, with commas between them.'),
        OpaqueFunction(function=network_actions),
        OpaqueFunction(function=start)])


def start(context):
    """Return one scoped include for each crib, or one process for all of them."""
    shared = {name: context.launch_configurations[name] for name in SHARED}
    listed = cribs(context.launch_configurations['cribs'])
    beside = [name.strip() for name in context.launch_configurations['beside'].split(',')
              if name.strip()]
    if context.launch_configurations['together'] == 'true':
        # The cribs' names are whole already: the process itself has no namespace.
        return [GroupAction([UnsetLaunchConfiguration('ros_namespace'), together(
            listed, shared, beside, context.launch_configurations.get('ros_namespace'))])]
    if beside:
        raise RuntimeError('beside:= goes with together:=true; else start behaviours.launch.py '
                           'for each namespace')
    groups = []
    for namespace, own in listed.items():
        arguments = {name: value for name, value in {**shared, **own}.items() if value != ''}
        groups.append(GroupAction([IncludeLaunchDescription(
            PythonLaunchDescriptionSource(ONE_CRIB),
            launch_arguments={'namespace': namespace, **arguments}.items())],
            # Else what one crib sets would hold for the next.
            scoped=True, forwarding=False))
    return groups


def together(listed, shared, beside, outer):
    """
    Return the one process of all cribs; RuntimeError says what can't be started.

    :param listed: what `cribs` returns.
    :param shared: ``{argument: text}`` of all cribs.
    :param beside: names of nodes that each crib has besides.
    :param outer: namespace around all of them, or None.
    """
    unknown = [name for name in beside if name not in BESIDE]
    if unknown:
        raise RuntimeError(f'beside:={unknown[0]}: expected some of {", ".join(BESIDE)}')
    process = {**DEFAULTS, **{name: text for name, text in shared.items() if text != ''}}
    parameters, listening, levels, captures = {}, [], [], set()
    names = []
    for namespace, own in listed.items():
        for name in OF_THE_PROCESS:
            if own.get(name, '') not in ('', process.get(name, '')):
                raise RuntimeError(f'cribs: {namespace} has a {name} of its own, which '
                                   'together:=true does not allow: all share a process')
        arguments = {**dict.fromkeys((*OWN, *PASSED_ON), ''), **process,
                     **{name: text for name, text in own.items() if text != ''}}
        for name, choices in CHOICES.items():
            if arguments[name] not in choices:
                raise RuntimeError(f'cribs: {namespace}: {name}:={arguments[name]}: expected one '
                                   f'of {", ".join(filter(None, choices))}')
        names.append(make_namespace_absolute(prefix_namespace(outer, namespace)))
        refuse_other_features(arguments)
        chosen = overrides(arguments, nodes_of(arguments['source']), names[-1])
        for node in beside:
            chosen[f'{names[-1]}/{node}'] = {
                'use_sim_time': arguments['use_sim_time'] == 'true',
                'keep_trying': arguments['respawn'] == 'true'}
        parameters.update(chosen)
        levels += log_levels(chosen, arguments['log_level'])
        captures.add(arguments['source'] != 'topic')
        if arguments['source'] == 'topic':
            listening += [(f'{names[-1]}/audio_stamped', arguments['audio_topic']),
                          (f'{names[-1]}/audio_info', arguments['audio_info_topic'])]
    if len(captures) > 1:
        raise RuntimeError('cribs: with together:=true all cribs have source topic, or none')
    respawn = process['respawn'] == 'true'
    return Node(
        package=PACKAGE, executable='cry_graph', output='screen', remappings=listening,
        arguments=[CRIBS + ','.join(names), *([WITH + ','.join(beside)] if beside else []),
                   *([] if captures == {True} else ['--no-capture'])],
        parameters=[checked_params_file(process['params_file']),
                    write(parameters, f'{outer or ""}/together')],
        ros_arguments=levels, respawn=respawn, respawn_delay=RESPAWN_DELAY_S,
        sigterm_timeout=str(5 + len(names)),   # they end one after the other
        on_exit=None if respawn else end_of_a_process)


def cribs(text):
    """
    Return ``{namespace: {argument: text}}``; RuntimeError says what was expected.

    :param text: YAML, or the path of a YAML file.
    """
    path = Path(text).expanduser()
    try:
        is_file = bool(text) and _is_file(path)
        read = path.read_text() if is_file else text
        compose(read)               # bounded; says what is wrong without repeating the file
        loaded = yaml.safe_load(read)
    except (OSError, UnicodeDecodeError, YamlError) as error:
        why = 'it is not text' if isinstance(error, UnicodeDecodeError) else error
        raise RuntimeError(f'cribs is no YAML mapping: {why}') from None
    except yaml.YAMLError:
        raise RuntimeError('cribs is no YAML mapping') from None
    if not isinstance(loaded, dict) or not loaded:
        raise RuntimeError('cribs: expected a mapping of namespaces to microphones, for example '
                           f"'{{nursery: USB PnP, bedroom: 2}}', or a file of one, got {text!r}"
                           f'{"" if is_file else ", which is no file"}')
    result, taken = {}, {}
    for namespace, own in loaded.items():
        own = own if isinstance(own, dict) else {'device': '' if own is None else own}
        unknown = sorted(set(map(str, own)) - set(OWN))
        if unknown:
            # What is in a file that was named by mistake is not repeated.
            named = f'unknown argument{"" if is_file else f" {unknown[0]!r}"}'
            near = nearest_argument(unknown[0], OWN)
            raise RuntimeError(f'cribs: {named}; ' + (
                f'did you mean {near}?' if near else f'known: {", ".join(OWN)}'))
        own = {name: _text(value) for name, value in own.items()}
        source = own.get('source', 'mic')
        heard = {'mic': ('microphone', own.get('device', '') or 'the default one'),
                 'topic': ('audio_topic', own.get('audio_topic', '') or DEFAULTS['audio_topic'])
                 }.get(source)
        # A topic's relative name is another one in each namespace.
        if heard and (source == 'mic' or heard[1].startswith('/')):
            if heard in taken:
                raise RuntimeError(f'cribs: {taken[heard]} and {namespace} have the same '
                                   f'{heard[0]}: {heard[1]}')
            taken[heard] = namespace
        result[str(namespace)] = own
    return result


def _is_file(path):
    try:
        return path.is_file()
    except OSError:      # too long for a name: it is the mapping itself
        return False


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
