# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The policy carried out: soothing that helps, that does not, that makes it worse, and alerts."""

from dataclasses import replace
import math

from baby_cry_detector.care.policy.engine import PolicyEngine
from baby_cry_detector.care.policy.policy import (Alerts, CribPolicy, DEFAULT, Policy, RockStep,
                                                  Row, Soothing, SoundStep, Step)
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import (BASIS_BOTH, BASIS_CONTEXT, BASIS_NONE, BASIS_SOUND,
                                     CONFIRMATION_CONFIRMED, CONFIRMATION_NONE,
                                     CONFIRMATION_PENDING, CONFIRMATION_REFUSED, Need,
                                     STATUS_DISABLED, STATUS_NO_AUDIO, STATUS_OK,
                                     STATUS_UNTRUSTED_AUDIO)
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

NS = 1_000_000_000
PERIOD_NS = NS // 5
STEPS = (Step(5.0), Step(25.0, sound=SoundStep('shush', 45.0)),
         Step(240.0, RockStep(0.5, 20.0), SoundStep('shush', 45.0)))
ROWS = {DEFAULT: {'mild': Row(60.0, 'low', STEPS), 'moderate': Row(30.0, 'medium', STEPS),
                  'strong': Row(0.0, 'high', ())},
        'hungry': {'mild': Row(0.0, 'medium', ())}}
POLICY = Policy(CribPolicy(rows=ROWS))


class Stream:
    """Says what `cry_need` would, five times a second, and keeps the plans."""

    def __init__(self, policy=POLICY, quiet_s=10.0):
        self.engine = PolicyEngine(policy, 'crib')
        self.now_ns = 1_000 * NS
        self.episode = 0
        self.onset_ns = 0
        self.plans = []
        if quiet_s:
            self.quiet(quiet_s)

    def _say(self, seconds, **what):
        plan = None
        for _ in range(round(seconds * NS / PERIOD_NS)):
            self.now_ns += PERIOD_NS
            plan = self.engine.observe(CryState(self.now_ns, 'crib', **what))
            self.plans.append(plan)
        return plan

    def quiet(self, seconds, status=STATUS_OK):
        self.onset_ns = 0
        return self._say(seconds, status=status, episode_id=f'e{self.episode}')

    def cry(self, seconds, intensity=0.3, need=Need.UNKNOWN, confidence=0.9, basis=BASIS_NONE):
        if not self.onset_ns:
            self.episode += 1
            self.onset_ns = self.now_ns
        return self._say(seconds, crying=True, need=need, confidence=confidence, need_basis=basis,
                         intensity=intensity, episode_id=f'e{self.episode}',
                         onset_ns=self.onset_ns)

    def ended(self):
        return [effect for plan in self.plans for effect in plan.ended]


@pytest.mark.parametrize('wanted, basis, counts', [
    ('any', BASIS_NONE, True), ('any', BASIS_SOUND, True), ('context', BASIS_CONTEXT, True),
    ('context', BASIS_BOTH, True), ('context', BASIS_SOUND, False), ('sound', BASIS_SOUND, True),
    ('context', BASIS_NONE, False), ('both', BASIS_CONTEXT, False), ('both', BASIS_BOTH, True)])
def test_a_need_counts_if_it_rests_on_what_the_policy_asks_for(wanted, basis, counts):
    """Fed twenty minutes ago and crying: wind, by its diary. Don't rock, call."""
    call = Row(0.0, 'medium', ())
    rows = {**ROWS, 'burping': {'mild': call, 'moderate': call}}
    stream = Stream(Policy(CribPolicy(rows=rows, need_basis=wanted)))
    plan = stream.cry(12.0, intensity=0.5, need=Need.BURPING, basis=basis)
    assert (plan.rock is None and plan.alert is not None) == counts


def test_steps_come_in_their_order_and_stay_one_action():
    stream = Stream()
    assert stream.cry(4.0).sound is None
    first = stream.cry(10.0).sound
    assert (first.sound, first.level_dba, first.episode_id) == ('shush', 45.0, 'e1')
    assert stream.cry(10.0).rock is None
    plan = stream.cry(10.0)
    assert (plan.rock.frequency_hz, plan.rock.amplitude_mm) == (0.5, 20.0)
    assert plan.sound == first and plan.rock.action_id != first.action_id
    assert not stream.ended()


