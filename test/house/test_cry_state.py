# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One model of `CryNeed`, one converter each way, and one answer to what can't be true."""

from dataclasses import fields, replace
import importlib
import math
from pathlib import Path
import pkgutil
import re

from baby_cry_detector.cry_state import CryState, MOST_LABELS
from baby_cry_detector.needs import (Need, STATUS_DISABLED, STATUS_NAMES, STATUS_NO_AUDIO,
                                     STATUS_OK, STATUS_UNTRUSTED_AUDIO)
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

MESSAGE = Path(__file__).resolve().parents[2] / 'msg' / 'CryNeed.msg'
FIELD = re.compile(r'^(?P<type>[\w/]+(\[\])?) (?P<name>[a-z_]+)$', re.M)
# What a state calls otherwise than the message, with the message's name.
OTHERWISE = {'stamp_ns': 'header', 'crib_id': 'header', 'onset_ns': 'onset',
             'duration_ns': 'duration'}
FULL = CryState(
    1_700_000_000_123_456_789, 'nursery', STATUS_OK, '', True, True, 0.75, Need.PAIN, 0.625,
    ('not_cry', 'belly_pain'), (0.25, 0.75), 0.5, 'nursery-1', 3, 1_700_000_000_000_000_001,
    123_456_789, 2, 7, 9, 4, 'fed three hours ago')

numbers = st.one_of(st.integers(-300, 300), st.integers(-2**70, 2**70))
floats = st.floats(allow_nan=True, allow_infinity=True)


def test_the_model_has_every_field_of_the_message_and_no_other():
    said = {match['name'] for match in FIELD.finditer(MESSAGE.read_text())}
    modelled = {OTHERWISE.get(field.name, field.name) for field in fields(CryState)}
    assert modelled == said


@settings(max_examples=200, deadline=None)
@given(status=numbers, need=numbers, basis=numbers, crying=st.booleans(), share=floats,
       other=floats, labels=st.lists(st.text(), max_size=100),
       probabilities=st.lists(floats, max_size=100), name=st.text(max_size=5),
       onset_ns=numbers, duration_ns=numbers)
def test_nothing_hostile_is_left(status, need, basis, crying, share, other, labels, probabilities,
                                 name, onset_ns, duration_ns):
    state = CryState(
        status=status, need=need, need_basis=basis, crying=crying, confirmed=crying,
        cry_probability=share, confidence=other, intensity=other, labels=tuple(labels),
        probabilities=tuple(probabilities), episode_id=name, onset_ns=onset_ns,
        duration_ns=duration_ns).cleaned()
    assert state.status_name in STATUS_NAMES and state.need_name and 0 <= state.need_basis <= 3
    assert not state.crying or state.is_heard
    assert not state.confirmed or state.crying
    assert bool(state.why_not_heard) != state.is_heard
    for value in (state.cry_probability, state.confidence, state.intensity, *state.probabilities):
        assert 0.0 <= value <= 1.0
    assert len(state.labels) == len(state.probabilities) <= MOST_LABELS
    assert state.duration_ns >= 0
    assert state.cleaned() == state


def test_what_is_true_stays_as_it_is():
    assert FULL.cleaned() == FULL


def test_crying_without_a_name_gets_that_of_its_onset():
    unnamed = replace(FULL, episode_id='')
    assert unnamed.cleaned().episode_id == 'nursery-20231114T221320.000000001Z'
    assert replace(unnamed, onset_ns=0).cleaned().episode_id == ''
    assert replace(unnamed, crying=False).cleaned().episode_id == ''


@pytest.mark.parametrize('status, reason, says', [
    (STATUS_OK, '', ''), (STATUS_NO_AUDIO, '', 'no audio arrives'),
    (STATUS_UNTRUSTED_AUDIO, 'muted for 40 s', 'the audio cannot be trusted: muted for 40 s')])
def test_why_it_is_not_heard_is_a_sentence(status, reason, says):
    assert CryState(status=status, status_reason=reason).why_not_heard == says


def test_the_message_and_the_model_say_the_same():
    messages = pytest.importorskip('baby_cry_detector.ros.base.messages', reason='needs ROS')
    assert messages.cry_state(messages.need_message(FULL)) == FULL
    for status in (STATUS_NO_AUDIO, STATUS_DISABLED, STATUS_UNTRUSTED_AUDIO):
        state = replace(FULL, status=status, status_reason='why')
        message = messages.need_message(state)
        assert not message.crying and not message.confirmed and message.status_reason == 'why'
        assert messages.cry_state(message) == replace(state, crying=False, confirmed=False)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), floats.map(lambda x: math.nan if x != x else x))
def test_a_hostile_message_is_read(status, need, share):
    messages = pytest.importorskip('baby_cry_detector.ros.base.messages', reason='needs ROS')
    from baby_cry_detector.msg import CryNeed
    message = CryNeed(status=status, need=need, crying=True, labels=['a', 'b'])
    message.header.stamp.nanosec = 2**32 - 1
    message.duration.sec = -2**31
    share = share if abs(share) < 3e38 else math.copysign(math.inf, share)
    message.intensity = message.confidence = message.cry_probability = share
    state = messages.cry_state(message)
    assert messages.cry_state(messages.need_message(state)).need == state.need
    assert state.labels == () and state.duration_ns == 0


def test_every_module_of_the_shell_can_be_imported():
    pytest.importorskip('rclpy', reason='needs ROS')
    import baby_cry_detector.ros as shell
    for module in pkgutil.walk_packages(shell.__path__, 'baby_cry_detector.ros.'):
        if not module.name.endswith('launching'):      # needs ros2 launch
            importlib.import_module(module.name)
