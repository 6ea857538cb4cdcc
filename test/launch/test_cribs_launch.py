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
from launch.logging import launch_config  # noqa: E402  # after importorskip
from launch_ros.actions import Node  # noqa: E402  # after importorskip
import yaml  # noqa: E402  # after importorskip

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'cribs.launch.py'


def groups(context=None, **arguments):
    """Return what the arguments lead to."""
    context = context or LaunchContext()
    context.launch_configurations.update(arguments)
    found = []
    for entity in get_launch_description_from_python_launch_file(str(LAUNCH_FILE)).entities:
        result = entity.visit(context)
        if isinstance(entity, OpaqueFunction):
            found = result
    return found


def includes(**arguments):
    """Return [{argument: text}] of the includes that the arguments lead to."""
    found = []
    for group in groups(**arguments):
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
    ('{a: 1, b: 1}', 'a and b have the same'),
    ('{a: {source: topic}, b: {source: topic}}', 'the same audio_topic: /audio/audio_stamped'),
    ('{a: , b: }', 'the default one')])
def test_what_makes_no_sense_is_refused(text, sentence):
    with pytest.raises(RuntimeError, match=sentence):
        includes(cribs=text)


@pytest.fixture
def one_process(tmp_path):
    """Return who starts all cribs in one process: (its words, what stands in its parameters)."""
    launch_config.log_dir = str(tmp_path)

    def start(**arguments):
        context = LaunchContext()
        group, = groups(context, together='true', **arguments)
        node, = [action for action in group.get_sub_entities() if isinstance(action, Node)]
        context.launch_configurations.pop('ros_namespace', None)       # as the group does
        node._perform_substitutions(context)
        words = [''.join(part.perform(context) for part in word) for word in node.cmd]
        written, = tmp_path.glob('parameters_*')
        values = {name: values['ros__parameters']
                  for name, values in yaml.safe_load(written.read_text()).items()}
        return words, values
    yield start
    launch_config.reset()


def test_together_all_cribs_are_one_process(one_process, tmp_path):
    (tmp_path / 'cry.wav').write_bytes(b'')
    words, values = one_process(
        cribs=f'{{a: 3, b: {{source: file, file: {tmp_path}/cry.wav, frame_id: bed}}}}',
        beside='diary, caregiver_alert', operating_point='quiet', use_sim_time='true')
    assert '--cribs=/a,/b' in words and '--with=diary,caregiver_alert' in words
    assert '--no-capture' not in words
    common = {'use_sim_time': True, 'keep_trying': True}
    assert values['/a/audio_capture'] == {
        **common, 'source': 'mic', 'device': '3', 'frame_id': 'a'}
    assert values['/b/audio_capture'] == {
        **common, 'source': 'file', 'file': f'{tmp_path}/cry.wav', 'frame_id': 'bed'}
    assert values['/b/cry_classifier'] == {**common, 'operating_point': 'quiet'}
    assert values['/a/diary'] == common and len(values) == 10


def test_together_they_lie_in_the_namespace_around_them_and_hear_their_topics(one_process):
    words, values = one_process(
        cribs='{a: {source: topic, audio_topic: /x}, b: {source: topic, audio_topic: own}}',
        ros_namespace='/house')
    assert '--cribs=/house/a,/house/b' in words and '--no-capture' in words
    assert '/house/a/audio_stamped:=/x' in words and '/house/b/audio_stamped:=own' in words
    assert set(values) == {f'/house/{crib}/{node}' for crib in 'ab'
                           for node in ('cry_classifier', 'feature_extractor')}


@pytest.mark.parametrize('given, sentence', [
    ({'cribs': '{a: 1, b: {source: topic}}'}, 'all cribs have source topic, or none'),
    ({'cribs': '{a: {params_file: x.yaml}}'}, 'a has a params_file of its own'),
    ({'cribs': '{a: {respawn: false}, b: 2}'}, 'a has a respawn of its own'),
    ({'cribs': '{a: {source: tape}}'}, 'source:=tape: expected one of mic, file, topic'),
    ({'cribs': '{a: {operating_point: loud}}'}, 'operating_point:=loud: expected one of'),
    ({'cribs': '{a: {source: file, file: /no.wav}}'}, 'file is not a file: /no.wav'),
    ({'cribs': '{a: 1}', 'beside': 'rocker'}, 'beside:=rocker: expected some of'),
    ({'cribs': '{a: 1}', 'beside': 'diary', 'together': 'false'}, 'goes with together:=true')])
def test_what_one_process_cannot_do_is_refused(given, sentence):
    with pytest.raises(RuntimeError, match=sentence):
        groups(**{'together': 'true', **given})
