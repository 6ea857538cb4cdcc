# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bags whose stamps or format are wrong: what can be heard is, or it is exit code 1."""

import json

import numpy as np
import pytest

pytest.importorskip('rosbags.rosbag2', reason='pip install rosbags to read bags')

from baby_cry_detector.audio import to_pcm16  # noqa: E402, I100  # after importorskip
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry  # noqa: E402, E501  # after importorskip
from baby_cry_detector.cli.main import main  # noqa: E402  # after importorskip
from bag_writer import NS, write_bag  # noqa: E402  # after importorskip

pytestmark = pytest.mark.slow

START_NS = 1_790_000_000 * NS + 123_456_789
TOPIC = '/crib/audio_stamped'
ROOM = 1e-3 * np.random.default_rng(0).standard_normal(16_000 * 16)


def crying(length_s, rate=16_000, quiet_s=0.5):
    """Return (n,) int16: a room, and a cry in it after half a second."""
    samples = ROOM[:round(length_s * 16_000)].copy()
    first = round(quiet_s * 16_000)
    if len(samples) > first:
        samples[first:] += synthesise_cry(12.0, seed=1)[:len(samples) - first]
    return np.repeat(to_pcm16(samples), rate // 16_000)


@pytest.mark.parametrize('length_s', [0.6, 2.0, 5.0, 10.0])
@pytest.mark.parametrize('options, says', [
    ({'said_rate': 48_000}, '(48000 Hz, 1 ch): 16000 Hz'),
    ({'said_rate': 24_000}, '(24000 Hz, 1 ch): 16000 Hz'),
    ({'sample_rate': 48_000, 'said_rate': 16_000, 'block_size': 1920},
     '(16000 Hz, 1 ch): 48000 Hz'),
    ({'said_rate': 48_000, 'block_size': 2400}, 'slower than audio_info says')])
def test_another_rate_than_is_said_is_exit_code_1_with_the_cause_at_any_length(
        tmp_path, capsys, length_s, options, says):
    bag = write_bag(tmp_path / 'bag', {
        TOPIC: (START_NS, crying(length_s, options.get('sample_rate', 16_000)))}, **options)
    assert main(['listen', str(bag)]) == 1
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith('error: ')]
    assert len(said) == 1 and 'may not have been heard' in said[0] and says in said[0]


@pytest.mark.parametrize('command', [
    ['features', '--out', 'f.csv'], ['plot', '--out', 'why.png'], ['policy', 'rehearse']])
def test_every_command_says_so(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    for name, options, code in (('whole', {}, 0), ('wrong', {'said_rate': 48_000}, 1)):
        bag = write_bag(tmp_path / name, {TOPIC: (START_NS, crying(4.0))}, **options)
        assert main([*command, str(bag)]) == code
        assert ('error: ' in capsys.readouterr().err) == bool(code)


@pytest.mark.parametrize('lost, code', [(0.65, 1), (0.3, 0), (0.05, 0)])
def test_more_lost_on_the_way_than_heard_is_exit_code_1(tmp_path, capsys, lost, code):
    random = np.random.default_rng(2)
    holes = [(block * 0.04 - 0.001, block * 0.04 + 0.001) for block in range(1, 200)
             if random.random() < lost]
    bag = write_bag(tmp_path / 'bag', {TOPIC: (START_NS, crying(8.0))}, lost=holes)
    assert main(['listen', str(bag)]) == code
    assert ('more of its audio was lost' in capsys.readouterr().err) == bool(code)


def test_a_pause_in_which_nothing_was_sent_is_no_loss(tmp_path):
    bag = write_bag(tmp_path / 'bag', {TOPIC: (START_NS, crying(12.0))}, lost=[(2.0, 10.5)])
    assert main(['listen', str(bag)]) == 0


def test_a_short_bag_with_the_high_byte_first_is_no_quiet_baby(tmp_path, capsys):
    bag = write_bag(tmp_path / 'bag', {TOPIC: (START_NS, crying(2.5))}, big_endian=True)
    assert main(['listen', str(bag)]) == 1
    assert 'come in the order of S16BE' in capsys.readouterr().err


@pytest.mark.parametrize('length_s', [1.6, 8.0])
@pytest.mark.parametrize('options', [
    {'stamped': lambda ns: 0}, {'stamped': lambda ns: START_NS - 3600 * NS},
    {'stamped': lambda ns: START_NS}, {'stamped': lambda ns: ns // 10 ** 6},
    {'stamped': lambda ns: 0, 'arriving': lambda ns: START_NS},
    {'stamped': lambda ns: 0, 'block_size': 4000}],
    ids=['zero', 'an hour ago', 'the start', 'milliseconds', 'no time at all', 'long blocks'])
def test_stamps_that_do_not_advance_lose_nothing_and_shift_nothing(
        tmp_path, capsys, options, length_s):
    told = []
    for name, given in (('good', {'block_size': options.get('block_size', 640)}),
                        ('bad', options)):
        bag = write_bag(tmp_path / name, {TOPIC: (START_NS, crying(length_s))}, **given)
        assert main(['listen', '--json', str(bag)]) == 0
        captured = capsys.readouterr()
        told.append([json.loads(line) for line in captured.out.splitlines()])
        assert ('lost' in captured.err or 'duplicate' in captured.err) is False
    good, bad = told
    assert abs(good[-1]['time_s'] - bad[-1]['time_s']) < 0.1
    assert len(bad) > 0.9 * len(good)
    if length_s > 2.0:                         # a shorter cry may lie across a decision
        onsets = [next(line['onset_s'] for line in lines if line['crying']) for lines in told]
        assert abs(onsets[0] - onsets[1]) < 0.2


def test_a_muted_beginning_with_stamps_of_0_is_no_copy(tmp_path, capsys):
    pcm = crying(8.0)
    pcm[:16_000] = 0
    bag = write_bag(tmp_path / 'bag', {TOPIC: (START_NS, pcm)}, stamped=lambda ns: 0)
    assert main(['listen', '--json', str(bag)]) == 0
    times = [json.loads(line)['time_s'] for line in capsys.readouterr().out.splitlines()]
    assert 7.8 < times[-1] < 8.2


def test_stamps_with_jitter_of_a_short_bag_are_no_other_rate(tmp_path, capsys):
    random = np.random.default_rng(3)
    for number in range(12):
        bag = write_bag(tmp_path / str(number), {
            TOPIC: (START_NS, crying(random.uniform(0.3, 2.0)))}, block_size=1280,
            stamped=lambda ns: ns + int(random.uniform(0.0, 3.5e7)))
        assert main(['listen', str(bag)]) == 0
        assert 'error' not in capsys.readouterr().err
