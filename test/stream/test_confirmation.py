# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The second listener's state machine: what it is asked, when its answer counts, when it fails."""

from concurrent.futures import Future
from dataclasses import replace

from baby_cry_detector.decision.decider import CryDecision
from baby_cry_detector.model.second.confirmation import Confirmation, LATENCY_NS
from baby_cry_detector.model.second.confirmer import Pooling
from baby_cry_detector.needs import (CONFIRMATION_CONFIRMED, CONFIRMATION_NONE,
                                     CONFIRMATION_PENDING, CONFIRMATION_REFUSED)
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

NS = 1_000_000_000
START_NS = 1_700_000_000 * NS
RATE = 16000


class Scripted:
    """A confirmer that says what it is told to, and keeps what it heard."""

    hop_s, refuse_after_s, hint_margin = 0.5, 2.0, 0.5

    def __init__(self, *answers, pooled=1, n_samples=15600):
        self.n_samples = n_samples
        self.answers, self.pooled, self.heard = list(answers), pooled, []

    def threshold(self, operating_point=''):
        return {'quiet': 5.0}.get(operating_point, 1.0)

    def pooling(self):
        return Pooling(self.pooled)

    def evidence(self, samples):
        self.heard.append(samples)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Stream:
    """Audio in blocks, and decisions of a first listener that cries from 1.0 s on."""

    def __init__(self, confirmer, cries=lambda time_s: time_s >= 1.0, run=None, block=1600):
        self.machine = Confirmation(confirmer, run) if run else Confirmation(confirmer)
        self.cries, self.block = cries, block
        self.ramp = np.arange(RATE * 60, dtype=np.int64) % 30011
        self.at = 0
        self.said = []

    def run(self, duration_s, samples=True, step_s=0.01):
        for _ in range(round(duration_s * RATE / self.block)):
            start_ns = START_NS + self.at * NS // RATE
            part = self.ramp[self.at:self.at + self.block].astype(np.int16)
            self.machine.hear(start_ns, part if samples else None)
            for step in range(round(self.block / RATE / step_s)):
                time_s = self.at / RATE + (step + 1) * step_s
                crying = self.cries(time_s)
                self.said.append(self.machine.judge(CryDecision(
                    stamp_ns=START_NS + round(time_s * NS), crying=crying, confirmed=crying,
                    episode_id='one' if crying else '', changed=False)))
            self.at += self.block
        return self

    def states(self):
        """Return [(second, confirmation, confirmed)] where that changes."""
        found = []
        for one in self.said:
            state = (one.confirmation, one.confirmed)
            if not found or found[-1][1:] != state:
                found.append((round((one.stamp_ns - START_NS) / NS, 2), *state))
        return found


def test_an_episode_is_confirmed_after_its_first_window_that_agrees():
    confirmer = Scripted(-3.0, 2.0)
    stream = Stream(confirmer).run(4)
    assert stream.states() == [(0.01, CONFIRMATION_NONE, False),
                               (1.0, CONFIRMATION_PENDING, False),
                               (1.7, CONFIRMATION_CONFIRMED, True)]
    assert len(confirmer.heard) == 2               # it is not asked again
    changes = [one for one in stream.said if one.changed]
    assert [one.confirmation for one in changes] == [CONFIRMATION_PENDING,
                                                     CONFIRMATION_CONFIRMED]


def test_the_first_window_ends_where_the_episode_was_announced():
    confirmer = Scripted(2.0)
    Stream(confirmer).run(2)
    expected = np.arange(16000 - 15600, 16000) % 30011
    np.testing.assert_array_equal(confirmer.heard[0], expected)


def test_where_the_stream_has_only_begun_there_was_silence_before():
    confirmer = Scripted(2.0)
    Stream(confirmer, cries=lambda time_s: time_s >= 0.5).run(2)
    heard = confirmer.heard[0]
    assert heard.shape == (15600,) and not heard[:7600].any()
    np.testing.assert_array_equal(heard[7600:], np.arange(8000))


def test_longer_windows_end_there_too_and_are_whole():
    confirmer = Scripted(-3.0, 2.0, n_samples=31200)
    Stream(confirmer, cries=lambda time_s: time_s >= 2.5).run(4)
    for heard, end in zip(confirmer.heard, (40000, 48000)):
        np.testing.assert_array_equal(heard, np.arange(end - 31200, end) % 30011)
    confirmer = Scripted(2.0, n_samples=31200)
    Stream(confirmer).run(2)
    assert not confirmer.heard[0][:15200].any()
    np.testing.assert_array_equal(confirmer.heard[0][15200:], np.arange(16000))


