# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What waits for a channel outlives a process; torn lines, a full disk, a bounded file."""

import json
import os
import time

from alert_receivers import wait_for
from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.channel import Channel, Sender, Undelivered
from baby_cry_detector.care.alerts.channels.outbox import Outbox, SPARE_LINES, Waiting
from baby_cry_detector.needs import END, HEARTBEAT, ONGOING, START
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest


def word(number, state=START, text='Crying for 30 s; reason unknown.'):
    """Return a loud word about the ``number``-th alert."""
    return Said(state, 'crib', 1_790_000_000_000_000_000 + number, f'a{number}', 1, 2, text,
                f'crib-{number}', need='UNKNOWN', loud=True)


class Switched(Sender):
    """Takes words only while it is ``on``."""

    name = 'switched'

    def __init__(self, on=False):
        self.on, self.sent, self.late_s = on, [], []

    def send(self, said, late_s):
        if not self.on:
            raise Undelivered('off')
        self.sent.append(said)
        self.late_s.append(late_s)


def channel(sender, path, **kwargs):
    """Return one that retries quickly and keeps what waits."""
    return Channel(sender, first_retry_s=0.02, longest_retry_s=0.05, outbox=Outbox(path), **kwargs)


def left(path):
    """Return the words that are in the file."""
    return [waiting.said for waiting in Outbox(path).read()]


def test_what_waits_is_delivered_by_the_next_process_in_order_and_late(tmp_path):
    path = tmp_path / 'box'
    words = [word(number, state) for number in range(5) for state in (START, END)]
    before = channel(Switched(), path)
    for said in words:
        before.offer(said)
    assert left(path) == words            # at once: the process may be killed right now
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert not before.close(0.1)
    sender = Switched(on=True)
    after = channel(sender, path)
    after.offer(word(9))
    assert wait_for(lambda: after.state().delivered == 11)
    assert sender.sent == [*words, word(9)] and sender.late_s[0] > 0
    assert after.close() and left(path) == []


def test_what_was_delivered_is_not_told_again_and_heartbeats_are_not_kept(tmp_path):
    path = tmp_path / 'box'
    sender = Switched(on=True)
    sender.wants = lambda said: True
    running = channel(sender, path)
    for number in range(3):
        running.offer(word(number))
    assert wait_for(lambda: running.state().delivered == 3)
    sender.on = False
    running.offer(Said(HEARTBEAT, 'crib', 5))
    for sequence in range(20):
        running.offer(word(7, ONGOING, f'{sequence}'))
    kept = left(path)
    assert [said.text for said in kept] in (['19'], ['0', '19'])
    running.close(0.1)
    assert left(path) == kept


def test_words_of_another_day_are_let_go_and_counted(tmp_path):
    box = Outbox(tmp_path / 'box')
    now_s = time.time()
    box.replace([Waiting(1, word(1), now_s - 90_000), Waiting(2, word(2), now_s - 80_000)])
    box.close()
    sender = Switched(on=True)
    after = channel(sender, tmp_path / 'box')
    assert wait_for(lambda: sender.sent == [word(2)]) and after.state().lost == 1
    after.close()


def test_the_file_stays_small_and_the_queue_bounded(tmp_path):
    path = tmp_path / 'box'
    running = channel(Switched(), path, most_waiting=20)
    for number in range(2000):
        running.offer(word(number))
    state = running.state()
    assert state.waiting == 20 and state.lost == 1980
    assert left(path)[-1] == word(1999) and len(left(path)) == 20
    assert len(path.read_text().splitlines()) <= 2 * 20 + SPARE_LINES + 2
    running.close(0.1)


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='there is no /dev/full here')
def test_a_full_disk_is_told_and_what_waits_is_kept_once_there_is_room(tmp_path):
    path, sender = tmp_path / 'box', Switched()
    running = channel(sender, path)
    running.offer(word(1))
    running._outbox.close()
    running._outbox._file = open('/dev/full', 'ab', buffering=0)
    running._outbox.path = tmp_path / 'nowhere' / 'box'     # nor can it be written anew
    running.offer(word(2))
    running.offer(word(3))
    assert 'would forget' in running._outbox.trouble and running.state().waiting == 3
    running._outbox.path = path
    running.offer(word(4))
    assert left(path) == [word(number) for number in (1, 2, 3, 4)]
    assert not running._outbox.trouble
    sender.on = True
    assert wait_for(lambda: running.state().delivered == 4) and running.state().well
    running.close()


def test_trouble_with_the_file_ends_by_itself(tmp_path):
    folder = tmp_path / 'later'
    running = channel(Switched(on=True), folder / 'box')
    assert not running.state().well and 'would forget' in running.state().message
    folder.mkdir()
    assert wait_for(lambda: running.state().well)
    running.close()


@pytest.mark.parametrize('change', [
    {'offered_s': 10**400}, {'offered_s': 'x'}, {'number': 2**70}, {'said': None}, {'said': []},
    {'said': {'stamp_ns': 7_258_118_400 * 10**9}}, {'said': {'sequence': 10**12}},
    {'said': {'need': 'BORED'}}, {'said': {'intensity': float('nan')}},
    {'said': {'state': 0}}, {'said': {'text': 'x' * 100_000}}, {'said': {'priority': True}}])
def test_a_line_that_no_process_wrote_is_skipped(tmp_path, change):
    path = tmp_path / 'box'
    box = Outbox(path)
    box.replace([Waiting(1, word(1), 1.0), Waiting(2, word(2), 2.0)])
    box.close()
    first, second = path.read_text().splitlines()
    document = json.loads(first)
    if isinstance(change.get('said'), dict):
        change = {'said': {**document['said'], **change['said']}}
    path.write_text('[' * 60_000 + '\n' + json.dumps({**document, **change}) + '\n' + second)
    assert [said.alert_id for said in left(path)] == ['a2']


def test_a_word_from_the_future_is_delivered_and_not_late(tmp_path):
    box = Outbox(tmp_path / 'box')
    box.replace([Waiting(1, word(1), time.time() + 5.5e9)])
    box.close()
    sender = Switched(on=True)
    after = channel(sender, tmp_path / 'box')
    assert wait_for(lambda: sender.sent == [word(1)]) and sender.late_s[0] < 60
    after.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b'{"settled": 1}', b'{"settled": []}', b'[]', b'null', b'{"number": true}']),
    st.integers(0, 300))))
def test_a_torn_file_gives_what_is_whole(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp('box') / 'box'
    box = Outbox(path)
    box.replace([Waiting(1, word(1), 1.0), Waiting(2, word(2, text='é'), 2.0)])
    box.close()
    whole = path.read_bytes()
    data = b''.join(whole[:part] + b'\n' if isinstance(part, int) else part + b'\n'
                    for part in parts)
    path.write_bytes(data + whole)
    assert [said.alert_id for said in left(path)][-2:] in (['a1', 'a2'], ['a2', 'a1'])