def test_what_helps_goes_on_for_a_while_and_its_effect_is_measured():
    stream = Stream()
    stream.cry(40.0)
    assert stream.quiet(29.0).rock is not None
    plan = stream.quiet(3.0)
    assert plan.rock is None and plan.sound is None
    effects = {effect.action: effect for effect in stream.ended()}
    rock = effects['rock']
    assert rock.why == 'it is quiet'
    assert rock.cry_share_before == pytest.approx(1.0, abs=0.02)
    assert rock.intensity_before == pytest.approx(0.3, abs=0.01)
    # 10 s of crying and 30 s of quiet under rocking.
    assert rock.cry_share_after == pytest.approx(0.25, abs=0.02)
    assert rock.intensity_after == pytest.approx(0.075, abs=0.01)
    assert (rock.until_ns - rock.since_ns) / NS == pytest.approx(40.2, abs=0.5)


def test_no_improvement_stops_and_alerts_and_is_not_tried_again():
    policy = Policy(CribPolicy(rows={DEFAULT: {
        level: Row(120.0, 'low', STEPS) for level in ('mild', 'moderate', 'strong')}}))
    stream = Stream(policy)
    plan = stream.cry(5.0 + 74.0)
    assert plan.rock is not None and plan.alert is None
    plan = stream.cry(3.0)
    assert plan.rock is None and plan.sound is None
    assert plan.alert.priority == 'medium'            # failed_priority is louder than low
    assert 'no improvement in 75 s' in plan.alert.reason
    assert all('no improvement' in effect.why for effect in stream.ended())
    assert not stream.cry(300.0).rock
    stream.quiet(10.0)
    plan = stream.cry(60.0)                           # another episode of the same bout
    assert plan.sound is None and plan.alert.episode_id == 'e2'
    stream.quiet(121.0)
    assert stream.cry(20.0).sound is not None


def test_an_improvement_is_not_stopped():
    stream = Stream()
    stream.cry(15.0, intensity=0.44)
    assert stream.cry(100.0, intensity=0.2).rock is not None
    assert not stream.ended()


def test_getting_worse_stops_long_before():
    stream = Stream()
    stream.cry(20.0, intensity=0.1)
    assert stream.cry(15.0, intensity=0.4).sound is not None
    plan = stream.cry(4.0, intensity=0.4)
    assert plan.sound is None and 'cries harder' in plan.alert.reason
    # What rises only for a moment is not worse.
    stream = Stream()
    stream.cry(20.0, intensity=0.1)
    for _ in range(4):
        stream.cry(8.0, intensity=0.4)
        assert stream.cry(6.0, intensity=0.1).sound is not None


def test_strong_crying_and_a_sure_need_alert_at_once_without_soothing():
    stream = Stream()
    plan = stream.cry(3.0, intensity=0.9)
    assert plan.alert.priority == 'high' and plan.sound is None and plan.level == 'strong'
    stream = Stream()
    assert stream.cry(0.2, need=Need.HUNGRY).alert.priority == 'medium'
    stream = Stream()
    plan = stream.cry(10.0, need=Need.HUNGRY, confidence=0.3)
    assert plan.alert is None and plan.need == 'unknown' and plan.sound is not None


def test_the_level_rises_within_a_bout_and_ends_soothing():
    stream = Stream()
    assert stream.cry(20.0).sound is not None
    plan = stream.cry(6.0, intensity=0.8)
    assert plan.sound is None and plan.alert.priority == 'high'
    assert stream.cry(30.0, intensity=0.1).alert.priority == 'high'
    assert stream.quiet(1.0).alert is None


def test_soothing_never_delays_an_alert():
    plain, soothed = (Stream(Policy(replace(POLICY.common, soothing=Soothing(enabled=enabled))))
                      for enabled in (False, True))
    for stream in (plain, soothed):
        stream.cry(61.0)
    assert soothed.plans[-1].sound and not plain.plans[-1].sound
    assert ([bool(plan.alert) for plan in plain.plans]
            == [bool(plan.alert) for plan in soothed.plans])
    assert soothed.plans[-1].alert


def test_crying_whose_beginning_was_not_heard_is_alerted_but_not_soothed():
    stream = Stream(quiet_s=0)
    plan = stream.cry(61.0)
    assert plan.alert is not None and not any(plan.sound or plan.rock for plan in stream.plans)