@pytest.mark.parametrize('n_samples', [15600, 31200, 160000])
def test_a_window_that_waited_for_another_is_whole(n_samples):
    waiting = []

    def run(function, samples):
        waiting.append((Future(), function(samples)))
        return waiting[-1][0]
    confirmer = Scripted(-3.0, n_samples=n_samples)
    stream = Stream(confirmer, cries=lambda time_s: time_s >= 11.0, run=run).run(12.9)
    assert len(waiting) == 1
    waiting[0][0].set_result(-3.0)
    stream.run(0.1)
    np.testing.assert_array_equal(
        confirmer.heard[1], np.arange(round(11.5 * RATE) - n_samples, round(11.5 * RATE)) % 30011)


def test_what_a_longer_window_agrees_to_began_no_sooner():
    assert Hints(Scripted(2.0, n_samples=31200), 3.0).run(6).agreed[0] == \
        Hints(Scripted(2.0), 3.0).run(6).agreed[0] == (2.525, 3.5)


def test_what_does_not_agree_is_refused_and_may_still_be_confirmed():
    stream = Stream(Scripted(*[-3.0] * 7, 2.0)).run(8)
    assert [state[1:] for state in stream.states()] == [
        (CONFIRMATION_NONE, False), (CONFIRMATION_PENDING, False),
        (CONFIRMATION_REFUSED, False), (CONFIRMATION_CONFIRMED, True)]
    assert stream.states()[2][0] == 3.0            # 2 s after it began


def test_answers_are_put_together():
    said = Stream(Scripted(-3.0, 2.0, 0.5, 2.0, pooled=2)).run(6).states()
    assert said[-1] == (2.2, CONFIRMATION_CONFIRMED, True)     # the first pair above 1


def test_an_operating_point_has_its_own_threshold():
    stream = Stream(Scripted(2.0))
    stream.machine.operating_point = 'quiet'
    assert stream.run(8).states()[-1][1] == CONFIRMATION_REFUSED


@pytest.mark.parametrize('block', [160, 480, 1600, 3200])
def test_blocks_of_any_usual_size_give_the_same(block):
    assert Stream(Scripted(-3.0, -2.0, 2.0), block=block).run(4.8).states() \
        == Stream(Scripted(-3.0, -2.0, 2.0), block=1600).run(4.8).states()


def test_without_audio_an_episode_is_told_at_once_as_without_a_second_listener():
    stream = Stream(Scripted(-3.0)).run(3, samples=False)
    assert stream.states() == [(0.01, CONFIRMATION_NONE, False), (1.0, CONFIRMATION_NONE, True)]
    assert 'no audio' in stream.machine.trouble


def test_audio_that_stops_coming_ends_the_waiting():
    stream = Stream(Scripted(-3.0)).run(1.5)
    stream.run(4, samples=False)
    assert stream.states()[-1][1:] == (CONFIRMATION_NONE, True)
    assert stream.states()[-1][0] < 2.0


def test_one_that_fails_is_none_and_is_tried_again_in_the_next_episode():
    confirmer = Scripted(RuntimeError('no memory'), 2.0)
    stream = Stream(confirmer).run(2)
    assert stream.states()[-1] == (1.2, CONFIRMATION_NONE, True)
    assert 'no memory' in stream.machine.trouble
    stream.cries = lambda time_s: False
    stream.run(1)
    stream.cries = lambda time_s: True
    stream.run(1)
    assert stream.states()[-1][1] == CONFIRMATION_CONFIRMED and not stream.machine.trouble


def test_one_that_does_not_keep_up_is_none_within_seconds():
    stream = Stream(Scripted(2.0), run=lambda function, samples: Future()).run(6)
    assert stream.states()[-1][1:] == (CONFIRMATION_NONE, True)
    assert stream.states()[-1][0] <= 3.1 and 'keep up' in stream.machine.trouble


def test_a_late_answer_of_an_episode_before_is_not_taken():
    futures = []

    def run(function, samples):
        futures.append(Future())
        return futures[-1]
    stream = Stream(Scripted(2.0), run=run).run(1.2)
    stream.cries = lambda time_s: False
    stream.run(0.5)
    first = futures[0]
    stream.cries = lambda time_s: True
    stream.machine.judge(replace(stream.said[-1], crying=True, episode_id='two'))
    first.set_result(9.0)
    said = stream.machine.judge(replace(stream.said[-1], crying=True, episode_id='two'))
    assert said.confirmation == CONFIRMATION_PENDING


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(['run', 'deaf', 'jump', 'back', 'quiet', 'cry']),
                          st.floats(0.1, 3.0)), min_size=1, max_size=12))
