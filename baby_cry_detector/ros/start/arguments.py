# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What stands behind a node's name on the command line, before any of it reaches ROS."""

from pathlib import Path
from typing import List, Sequence, Tuple

from baby_cry_detector.fields import Field
from baby_cry_detector.ros.base.parameters import TABLES

PACKAGE = 'baby_cry_detector'
HELP = ('-h', '--help')
ROS_ARGUMENTS, END_OF_THEM = '--ros-args', '--'
# Executables that are several nodes, and what they take themselves; after "=" comes a value.
SEVERAL = {'cry_graph': ('cry_classifier', 'feature_extractor', 'audio_capture')}
CRIBS, WITH = '--cribs=', '--with='
BESIDE = ('caregiver_alert', 'diary', 'need_estimator')
OWN = {'cry_graph': {
    '--no-capture': 'another package publishes the audio',
    CRIBS: 'NAME,NAME …: a graph in each of these namespaces, all in this process',
    WITH: f'NODE,NODE …: these beside each graph, of {", ".join(BESIDE)}'}}
# What stands first and is answered without starting the node.
LINK = dict.fromkeys(('caregiver_page', 'ward_page'),
                     ('--link TOKEN_FILE [PORT]', 'show a link to the page, and start nothing'))
# What people write who forget --ros-args.
_ROS_OPTIONS = ('-p', '--param', '-r', '--remap', '--params-file', '--log-level', '-e',
                '--enclave')


def own_arguments(arguments: Sequence[str]) -> List[str]:
    """Return those arguments, without the program's name, that are none of ROS."""
    own, is_ros = [], False
    for argument in arguments[1:]:
        if is_ros:
            is_ros = argument != END_OF_THEM
        elif argument == ROS_ARGUMENTS:
            is_ros = True
        else:
            own.append(argument)
    return own


def values_of(option: str, own: Sequence[str]) -> List[str]:
    """Return what is listed after an option such as ``--cribs=``, wherever it stands."""
    return [value.strip() for argument in own if argument.startswith(option)
            for value in argument[len(option):].split(',') if value.strip()]


def checked(arguments: Sequence[str]) -> str:
    """
    Return what is to be shown instead of starting; '' where the nodes shall start.

    :param arguments: with the program's name first.
    :raises ValueError: on an argument that nobody would read; launch itself gives none such.
    """
    name = Path(arguments[0]).name if arguments else ''
    own = own_arguments(arguments)
    if any(argument in HELP for argument in own):
        return help_of(name)
    for argument in own:
        if not any(argument.startswith(known) if known.endswith('=') else argument == known
                   for known in OWN.get(name, ())):
            raise ValueError(_refusal(name, argument))
    for node in values_of(WITH, own):
        if node not in BESIDE:
            raise ValueError(f'{WITH}{node}: expected some of {", ".join(BESIDE)}')
    return ''


def _refusal(name: str, argument: str) -> str:
    if argument.partition('=')[0] in _ROS_OPTIONS:
        return (f'{argument} is read after {ROS_ARGUMENTS} only: ros2 run {PACKAGE} {name} '
                f'{ROS_ARGUMENTS} {argument} …')
    if ':=' in argument:
        return (f'{name} knows no argument {argument}: ros2 run {PACKAGE} {name} {ROS_ARGUMENTS} '
                f'-p {argument}, or ros2 launch, which takes it so')
    return f'{name} knows no argument {argument}; --help says what there is'


def help_of(name: str) -> str:
    """Return what an executable takes: its parameters, from the table that it declares from."""
    lines = [f'usage: ros2 run {PACKAGE} {name} [{ROS_ARGUMENTS} -p NAME:=VALUE … '
             '-r __ns:=/NAMESPACE]']
    if name in OWN:
        lines += ['', *(f'  {argument}  {meaning}' for argument, meaning in OWN[name].items())]
    if name in LINK:
        lines += ['', '  ' + '  '.join(LINK[name])]
    for node in SEVERAL.get(name, (name,)):
        if node in TABLES:
            lines += ['', f'parameters of {node}:']
            for parameter in TABLES[node]:
                lines += [f'  {parameter.name} ({_kind(parameter)})', f'      '
                          f'{parameter.description}']
    return '\n'.join([*lines, '', f'With all of it at once: ros2 launch {PACKAGE} …, '
                      'docs/use/parameters.md.'])


def _kind(parameter: Field) -> str:
    default = parameter.default
    shown = str(default).lower() if isinstance(default, bool) else str(default) or "''"
    bounds: Tuple[str, ...] = ()
    if parameter.choices:
        bounds = ('one of ' + ', '.join(choice for choice in parameter.choices if choice),)
    elif parameter.minimum is not None and parameter.maximum is not None:
        bounds = (f'{parameter.minimum:g} to {parameter.maximum:g}',)
    return ', '.join((parameter.type_name, *bounds, f'default {shown}'))
