# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A policy file: read, refused with its line, and the shipped one."""

from pathlib import Path
import time

from baby_cry_detector.care.policy.policy import (Alerts, CribPolicy, LEVELS, NEEDS, PolicyError,
                                                  RockStep, Row, Soothing, SoundStep, Step)
from baby_cry_detector.care.policy.policy_file import read_policy
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

SHIPPED = Path(__file__).resolve().parents[3] / 'config' / 'policy.yaml'
LEAST = """version: 1
needs:
  default:
    mild: {alert_after_s: 60, priority: low}
    moderate: {alert_after_s: 30, priority: medium}
    strong: {alert_after_s: 0, priority: high}
"""


def refused(text):
    """Return the lines of the refusal."""
    with pytest.raises(PolicyError) as error:
        read_policy(text, 'my.yaml')
    return str(error.value).splitlines()


def test_the_shipped_policy_spells_out_the_defaults():
    policy = read_policy(SHIPPED.read_text(), 'policy.yaml').common
    plain = CribPolicy()
    assert (policy.alerts, policy.soothing) == (Alerts(), Soothing())
    assert (policy.moderate_from, policy.strong_from, policy.min_confidence) == (
        plain.moderate_from, plain.strong_from, plain.min_confidence)
    for need in NEEDS:
        for level in LEVELS:
            assert policy.row(need, level).alert_after_s <= policy.alerts.limit_s
    assert not policy.row('unknown', 'strong').steps
    assert policy.row('unknown', 'mild').steps[-1].rock is not None


def test_what_a_need_does_not_say_is_as_by_default():
    policy = read_policy(LEAST + '  tired:\n    mild: {alert_after_s: 9, priority: high, soothe: ['
                         '{for_s: 10, rock: {frequency_hz: 0.4}, sound: {name: ~/a.wav}}]}\n')
    row = policy.common.row('tired', 'mild')
    assert row == Row(9.0, 'high', (Step(10.0, RockStep(0.4, 30.0), SoundStep('~/a.wav', 45.0)),))
    assert policy.common.row('tired', 'strong') == policy.common.row('unknown', 'strong')


def test_a_crib_overrides_and_keeps_the_rest():
    policy = read_policy(LEAST + """cribs:
  nursery:
    soothing: {enabled: false}
    alerts: {limit_s: 61}
    needs: {default: {mild: {alert_after_s: 61, priority: high}}}
""")
    own, common = policy.for_crib('nursery'), policy.for_crib('another')
    assert not own.soothing.enabled and common.soothing.enabled
    assert own.soothing.linger_s == common.soothing.linger_s
    assert own.row('unknown', 'mild').priority == 'high'
    assert own.row('unknown', 'strong') == common.row('unknown', 'strong')
    assert common.alerts.limit_s == 120.0


@pytest.mark.parametrize('line, sentence', [
    ('alerts: {repaet_s: 5}', "unknown key 'repaet_s': did you mean 'repeat_s'?"),
    ('alerts: {limit_s: 601}', 'limit_s: 601 s is not allowed; expected 0 to 600 s'),
    ('alerts: {limit_s: soon}', "expected a number from 0 to 600 s, got 'soon'"),
    ('alerts: {limit_s: .nan}', 'expected a number'),
    ('alerts: {limit_s: true}', 'expected a number'),
    ('alerts: {failed_priority: hihg}', "did you mean 'high'?"),
    ('soothing: {no_improvement_s: 600}', 'expected 60 to 90 s'),
    ('soothing: {enabled: 3}', 'expected true or false'),
    ('soothing: 5', 'expected a mapping'),
    ('soothing: {linger_s: 500}', 'is above retry_after_quiet_s'),
    ('levels: {moderate_from: 0.9}', 'is above strong_from'),
    ('min_confidence: 7', 'expected 0 to 1'),
    ('need_basis: hearsay', 'need_basis'), ('need_basis: [context]', 'need_basis'),
    ('bother: 1', "unknown key 'bother'"),
    ('cribs: {a: {needs: {hungri: {}}}}', "unknown need 'hungri': did you mean 'hungry'?"),
    ('cribs: {a: {needs: {tired: {mid: {}}}}}', "unknown level 'mid': did you mean 'mild'?"),
    ('cribs: {a: {alerts: {limit_s: 5}}}', 'is above alerts: limit_s (5 s)'),
    ('alerts: {limit_s: 5, limit_s: 6}', "'limit_s' stands here twice"),
])
def test_an_error_names_the_line_and_what_was_expected(line, sentence):
    said = refused(LEAST + line)
    assert any(one.startswith('my.yaml:7: ') and sentence in one for one in said), said