def test_whatever_comes_nobody_waits_for_ever(steps):
    stream = Stream(Scripted(-3.0), cries=lambda time_s: True)
    for what, duration_s in steps:
        if what == 'jump':
            stream.at += round(duration_s * RATE)
        elif what == 'back':
            stream.at = max(0, stream.at - round(duration_s * RATE))
        elif what in ('quiet', 'cry'):
            stream.cries = lambda time_s, crying=what == 'cry': crying
        else:
            stream.run(duration_s, samples=what == 'run')
    for one in stream.said:
        assert one.crying or not one.confirmed
        assert one.confirmed == (one.crying and one.confirmation in (
            CONFIRMATION_NONE, CONFIRMATION_CONFIRMED))
    stream.cries = lambda time_s: True
    stream.run(5, samples=False)
    assert stream.said[-1].confirmed and LATENCY_NS < NS


class Hints(Stream):
    """A first listener that never cries of its own, but hints; episodes are begun by agreement."""

    def __init__(self, confirmer, from_s, until_s=100.0, **options):
        super().__init__(confirmer, lambda time_s: False, **options)
        self.hints, self.agreed, self.until_s = (from_s, until_s), [], 0.0

    def run(self, duration_s, samples=True, step_s=0.01):
        for _ in range(round(duration_s * RATE / self.block)):
            start_s = self.at / RATE
            start_ns = START_NS + self.at * NS // RATE
            crying = start_s < self.until_s
            agreed = self.machine.take_agreement(start_ns, crying)
            if agreed:
                self.agreed.append(tuple(round((ns - START_NS) / NS, 3) for ns in agreed))
                self.until_s = self.agreed[-1][1] + 1.5
                crying = True
            self.cries = lambda time_s, crying=crying: crying
            super().run(self.block / RATE, samples, step_s)
            end_s = self.at / RATE
            hints = self.hints[0] < end_s <= self.hints[1]
            self.machine.follow(START_NS + round(self.hints[0] * NS) if hints else None, crying,
                                START_NS + round(end_s * NS))
        return self


def test_a_hint_that_it_agrees_to_is_an_episode_confirmed_from_its_beginning():
    confirmer = Scripted(-3.0, 2.0, 2.0, -3.0)
    stream = Hints(confirmer, 1.0, 9.0).run(8)
    # Windows end at 1.5 s, 2.0 s and so on; an answer counts 0.2 s later, from the next block on.
    assert stream.agreed == [(1.025, 2.0), (1.525, 2.5)]
    assert stream.states() == [(0.01, CONFIRMATION_NONE, False),
                               (2.21, CONFIRMATION_CONFIRMED, True),
                               (4.01, CONFIRMATION_NONE, False)]
    assert not any(one.crying != one.confirmed for one in stream.said)
    assert 12 <= len(confirmer.heard) <= 14            # one a hop, as long as it hints


def test_a_hint_that_it_does_not_agree_to_is_told_nobody():
    stream = Hints(Scripted(-3.0), 0.0).run(5)
    assert not stream.agreed and not any(one.changed or one.crying for one in stream.said)


def test_a_hint_has_to_convince_it_by_more():
    assert not Hints(Scripted(1.4), 0.0).run(5).agreed       # the threshold is 1.0
    assert Hints(Scripted(1.5), 0.0).run(5).agreed


def test_without_hints_it_hears_nothing():
    confirmer = Scripted(2.0)
    Hints(confirmer, 100.0).run(5)
    assert not confirmer.heard


def test_an_episode_that_the_first_begins_itself_is_heard_from_its_beginning_as_ever():
    class Late(Scripted):

        def evidence(self, samples):
            super().evidence(samples)
            return 2.0 if samples[-1] >= 1.4 * RATE else -3.0       # the ramp says when

    def with_hints(hints):
        stream = Stream(Late(0.0, pooled=2), cries=lambda time_s: 1.2 <= time_s)
        for _ in range(40 if hints else 0):
            stream.run(0.1)
            stream.machine.follow(START_NS + NS // 10, stream.said[-1].crying,
                                  stream.said[-1].stamp_ns)
        return (stream if hints else stream.run(4)).states(), len(stream.machine.confirmer.heard)
    (alone, heard), (hinted, more) = with_hints(False), with_hints(True)
    assert alone == hinted and heard == more - 2       # of the hint at 0.6 s and 1.1 s


