# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The launch file of several cribs: what it makes of its list, and three real graphs at once."""

from pathlib import Path

import pytest

pytest.importorskip('launch.actions', reason='needs the ROS 2 package launch')
pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')

from launch import LaunchContext  # noqa: E402, I100  # after importorskip
from launch.actions import GroupAction, IncludeLaunchDescription, OpaqueFunction  # noqa: E402, E501  # after importorskip
from launch.launch_description_sources import \
    get_launch_description_from_python_launch_file  # noqa: E402  # after importorskip

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'cribs.launch.py'


def includes(**arguments):
    """Return [{argument: text}] of the includes that the arguments lead to."""
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    groups = []
    for entity in get_launch_description_from_python_launch_file(str(LAUNCH_FILE)).entities:
        result = entity.visit(context)
        if isinstance(entity, OpaqueFunction):
            groups = result
    found = []
    for group in groups:
        assert isinstance(group, GroupAction)
        include, = [action for action in group.get_sub_entities()
                    if isinstance(action, IncludeLaunchDescription)]
        found.append(dict(include.launch_arguments))
    return found


def test_each_crib_has_its_namespace_and_microphone(tmp_path):
    expected = [{'namespace': 'nursery', 'device': 'USB PnP'},
                {'namespace': 'bedroom', 'device': '2'}]
    text = '{nursery: USB PnP, bedroom: 2}'
    assert includes(cribs=text) == expected
    (tmp_path / 'cribs.yaml').write_text(text)
    assert includes(cribs=str(tmp_path / 'cribs.yaml')) == expected


def test_nothing_of_a_file_that_is_no_list_of_cribs_is_repeated(tmp_path):
    for text in ('hunter2: {geheim: 1}', 'a: [hunter2', 'hunter2', '{a: *hunter2}', '%hunter2'):
        (tmp_path / 'private').write_text(text)
        with pytest.raises(RuntimeError, match='cribs') as refused:
            includes(cribs=str(tmp_path / 'private'))
        assert 'hunter2' not in str(refused.value) and 'geheim' not in str(refused.value)
    (tmp_path / 'private').write_text('{a: {divice: hunter2}}')
    with pytest.raises(RuntimeError, match='unknown argument; did you mean device'):
        includes(cribs=str(tmp_path / 'private'))


def test_what_a_crib_says_wins_over_what_all_share():
    assert includes(cribs='{a: {device: 1, composed: true}, b: {source: topic}}',
                    composed='false', log_level='warn') == [
        {'namespace': 'a', 'device': '1', 'composed': 'true', 'log_level': 'warn'},
        {'namespace': 'b', 'source': 'topic', 'composed': 'false', 'log_level': 'warn'}]


@pytest.mark.parametrize('text, sentence', [
    ('', 'expected a mapping'), ('nursery', 'expected a mapping'), ('{}', 'expected a mapping'),
    ('{a: [', 'no YAML'), ('{a: {volume: 3}}', "unknown argument 'volume'; known: source"),
    ('{a: {opperating_point: quiet}}', 'did you mean operating_point?'),
    ('/no/cribs.yaml', "got '/no/cribs.yaml', which is no file"),
    ('{a: 1, b: 1}', 'a and b have the same'), ('{a: , b: }', 'the default one')])
def test_what_makes_no_sense_is_refused(text, sentence):
    with pytest.raises(RuntimeError, match=sentence):
        includes(cribs=text)
