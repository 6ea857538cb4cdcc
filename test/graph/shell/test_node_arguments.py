# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is typed behind a node's name: help in words, and what nobody would read is refused."""

import os
from pathlib import Path
import subprocess

from ament_index_python.packages import get_package_prefix
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.start.arguments import checked, own_arguments, SEVERAL
from baby_cry_detector.ros.start.parameter_files import meant_for_others, missed
import pytest
import rclpy

LIB = Path(get_package_prefix('baby_cry_detector')) / 'lib' / 'baby_cry_detector'
NODES = sorted(path.name for path in LIB.iterdir() if os.access(path, os.X_OK))


def ended(name, *arguments):
    return subprocess.run([LIB / name, *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)


@pytest.mark.parametrize('name', NODES)
def test_help_is_words_and_starts_nothing(name):
    result = ended(name, '--help')
    assert result.returncode == 0 and not result.stderr
    assert ('--link TOKEN_FILE' in result.stdout) is (name in ('caregiver_page', 'ward_page'))
    for node in SEVERAL.get(name, (name,)):
        for parameter in TABLES[node]:
            assert f'\n  {parameter.name} ({parameter.type_name}' in result.stdout
            assert parameter.description in result.stdout


@pytest.mark.parametrize('arguments, says', [
    (('-p', 'hold_s:=3'), '--ros-args -p'), (('hold_s:=3',), '--ros-args -p hold_s:=3'),
    (('--params-file', 'x.yaml'), '--ros-args --params-file'), (('--hlep',), '--help says'),
    (('recording.wav',), '--help says'), (('--ros-args', '-p', 'a:=1', '--', 'x'), 'argument x')])
def test_what_nobody_reads_is_refused_in_one_sentence(arguments, says):
    result = ended('cry_classifier', *arguments)
    assert result.returncode == 2 and not result.stdout
    assert result.stderr.startswith('error: ') and result.stderr.count('\n') == 1
    assert says in result.stderr


def test_what_ros_reads_and_a_node_s_own_is_left_alone():
    assert own_arguments(['x', '--ros-args', '-r', '__ns:=/crib', '-p', 'help:=--help']) == []
    assert own_arguments(['x', 'a', '--ros-args', '-p', 'b:=1', '--', 'c', '--ros-args']) == [
        'a', 'c']
    assert checked([]) == checked(['rocker']) == ''
    assert checked(['/a/cry_graph', '--no-capture', '--ros-args', '-r', '__ns:=/crib']) == ''
    assert checked(['/a/cry_graph', '--cribs=a,b', '--with=diary, caregiver_alert']) == ''
    for wrong in (['/a/cry_graph', '--with=diary,rocker'], ['/a/rocker', '--no-capture'],
                  ['/a/cry_graph', '--cribs'],
                  ['/a/cry_graph', '--no-capture=yes']):
        with pytest.raises(ValueError, match=wrong[1].replace('diary,', '')):
            checked(wrong)


@pytest.mark.parametrize('text, is_missed, is_others', [
    ('cry_classifier: {ros__parameters: {hold_s: 1.0}}', True, False),
    ('/cry_classifier: {ros__parameters: {hold_s: 1.0}}', True, False),
    ('/bed/cry_classifier: {ros__parameters: {hold_s: 1.0}}', False, True),
    ('bed: {cry_classifier: {ros__parameters: {hold_s: 1.0}}}', False, True),
    ('/*/*/cry_classifier: {ros__parameters: {hold_s: 1.0}}', False, True),
    ('/**/cry_classifier: {ros__parameters: {hold_s: 1.0}}', False, False),
    ('/*/cry_classifier: {ros__parameters: {hold_s: 1.0}}', False, False),
    ('crib/cry_classifier: {ros__parameters: {hold_s: 1.0}}', False, False),
    ('crib: {cry_classifier: {ros__parameters: {hold_s: 1.0}}}', False, False),
    ('/**: {ros__parameters: {use_sim_time: true}}', False, False),
    ('/bed/cry_classifier: {ros__parameters: {hold_s: 1.0}}\n'
     '/**/cry_classifier: {ros__parameters: {hold_s: 2.0}}', False, False),
    ('/arm: {ros__parameters: {gain: 1.0}}', False, False), ('', False, False),
    ('[', False, False)])
def test_a_file_that_speaks_of_the_node_and_does_not_reach_it_is_noticed(
        text, is_missed, is_others, tmp_path):
    path = tmp_path / 'p.yaml'
    path.write_text(text)
    given = ['x', '--ros-args', '--params-file', str(path)], '/crib/cry_classifier'
    assert bool(missed(*given)) is is_missed and bool(meant_for_others(*given)) is is_others
    # And ROS takes it so.
    context = rclpy.Context()
    try:
        rclpy.init(args=given[0], context=context)
    except RuntimeError:
        return
    node = rclpy.create_node('cry_classifier', namespace='crib', context=context,
                             automatically_declare_parameters_from_overrides=True)
    assert node.has_parameter('hold_s') is ('hold_s' in text and not is_missed and not is_others)
    node.destroy_node()
    context.try_shutdown()


def test_a_node_that_its_file_does_not_reach_says_so(tmp_path):
    path = tmp_path / 'p.yaml'
    path.write_text('cry_classifier: {ros__parameters: {hold_s: -1.0}}')
    result = ended('cry_classifier', '--ros-args', '-r', '__ns:=/crib', '--params-file', path,
                   '-p', 'model:=/no/model.npz')
    assert 'sets cry_classifier, which is /cry_classifier and not /crib/cry_classifier: write ' \
        '/**/cry_classifier' in result.stdout + result.stderr


def test_a_file_that_is_deeper_than_any_says_nothing_and_ends_nobody(tmp_path):
    file = tmp_path / 'deep.yaml'
    file.write_text('{a: ' * 3000 + '1' + '}' * 3000)
    assert not missed(['--params-file', str(file)], '/crib/cry_classifier')