@pytest.mark.parametrize('what', ['fails', 'no samples', 'late'])
def test_a_second_listener_that_can_not_hear_hints_says_so_and_invents_nothing(what):
    confirmer = Scripted(RuntimeError('no memory') if what == 'fails' else 2.0)
    stream = Hints(confirmer, 0.0,
                   **({'run': lambda function, samples: Future()} if what == 'late' else {}))
    stream.run(6, samples=what != 'no samples')
    assert stream.machine.trouble and not stream.agreed
    assert not any(one.crying for one in stream.said)


def test_an_agreement_of_another_time_is_dropped():
    stream = Hints(Scripted(2.0), 0.0).run(0.7)
    assert stream.machine.take_agreement(START_NS + 3600 * NS, False) is None
    stream = Hints(Scripted(2.0), 0.0).run(0.7)
    stream.machine.forget()
    assert stream.machine.take_agreement(START_NS + stream.at * NS // RATE, False) is None


@pytest.mark.parametrize('block', [160, 1280, 3200])
def test_hints_in_blocks_of_any_usual_size_are_agreed_to_alike(block):
    def agreed(block):
        return Hints(Scripted(-3.0, -3.0, 2.0, 2.0, -3.0), 1.013, block=block).run(8).agreed
    assert agreed(block) == agreed(1600) == [(1.538, 2.513), (2.038, 3.013)]


def hinting(confirmer, seconds, what=lambda at: True, block=1600, run=None):
    """Follow a hint that never ends; ``what`` says whether a block's samples come along."""
    stream = Hints(confirmer, 0.0, block=block, **({'run': run} if run else {}))
    for _ in range(round(seconds * RATE / block)):
        stream.run(block / RATE, samples=what(stream.at / RATE))
    return stream


@pytest.mark.parametrize('what', ['samples', 'exception', 'audio lost'])
def test_nothing_that_goes_wrong_once_ends_the_listening(what):
    answers = [RuntimeError('once'), 2.0] if what == 'exception' else [2.0]
    stream = hinting(Scripted(*answers), 3, lambda at: what != 'samples' or not 1.9 < at < 2.05)
    if what == 'audio lost':
        stream.at += RATE // 2
    for _ in range(60):
        stream.run(0.1)
    assert not stream.machine.trouble
    assert stream.agreed[-1][1] > stream.at / RATE - 1.5


def test_messages_longer_than_a_hop_are_heard_by_their_newest_window():
    stream = hinting(Scripted(2.0), 12, block=16000)
    assert not stream.machine.trouble and 10 <= len(stream.machine.confirmer.heard) <= 12


def test_an_answer_that_never_comes_is_said_and_a_late_one_brings_it_back():
    futures = []

    def run(function, samples):
        futures.append(Future())
        return futures[-1]
    stream = hinting(Scripted(2.0), 4, run=run)
    assert 'keep up' in stream.machine.trouble and len(futures) == 1
    futures[0].set_result(9.0)
    stream.run(0.3)
    assert len(futures) == 2 and not stream.machine.trouble


def test_no_audio_is_no_trouble_any_more_once_it_comes():
    stream = hinting(Scripted(2.0), 4, lambda at: False)
    assert stream.machine.trouble
    stream.hints = (100.0, 100.0)
    stream.run(0.2)
    assert not stream.machine.trouble


def test_an_agreement_whose_episode_never_came_confirms_no_other():
    stream = Hints(Scripted(2.0), 0.0).run(0.7)
    assert stream.machine.take_agreement(START_NS + stream.at * NS // RATE, False)
    stream.machine.judge(replace(stream.said[-1], crying=False))
    said = stream.machine.judge(replace(stream.said[-1], crying=True, episode_id='a noise'))
    assert said.confirmation == CONFIRMATION_PENDING


def test_where_the_stream_has_only_begun_nothing_was_heard_before_it():
    assert Hints(Scripted(2.0), 0.0).run(1).agreed[0] == (0.0, 0.5)


def test_an_episode_that_waits_for_an_answer_to_a_hint_that_never_comes_says_so():
    stream = hinting(Scripted(2.0), 1, run=lambda function, samples: Future())
    stream.cries = lambda time_s: True
    Stream.run(stream, 3)
    assert stream.said[-1].confirmation == CONFIRMATION_NONE
    assert 'keep up' in stream.machine.trouble
