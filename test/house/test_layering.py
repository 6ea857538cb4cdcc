# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The architecture's arrows: who may import whom. Every folder of the package has a place here."""

import ast
from functools import cache
import importlib.util
from pathlib import Path
import re
import subprocess
import sys

import pytest

PACKAGE = Path(importlib.util.find_spec('baby_cry_detector').origin).parent
ROS = {'rclpy', 'std_msgs', 'std_srvs', 'builtin_interfaces', 'audio_common_msgs', 'sensor_msgs',
       'diagnostic_msgs', 'rcl_interfaces', 'trajectory_msgs', 'visualization_msgs',
       'lifecycle_msgs', 'ament_index_python', 'launch', 'launch_ros', 'msg', 'srv'}
# From the ground up. A room may import what stands on a lower line, not its neighbours.
LAYERS = (
    {'__init__'},
    {'kept_files', 'units', 'needs'},
    {'bounded_yaml', 'care'},
    {'compiled', 'cry_state', 'fields', 'kept_state', 'names', 'own_thread', 'printable',
     'checkpoints'},
    {'audio', 'audio.containers', 'audio.devices', 'audio.echo', 'audio.faults', 'audio.loudness',
     'audio.motion_noise', 'audio.synthesis', 'features', 'features.stages', 'features.sets',
     'model.cells'},
    {'model', 'decision'},
    {'model.second'},
    {'stream', 'stream.arrival', 'care.policy'},
    {'care.motion', 'care.sound', 'care.alerts', 'care.diary', 'care.need'},
    {'page', 'views', 'kept_needs', 'kept_voice'},
    {'learnt_crib'},
    {'cli'},
    {'research.descriptors', 'research.model', 'research.training', 'research.evaluation',
     'research.paper', 'research.cli', 'research.corpus', 'research.needs', 'research.sounds',
     'research.annotation', 'research.smile',
     'ros.base',
     'ros.nodes', 'ros.parts', 'ros.start', 'ros.tools', 'ros.web'},
)
# What may import its neighbours on a line: a package that is one room with sub-rooms.
FAMILIES = ('audio', 'features', 'research', 'ros', 'stream')
# A node turns messages into calls and back; what decides lives in a room without ROS.
LONGEST_NODE = 200
NO_CLOCK = ('features', 'model', 'decision', 'stream', 'care.policy', 'care.need')
STDLIB_CLOCKS = {'time', 'datetime', 'threading'}


def room(parts):
    """Return the room of a module's parts: a folder, 'folder.folder' or a top-level module."""
    if len(parts) > 1 and (PACKAGE / parts[0] / parts[1]).is_dir():
        return '.'.join(parts[:2])
    return parts[0] if parts else '__init__'


@cache
def imports(path):
    """Return the dotted names that a file imports, relative ones made absolute."""
    here = ('baby_cry_detector', *path.relative_to(PACKAGE).with_suffix('').parts)
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                base = '.'.join([*here[:-node.level], *([base] if base else [])])
            names += (f'{base}.{alias.name}' for alias in node.names)
    return names


FILES = [path for path in sorted(PACKAGE.rglob('*.py'))
         if path.relative_to(PACKAGE).parts[0] not in ('msg', 'srv', '__pycache__')]
ROOM_OF = {path: room(path.relative_to(PACKAGE).with_suffix('').parts) for path in FILES}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def own_rooms(path):
    """Yield the rooms of the package that a file imports."""
    for name in imports(path):
        parts = name.split('.')
        if parts[0] == 'baby_cry_detector':
            yield name, room(parts[1:])


def test_every_room_has_its_place():
    rooms = {name for path, name in ROOM_OF.items()
             if not (path.name == '__init__.py' and name in ('care', 'ros', 'research'))}
    assert rooms <= set(LEVEL), f'no place for {sorted(rooms - set(LEVEL))}'


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_down(path):
    own = ROOM_OF[path]
    level = LEVEL.get(own, 0)
    for name, other in own_rooms(path):
        if other == own or other in ('msg', 'srv', '__init__') or other.startswith('_'):
            continue
        same_family = own.split('.')[0] == other.split('.')[0] and own.split('.')[0] in FAMILIES
        assert other in LEVEL, f'{name} is in no room that is known'
        assert LEVEL[other] < level or same_family, f'{own} must not import {name}'
        if LEVEL[other] == len(LAYERS) - 1:
            assert same_family, f'{own} must not import {name}'


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_shell_imports_ros(path):
    if ROOM_OF[path].startswith('ros'):
        return
    names = imports(path)
    wrong = {name.split('.')[0] for name in names} & ROS
    wrong |= {name for name in names
              if name.startswith(('baby_cry_detector.msg', 'baby_cry_detector.srv'))}
    assert not wrong


