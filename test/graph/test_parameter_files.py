# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""The documentation and the parameter file say what the nodes declare."""

from pathlib import Path
import subprocess
import sys

from baby_cry_detector.nodes.parameters import TABLES
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


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
