# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the graph of several cribs: a namespace and a microphone for each.

    ros2 launch baby_cry_detector cribs.launch.py cribs:='{nursery: USB PnP, bedroom: 2}'

`baby-cry devices` lists the microphones. Whatever one crib needs of its own goes into a mapping:
`{nursery: {device: USB PnP, model: /path/nursery.npz}, bedroom: {source: file, file: cry.wav}}`.
"""

from pathlib import Path

from baby_cry_detector.bounded_yaml import compose, YamlError
from baby_cry_detector.ros.base.launching import (nearest_argument, network_actions,
                                                  refusing_unknown)
from launch.actions import (DeclareLaunchArgument, GroupAction, IncludeLaunchDescription,
                            OpaqueFunction)
from launch.launch_description_sources import PythonLaunchDescriptionSource
import yaml

ONE_CRIB = str(Path(__file__).absolute().parent / 'baby_cry_detector.launch.py')
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


def generate_launch_description():
    """Declare the arguments; the cribs are known when they are."""
    return refusing_unknown(__file__, [
        DeclareLaunchArgument(
            'cribs', description='YAML mapping of each namespace to its microphone (part of the '
                                 'name, or the index) or to launch arguments of its own; or the '
                                 'path of a file that holds one.'),
        *[DeclareLaunchArgument(name, default_value='', description=text)
          for name, text in SHARED.items()],
        OpaqueFunction(function=network_actions),
        OpaqueFunction(function=start)])


def start(context):
    """Return one scoped include for each crib."""
    shared = {name: context.launch_configurations[name] for name in SHARED}
    groups = []
    for namespace, own in cribs(context.launch_configurations['cribs']).items():
        arguments = {name: value for name, value in {**shared, **own}.items() if value != ''}
        groups.append(GroupAction([IncludeLaunchDescription(
            PythonLaunchDescriptionSource(ONE_CRIB),
            launch_arguments={'namespace': namespace, **arguments}.items())],
            # Else what one crib sets would hold for the next.
            scoped=True, forwarding=False))
    return groups


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
    result, microphones = {}, {}
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
        if own.get('source', 'mic') == 'mic':
            device = own.get('device', '')
            if device in microphones:
                raise RuntimeError(f'cribs: {microphones[device]} and {namespace} have the same '
                                   f'microphone: {device or "the default one"}')
            microphones[device] = namespace
        result[str(namespace)] = own
    return result


def _is_file(path):
    try:
        return path.is_file()
    except OSError:      # too long for a name: it is the mapping itself
        return False


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