@pytest.mark.parametrize('step, sentence', [
    ('{for_s: 5, rock: {amplitude_mm: 500}}', '500 mm is not allowed; expected 1 to 60 mm'),
    ('{for_s: 5, rock: {amplitude_mm: 60, frequency_hz: 0.7}}', '1.16 m/s²; expected at most 0.7'),
    ('{for_s: 5, rock: {frequency_hz: 2}}', 'expected 0.3 to 0.7 Hz'),
    ('{for_s: 5, sound: {level_dba: 90}}', 'expected 20 to 60 dB(A) at the ear'),
    ('{for_s: 5, sound: {name: lulaby}}', "did you mean 'lullaby'?"),
    ('{for_s: 5, sond: {}}', "did you mean 'sound'?"),
    ('{rock: {}}', 'must say for_s'),
    ('{for_s: -1}', 'expected 0 to 1800 s'),
])
def test_an_absurd_step_is_refused(step, sentence):
    said = refused(LEAST + '  tired:\n    mild: {alert_after_s: 0, priority: low, soothe: ['
                   + step + ']}\n')
    assert any(one.startswith('my.yaml:8: ') and sentence in one for one in said), said


def test_everything_that_is_wrong_is_told_at_once_in_order():
    said = refused(LEAST.replace('version: 1', 'version: 2').replace('low', 'lo')
                   + 'alerts: {limit_s: 601, x: 1}')
    assert [one.split(':')[1] for one in said] == ['1', '4', '7', '7']


@pytest.mark.parametrize('text', ['', '[', 'version: 1', '- 1', 'a: b: c', '\t', 'version: [1]',
                                  '? [a]\n: b', LEAST + 'needs: {}', '&a {needs: *a}'])
def test_what_is_no_policy_is_refused_with_a_line(text):
    assert all(one.startswith('my.yaml:') for one in refused(text))


PRIVATE = ('api_key: hunter2\ndatabases: {main: geheim-host}\n', 'version: 1\nhunter2: geheim\n',
           'hunter2\n', '- hunter2\n', 'a: *geheim\n', '"hunter2\n', '%geheim\n---\n', '!geheim x',
           '-----BEGIN PRIVATE KEY-----\nhunter2geheim\n', 'needs: {hunter2: geheim}\n',
           'a: &hunter2 1\nb: &hunter2 2\nc: @geheim', 'hunter2 = geheim\n\t[x]\n: :')


@pytest.mark.parametrize('text', PRIVATE)
def test_nothing_of_another_programs_file_is_repeated(text):
    said = refused(text)
    assert len(said) == 1 and said[0].startswith('my.yaml:')
    assert 'hunter2' not in said[0] and 'geheim' not in said[0]


def aliases(levels=30, width=9):
    """Return a page that stands for width ** levels values."""
    lines = ['a0: &a0 {for_s: 1}']
    lines += [f'a{n}: &a{n} [{", ".join([f"*a{n - 1}"] * width)}]' for n in range(1, levels)]
    return '\n'.join(lines)


@pytest.mark.parametrize('text', [
    LEAST + aliases(), LEAST + 'cribs: ' + '[' * 50_000, LEAST + 'cribs: ' + '{a: ' * 5_000,
    LEAST + 'cribs:\n' + ''.join(f'{" " * n}- a:\n' for n in range(1, 400)), '- ' * 5_000,
    LEAST + 'cribs: {a: &x {needs: *x}}', 'x' * 10_000_000, '# y\n' * 200_000,
    LEAST + 'cribs: [' + 'a,' * 100_000 + ']', '!' * 10_000, '? ' * 5_000, '&' + 'a' * 9_000,
    LEAST + 'cribs: {' + ', '.join(f'c{n}: {{}}' for n in range(20_000)) + '}'])
def test_a_monstrous_file_is_refused_in_one_short_sentence_and_soon(text):
    begin_s = time.process_time()
    said = refused(text)
    assert len(said) == 1 and len(said[0]) < 200 and time.process_time() - begin_s < 2.0


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30), st.integers(0, len(LEAST)))
def test_damaged_files_are_refused_or_read_but_nothing_else(junk, place):
    try:
        read_policy(LEAST[:place] + junk + LEAST[place:])
    except PolicyError as error:
        assert str(error).startswith('policy:')
