# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The architecture's arrows: who may import whom."""

import ast
from pathlib import Path

import baby_cry_detector
import pytest

PACKAGE = Path(baby_cry_detector.fields.__file__).parent if hasattr(
    baby_cry_detector, 'parameters') else Path(baby_cry_detector.__file__).parent
ROS = {'rclpy', 'std_msgs', 'std_srvs', 'builtin_interfaces', 'audio_common_msgs',
       'diagnostic_msgs', 'rcl_interfaces', 'launch', 'launch_ros'}
# From left to right; nothing may import what stands right of it.
ORDER = ('parameters', 'audio', 'features', 'model', 'decision', 'intake', 'listener',
         'behaviours')


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def sources(part=''):
    return [path for path in sorted(PACKAGE.rglob('*.py'))
            if path.relative_to(PACKAGE).parts[0].removesuffix('.py') in (part or ORDER)
            or not part and path.relative_to(PACKAGE).parts[0] in (
                'training', 'cli', 'behaviours', 'diary', 'page')]


def test_only_nodes_import_ros():
    assert len(sources()) > 20
    for path in sources():
        wrong = {name.split('.')[0] for name in imports(path)} & ROS
        assert not wrong, f'{path.relative_to(PACKAGE)} imports {wrong}'


@pytest.mark.parametrize('part', ORDER)
def test_nothing_imports_what_is_downstream(part):
    later = ORDER[ORDER.index(part) + 1:] + ('training', 'nodes', 'cli')
    paths = sources((part,))
    assert paths
    for path in paths:
        for name in imports(path):
            module = name.split('.')
            if module[0] == 'baby_cry_detector' and len(module) > 1:
                assert module[1] not in later, f'{path.relative_to(PACKAGE)} imports {name}'


@pytest.mark.parametrize('part', ['features', 'model', 'decision', 'behaviours'])
def test_pure_parts_read_no_clock(part):
    for path in sources((part,)):
        wrong = {name.split('.')[0] for name in imports(path)} & {'time', 'datetime', 'threading'}
        # datetime formats stamps in decision; it is given the time, it never asks for it.
        if part == 'decision':
            wrong -= {'datetime'}
            assert '.now(' not in path.read_text() and '.today(' not in path.read_text()
        assert not wrong, f'{path.relative_to(PACKAGE)} imports {wrong}'
