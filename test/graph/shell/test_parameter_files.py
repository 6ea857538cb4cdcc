# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation and the parameter file say what the nodes declare."""

from pathlib import Path
import subprocess
import sys

from baby_cry_detector.ros.base.parameters import TABLES
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]


def test_generated_files_are_fresh():
    subprocess.run([sys.executable, str(ROOT / 'tools' / 'parameter_docs.py'), '--check'],
                   check=True)


def test_parameter_file_is_the_tables_defaults():
    loaded = yaml.safe_load((ROOT / 'config' / 'baby_cry_detector.yaml').read_text())
    for node, table in TABLES.items():
        assert loaded[f'/**/{node}']['ros__parameters'] == {p.name: p.default for p in table}


@pytest.mark.parametrize('index, node', (
    (0, 'cry_classifier'), (1, 'feature_extractor')))
def test_nodes_describe_every_parameter(graph, index, node):
    described = graph.nodes[index].describe_parameters([p.name for p in TABLES[node]])
    for parameter, descriptor in zip(TABLES[node], described):
        assert descriptor.description.startswith(parameter.description)
        ranges = list(descriptor.floating_point_range) + list(descriptor.integer_range)
        assert bool(ranges) == (parameter.minimum is not None)
