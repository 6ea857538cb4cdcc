# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""No node takes a private name that the managed node uses itself: Python would not say a word."""

import ast
import importlib.util
from pathlib import Path

import pytest

ROS = Path(importlib.util.find_spec('baby_cry_detector').origin).parent / 'ros'
BASES = (ROS / 'base' / 'managed_node.py', ROS / 'base' / 'owning.py')
# Where nodes and what they are made of stand beside each other.
NODES = [path for path in sorted(ROS.rglob('*.py')) if path not in BASES]


def private_names(cls):
    """Return the private names that a class defines or sets on itself."""
    names = {node.name for node in cls.body
             if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    names |= {node.target.id for node in cls.body if isinstance(node, ast.AnnAssign)}
    for node in ast.walk(cls):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and (
                isinstance(node.value, ast.Name) and node.value.id == 'self'):
            names.add(node.attr)
    return {name for name in names if name.startswith('_') and not name.startswith('__')}


def classes(path):
    """Yield the classes of a file."""
    return (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef))


TAKEN = set().union(*(private_names(cls) for path in BASES for cls in classes(path)))


@pytest.mark.parametrize('path', NODES, ids=lambda path: path.name)
def test_no_node_takes_a_name_of_its_base(path):
    assert '_opening_in' in TAKEN and '_attempt' in TAKEN
    for cls in classes(path):
        if any(isinstance(base, ast.Name) and base.id == 'ManagedNode' for base in cls.bases):
            assert not private_names(cls) & TAKEN, f'{cls.name}'