@pytest.mark.parametrize('path', [path for path in FILES
                                  if ROOM_OF[path].startswith(NO_CLOCK)],
                         ids=lambda path: str(path.relative_to(PACKAGE)))
def test_pure_rooms_read_no_clock(path):
    wrong = {name.split('.')[0] for name in imports(path)} & STDLIB_CLOCKS
    # datetime formats stamps in decision; it is given the time, it never asks for it.
    if ROOM_OF[path] == 'decision':
        wrong -= {'datetime'}
        assert not re.search(r'\.(now|today)\(', path.read_text())
    assert not wrong


def test_what_a_robot_runs_imports_nothing_of_research(tmp_path):
    script = tmp_path / 'robot.py'      # a file: the wheels start Python anew, which -c can't
    script.write_text(
        'import importlib, sys\n'
        'for name in sys.argv[1:]:\n'
        '    importlib.import_module(name)\n'
        # A node's start, and its memory: what it may need later is imported then.
        "print('begun', *[name for name in sys.modules if name in ('scipy', 'PIL', 'rich', "
        "'matplotlib', 'soundfile')])\n"
        'from baby_cry_detector.cli.main import main\n'
        'try:\n'
        "    main(['listen', '--help'])\n"
        'except SystemExit:\n'
        '    pass\n'
        'from baby_cry_detector.stream.listener import FrameListener, open_checkpoint\n'
        'import numpy\n'
        "for name in ('', 'is09'):\n"
        '    listener = FrameListener(open_checkpoint(name))\n'
        '    list(listener.process(0, numpy.zeros((40, len(listener.feature_set.columns)))))\n'
        "print('loaded', *[name for name in sys.modules if name.startswith("
        "'baby_cry_detector.research') or name in ('torch', 'onnx', 'onnxruntime')])\n")
    nodes = ['.'.join(('baby_cry_detector', *path.relative_to(PACKAGE).with_suffix('').parts))
             for path in FILES if ROOM_OF[path] in ('ros.nodes', 'stream')]
    result = subprocess.run([sys.executable, str(script), *nodes], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0].split() == ['begun']
    assert result.stdout.splitlines()[-1].split() == ['loaded']


def test_no_import_circle():
    graph = {path: set() for path in FILES}
    by_name = {'.'.join(('baby_cry_detector', *path.relative_to(PACKAGE).with_suffix('').parts)):
               path for path in FILES}
    for path in FILES:
        for node in ast.parse(path.read_text()).body:     # at import time only
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    target = (by_name.get(f'{node.module}.{alias.name}')
                              or by_name.get(node.module))
                    if target and target != path:
                        graph[path].add(target)
    done, active = set(), []

    def visit(path):
        if path in done:
            return
        assert path not in active, 'circle: ' + ' -> '.join(
            str(p.relative_to(PACKAGE)) for p in [*active[active.index(path):], path])
        active.append(path)
        for target in sorted(graph[path]):
            visit(target)
        active.pop()
        done.add(path)

    sys.setrecursionlimit(5000)
    for path in FILES:
        visit(path)


def test_each_folder_says_what_lives_there():
    for path in FILES:
        if path.name == '__init__.py':
            assert ast.get_docstring(ast.parse(path.read_text())), f'{path} has no docstring'


def test_nodes_are_thin():
    for path in FILES:
        if ROOM_OF[path] == 'ros.nodes':
            lines = len(path.read_text().splitlines())
            assert lines <= LONGEST_NODE, f'{path}: {lines} lines'


def test_a_graph_that_hears_loads_neither_openssl_nor_xml(tmp_path):
    script = tmp_path / 'graph.py'      # four megabytes of each process that hears
    script.write_text(
        'import sys\n'
        'import baby_cry_detector.ros.nodes.cry_graph\n'
        'from baby_cry_detector.stream.listener import FrameListener, model_id, open_checkpoint\n'
        "print(model_id(''), FrameListener(open_checkpoint('')).feature_set.name)\n"
        "print('loaded', *[name for name in sys.modules if name in ('_hashlib', 'ssl', 'xml')])\n")
    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[1].split() == ['loaded']
