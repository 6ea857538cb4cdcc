# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A channel: delivered in order, retried, bounded, never in the way of another alert."""

import time

from alert_channels import Collecting, fast, said
from alert_receivers import wait_for
from baby_cry_detector.care.alerts.channels.channel import Refused, Sender, Undelivered
from baby_cry_detector.needs import END, HEARTBEAT, ONGOING, START
import pytest

NS = 1_000_000_000


def test_what_fails_is_tried_again_in_order():
    sender = Collecting([Undelivered('away'), OSError('cable'), None, RuntimeError('odd')])
    channel = fast(sender)
    words = [said(START), said(END, sequence=2), said(START, 2), said(END, 2, 2)]
    for word in words:
        channel.offer(word)
    assert wait_for(lambda: channel.state().delivered == 4)
    assert sender.sent == words and channel.state().well and not channel.state().lost
    assert channel.close() and sender.closed


def test_what_is_refused_is_given_up_and_does_not_block_the_rest():
    sender = Collecting([Refused('404')] * 3)
    channel = fast(sender)
    channel.offer(said(START))
    channel.offer(said(END, sequence=2))
    assert wait_for(lambda: channel.state().delivered == 1)
    assert [word.state for word in sender.sent] == [END] and channel.state().lost == 1
    channel.close()


def test_offering_never_waits_and_the_queue_is_bounded():
    sender = Collecting()
    sender.hold.clear()
    channel = fast(sender, most_waiting=50)
    begin_s = time.monotonic()
    for number in range(500):
        channel.offer(said(START, number))
        for sequence in range(2, 6):
            channel.offer(said(ONGOING, number, sequence))
    assert time.monotonic() - begin_s < 10.0
    state = channel.state()
    assert state.waiting == 50 and state.lost > 0
    sender.hold.set()
    assert wait_for(lambda: not channel.state().waiting)
    assert sender.sent[-1].sequence == 5 and sender.sent[-1].alert_id == 'a499'
    channel.close()


def test_only_the_newest_of_what_goes_on_waits():
    sender = Collecting()
    sender.hold.clear()
    channel = fast(sender)
    channel.offer(said(START))
    assert wait_for(lambda: channel.state().waiting == 1)
    for sequence in range(2, 30):
        channel.offer(said(ONGOING, 1, sequence))
    channel.offer(said(END, 1, 30))
    assert channel.state().waiting == 3
    sender.hold.set()
    assert wait_for(lambda: len(sender.sent) == 3)
    assert [word.sequence for word in sender.sent] == [1, 29, 30]
    channel.close()


def test_closing_delivers_what_it_can_in_bounded_time():
    sender = Collecting([Undelivered('away')] * 10_000)
    channel = fast(sender)
    channel.offer(said(START))
    assert not channel.close(timeout_s=0.3) and sender.closed


def test_quiet_words_go_to_nobody_but_an_end_does():
    sender = Collecting()
    channel = fast(sender)
    for word in (said(ONGOING, loud=False), said(HEARTBEAT, loud=False), said(END, loud=False)):
        channel.offer(word)
    assert wait_for(lambda: sender.sent)
    assert [word.state for word in sender.sent] == [END]
    assert wait_for(lambda: sender.idled)
    channel.close()


class Choosy(Sender):
    """A sender that fails with one alert's words, whatever else it takes."""

    name = 'choosy'

    def __init__(self, failure):
        self.failure, self.sent, self.tries = failure, [], 0

    def send(self, word, late_s):
        if word.alert_id == 'a1':
            self.tries += 1
            raise self.failure
        self.sent.append(word)


@pytest.mark.parametrize('failure', [
    Refused('404'), Undelivered('answers 500', answered=True), RuntimeError('odd'),
    KeyError('library'), RecursionError()])
def test_one_bad_alert_holds_up_no_other_and_is_given_up(failure):
    sender = Choosy(failure)
    channel = fast(sender)
    bad = [said(START), said(END, sequence=2)]
    good = [said(state, number, state) for number in range(2, 6) for state in (START, END)]
    for word in bad + good:
        channel.offer(word)
    assert wait_for(lambda: channel.state().delivered == 8) and sender.sent == good
    for number in range(10, 16):          # others get through: it is this one that is not wanted
        channel.offer(said(START, number))
        assert wait_for(lambda: sender.sent[-1].alert_id == f'a{number}')
        if wait_for(lambda: channel.state().lost == 2, timeout_s=2.0):
            break
    state = channel.state()
    assert state.lost == 2 and sender.tries <= 40
    assert 'of a1: ' in state.lost_why
    assert channel.close()


def test_a_service_that_is_ill_for_everybody_loses_nothing():
    class Ill(Collecting):

        tries = 0

        def send(self, word, late_s):
            self.tries += 1
            if not self.failures:
                raise Undelivered('answers 503', answered=True)
            self.sent.append(word)

    sender = Ill()
    channel = fast(sender)
    words = [said(state, number, state) for number in range(4) for state in (START, END)]
    for word in words:
        channel.offer(word)
    assert wait_for(lambda: sender.tries >= 20)
    assert channel.state().lost == 0 and channel.state().waiting == 8
    sender.failures = ['well']
    assert wait_for(lambda: channel.state().delivered == 8)
    for number in range(4):       # the order within each alert
        assert [word.state for word in sender.sent if word.alert_id == f'a{number}'] == [
            START, END]
    channel.close()


def test_what_waits_for_too_long_is_given_up_and_said():
    sender = Collecting([Undelivered('away')] * 10_000)
    sender.oldest_s = 0.4
    channel = fast(sender)
    channel.offer(said(START))
    assert wait_for(lambda: channel.state().lost == 1 and not channel.state().waiting)
    assert channel.state().lost_why == 'start of a1: nobody took it in time (away)'
    channel.close(0.1)


def test_a_sender_that_hangs_is_told(monkeypatch):
    monkeypatch.setattr('baby_cry_detector.care.alerts.channels.channel.HANGING_S', 0.1)
    sender = Collecting()
    sender.hold.clear()
    channel = fast(sender)
    channel.offer(said(START))
    assert wait_for(lambda: 'hangs for' in channel.state().message)
    assert not channel.state().well
    sender.hold.set()
    assert wait_for(lambda: channel.state().well)
    channel.close()