@pytest.mark.parametrize('status', [STATUS_NO_AUDIO, STATUS_DISABLED, STATUS_UNTRUSTED_AUDIO])
def test_not_hearing_stops_everything_and_soothing_does_not_come_back(status):
    stream = Stream()
    stream.cry(40.0)
    plan = stream.quiet(0.2, status)
    assert plan.rock is None and plan.sound is None and len(stream.ended()) == 2
    if status != STATUS_DISABLED:
        assert plan.alert.kind == 'no_audio' and plan.alert.episode_id == 'e1'
        assert 'was crying' in plan.alert.reason
    else:
        assert plan.alert is None
    plan = stream.cry(50.0)
    assert plan.rock is None and plan.sound is None


def test_a_crib_that_cannot_be_heard_is_alerted_after_the_delay():
    stream = Stream()
    assert stream.quiet(14.0, STATUS_NO_AUDIO).alert is None
    alert = stream.quiet(2.0, STATUS_NO_AUDIO).alert
    assert (alert.kind, alert.episode_id, alert.priority) == ('no_audio', '', 'medium')
    assert stream.quiet(5.0, STATUS_NO_AUDIO).alert == alert
    assert stream.quiet(0.2).alert is None


def test_a_clock_set_back_and_a_silent_topic_end_soothing():
    for jump_ns in (-3600 * NS, 20 * NS):
        stream = Stream()
        stream.cry(40.0)
        stream.now_ns += jump_ns
        plan = stream.cry(30.0)
        assert plan.rock is None and plan.sound is None and len(stream.ended()) == 2
        assert all(math.isfinite(effect.cry_share_after) for effect in stream.ended())


def test_stamps_slightly_out_of_order_change_nothing():
    stream = Stream()
    stream.cry(20.0)
    stream.now_ns -= NS // 2
    assert stream.cry(1.0).sound is not None and not stream.ended()


def test_giving_up_holds_for_the_bout():
    stream = Stream()
    stream.cry(40.0)
    plan = stream.engine.give_up('rock', 'a caregiver said stop')
    assert plan.rock is None and plan.sound is not None
    assert [effect.why for effect in plan.ended] == ['a caregiver said stop']
    assert stream.cry(10.0).rock is None
    stream.quiet(125.0)
    assert stream.cry(40.0).rock is not None


def test_times_of_zero_end_soothing_with_the_crying_and_forget_at_once():
    stream = Stream(Policy(replace(POLICY.common, soothing=Soothing(
        linger_s=0.0, retry_after_quiet_s=0.0))))
    assert stream.cry(40.0).rock is not None
    plan = stream.quiet(0.4)
    assert plan.rock is None and stream.plans[-2].ended == ()
    assert stream.cry(20.0).sound is not None


def test_each_crib_has_its_own_policy():
    silent = CribPolicy(soothing=Soothing(enabled=False), alerts=Alerts(limit_s=0.0), rows=ROWS)
    stream = Stream(Policy(POLICY.common, {'crib': silent}))
    assert stream.cry(1.0).alert is not None
    assert not any(plan.sound for plan in stream.plans)


