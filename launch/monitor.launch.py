# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Show what a crib's graph hears: start cry_monitor and open what is installed to look at it.

    ros2 launch baby_cry_detector monitor.launch.py namespace:=crib
"""

import ast
import json
from pathlib import Path

from ament_index_python.packages import get_package_prefix, PackageNotFoundError
from baby_cry_detector.ros.base.launching import (checked_params_file, network_actions,
                                                  network_argument, refusing_unknown)
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction, TimerAction
from launch.logging import launch_config
from launch_ros.actions import Node
from launch_ros.utilities import make_namespace_absolute, prefix_namespace

PACKAGE = 'baby_cry_detector'
SHARE = Path(__file__).absolute().parent.parent
SWITCH = ['true', 'false']
# rqt_plot forgets the topics that do not exist yet when it is opened.
MONITOR_START_S = 4.0
# Argument: package, executable, what it is told, its file in config/.
VIEWERS = {
    'rviz': ('rviz2', 'rviz2', ['-d'], 'monitor.rviz'),
    'rqt': ('rqt_gui', 'rqt_gui', ['--perspective-file'], 'monitor.perspective'),
    'plotjuggler': ('plotjuggler', 'plotjuggler', ['--layout'], 'monitor.plotjuggler.xml'),
}


def generate_launch_description():
    """Declare the arguments; what is opened depends on them and on what is installed."""
    return refusing_unknown(__file__, [
        DeclareLaunchArgument('namespace', default_value='crib',
                              description='Namespace of the graph to look at.'),
        DeclareLaunchArgument('frame_id', default_value='',
                              description='Frame of its microphone; empty: the namespace.'),
        DeclareLaunchArgument(
            'params_file', default_value=str(SHARE / 'config' / f'{PACKAGE}.yaml'),
            description='Parameters of cry_monitor, keyed by /**/cry_monitor.'),
        DeclareLaunchArgument('use_sim_time', default_value='false', choices=SWITCH,
                              description='Take the time from /clock.'),
        *[DeclareLaunchArgument(name, default_value='true', choices=SWITCH,
                                description=f'Open {package} where it is installed.')
          for name, (package, *_) in VIEWERS.items()],
        DeclareLaunchArgument(
            'foxglove', default_value='true', choices=SWITCH,
            description='Start foxglove_bridge on this machine where it is installed; import '
                        'the layout that is named then.'),
        network_argument(),
        OpaqueFunction(function=network_actions),
        OpaqueFunction(function=start),
    ])


def start(context):
    """Return the monitor, the viewers that are installed, and a line for each that is not."""
    values = context.launch_configurations
    params_file = checked_params_file(values['params_file'])
    outer = values.get('ros_namespace')
    namespace = make_namespace_absolute(prefix_namespace(outer, values['namespace'])) or '/'
    frame_id = values['frame_id'] or namespace.strip('/') or 'crib'
    actions = [Node(
        package=PACKAGE, executable='cry_monitor', name='cry_monitor',
        namespace=values['namespace'], output='screen',
        parameters=[params_file,
                    {'use_sim_time': values['use_sim_time'] == 'true'}])]
    for name, (package, executable, told, file) in VIEWERS.items():
        if values[name] != 'true':
            continue
        if not is_installed(package):
            actions.append(LogInfo(msg=f'{package} is not installed: {name} is not opened'))
            continue
        path = adapted(file, namespace, frame_id)
        if name == 'rqt':
            actions += [LogInfo(msg=f'{missing} is not installed: rqt is opened without it')
                        for missing in drop_missing_plugins(path)]
        actions.append(TimerAction(period=MONITOR_START_S, actions=[
            Node(package=package, executable=executable, output='screen',
                 arguments=[*told, path])]))
    if values['foxglove'] == 'true':
        layout = adapted('monitor.foxglove.json', namespace, frame_id)
        if is_installed('foxglove_bridge'):
            actions += [Node(package='foxglove_bridge', executable='foxglove_bridge',
                             parameters=[{'address': '127.0.0.1'}], output='screen'),
                        LogInfo(msg=f'foxglove: ws://127.0.0.1:8765, layout {layout}')]
        else:
            actions.append(LogInfo(msg='foxglove_bridge is not installed: foxglove is not '
                                       f'served; the layout is {layout}'))
    return actions


def is_installed(package) -> bool:
    """Return whether a package can be found."""
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def drop_missing_plugins(path) -> list:
    """
    Take the plugins that are not installed out of a perspective; return their packages.

    While one of them is missing, rqt restores none of the others.
    """
    document = json.loads(Path(path).read_text(encoding='utf-8'))
    manager = document['groups']['pluginmanager']
    running = ast.literal_eval(manager['keys']['running-plugins']['repr'])
    missing = [plugin for plugin in running if not is_installed(plugin.partition('/')[0])]
    for plugin in missing:
        del running[plugin]
        manager['groups'].pop(f'plugin__{plugin.replace("/", "__")}__1', None)
    manager['keys']['running-plugins']['repr'] = repr(running)
    Path(path).write_text(json.dumps(document, indent=2), encoding='utf-8')
    return [plugin.partition('/')[0] for plugin in missing]


def adapted(file, namespace, frame_id) -> str:
    """Write a view for this crib next to the log of this launch; return its path."""
    text = (SHARE / 'config' / file).read_text(encoding='utf-8')
    text = text.replace('/crib/', f'{namespace.rstrip("/")}/')
    text = text.replace('Fixed Frame: crib', f'Fixed Frame: {frame_id}')
    text = text.replace('"followTf": "crib"', f'"followTf": "{frame_id}"')
    path = Path(launch_config.log_dir) / file
    path.write_text(text, encoding='utf-8')
    return str(path)