PIECES = st.lists(st.tuples(
    st.sampled_from(['cry', 'quiet', 'back', 'gap', STATUS_NO_AUDIO, STATUS_DISABLED,
                     STATUS_UNTRUSTED_AUDIO]),
    st.floats(0.2, 90.0), st.floats(0.0, 1.0),
    st.sampled_from([Need.UNKNOWN, Need.HUNGRY, Need.NONE]),
), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(PIECES)
def test_whatever_is_heard(pieces):
    stream = Stream()
    twin = PolicyEngine(POLICY, 'crib')
    for what, seconds, intensity, need in pieces:
        if what == 'cry':
            stream.cry(seconds, intensity, need)
            waited_s = (stream.now_ns - stream.onset_ns) / NS
            assert waited_s < 120.0 or stream.plans[-1].alert is not None
        elif what == 'back':
            stream.now_ns -= round(seconds * NS)
        elif what == 'gap':
            stream.now_ns += round(seconds * NS)
        else:
            plan = stream.quiet(seconds, STATUS_OK if what == 'quiet' else what)
            if what != 'quiet':
                assert plan.rock is None and plan.sound is None
    failed = set()
    for plan in stream.plans:
        for order in (plan.rock, plan.sound):
            # What failed is not tried again in that episode.
            assert order is None or order.episode_id not in failed
        failed |= {effect.episode_id for effect in plan.ended
                   if 'no improvement' in effect.why or 'harder' in effect.why}
    for effect in stream.ended():
        assert effect.since_ns <= effect.until_ns
        assert not effect.cry_share_after > 1.0 and not effect.intensity_after > 1.0
    begun = {order.action_id for plan in stream.plans for order in (plan.rock, plan.sound)
             if order}
    going = {order.action_id for order in (stream.plans[-1].rock, stream.plans[-1].sound) if order}
    ended = [effect.action_id for effect in stream.ended()]
    assert len(ended) == len(set(ended)) and begun == going | set(ended)
    assert twin.observe(CryState(1)).rock is None


# --- the second listener -------------------------------------------------------------------------
STRONG = Policy(CribPolicy(alerts=Alerts(unconfirmed_after_s=20.0, limit_s=60.0), rows={
    DEFAULT: {level: Row(0.0, 'high', STEPS) for level in ('mild', 'moderate', 'strong')}}))


def cry_unconfirmed(stream, seconds, confirmation=CONFIRMATION_PENDING, new=False):
    """Cry on, or anew, with what the second listener says of it."""
    if new or not stream.onset_ns:
        stream.episode, stream.onset_ns = stream.episode + 1, stream.now_ns
    return stream._say(seconds, crying=True, confidence=0.9, intensity=0.3,
                       confirmed=confirmation == CONFIRMATION_CONFIRMED, confirmation=confirmation,
                       episode_id=f'e{stream.episode}', onset_ns=stream.onset_ns)


def test_nobody_is_woken_before_the_second_listener_has_agreed():
    stream = Stream(STRONG)
    assert cry_unconfirmed(stream, 5.0).alert is None
    alert = cry_unconfirmed(stream, 0.2, CONFIRMATION_CONFIRMED).alert
    assert alert is not None and 'second listener' not in alert.reason


@pytest.mark.parametrize('said', [CONFIRMATION_PENDING, CONFIRMATION_REFUSED])
def test_unconfirmed_crying_is_alerted_within_the_bound(said):
    stream = Stream(STRONG)
    assert cry_unconfirmed(stream, 19.6, said).alert is None
    alert = cry_unconfirmed(stream, 1.0, said).alert
    assert alert is not None and 'has not confirmed' in alert.reason


def test_crying_now_and_then_adds_up_to_the_bound_and_false_events_do_not():
    stream = Stream(STRONG)
    for _ in range(4):
        assert cry_unconfirmed(stream, 4.0).alert is None
        stream.quiet(20.0)
    assert cry_unconfirmed(stream, 4.6).alert is not None
    calm = Stream(STRONG)
    for _ in range(6):
        assert cry_unconfirmed(calm, 4.0).alert is None
        calm.quiet(130.0)                   # longer than a bout


def test_without_a_second_listener_nobody_waits():
    assert Stream(STRONG).cry(0.4).alert is not None
    stream = Stream(STRONG)
    cry_unconfirmed(stream, 2.0)
    assert cry_unconfirmed(stream, 0.2, CONFIRMATION_NONE).alert is not None     # it failed


def test_an_alert_goes_on_when_the_same_trouble_is_not_confirmed_again():
    stream = Stream(STRONG)
    first = cry_unconfirmed(stream, 1.0, CONFIRMATION_CONFIRMED).alert
    again = cry_unconfirmed(stream, 1.0).alert
    assert first is not None and again is not None and again.since_ns == first.since_ns


def test_a_bound_of_nothing_alerts_at_once_and_none_is_beyond_the_limit():
    at_once = replace(STRONG.common, alerts=replace(STRONG.common.alerts,
                                                    unconfirmed_after_s=0.0))
    assert cry_unconfirmed(Stream(Policy(at_once)), 0.4).alert is not None
    far = replace(STRONG.common, alerts=replace(STRONG.common.alerts, unconfirmed_after_s=600.0))
    stream = Stream(Policy(far))
    assert cry_unconfirmed(stream, 59.0).alert is None
    assert cry_unconfirmed(stream, 1.6).alert is not None


def test_soothing_may_begin_before_unless_the_policy_says_not():
    assert cry_unconfirmed(Stream(STRONG), 6.0).sound is not None
    waits = Policy(replace(STRONG.common, soothing=Soothing(unconfirmed=False)))
    stream = Stream(waits)
    assert cry_unconfirmed(stream, 12.0).sound is None
    assert cry_unconfirmed(stream, 6.0, CONFIRMATION_CONFIRMED).sound is not None
    assert Stream(waits).cry(6.0).sound is not None          # there is no second listener
