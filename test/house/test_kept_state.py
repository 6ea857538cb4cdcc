# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A kept file is believed only where it can be; otherwise it is set aside, whatever is in it."""

from dataclasses import asdict
import errno
import os
import subprocess
import sys

from baby_cry_detector.care.alerts.alert_words import LONGEST_NAME, Said
from baby_cry_detector.care.alerts.alerting import AlertMachine
from baby_cry_detector.care.alerts.kept_alert import MOST_UNSAID
from baby_cry_detector.care.motion.duty import DutyLog, MOST_ENTRIES
from baby_cry_detector.care.sound.dose import DAY_MINUTES, DoseLog
from baby_cry_detector.kept_state import (files_aside, HeldError, KeptState, LARGEST_BYTES,
                                          MOST_ASIDE, NotReadableError, read_document,
                                          write_document)
from baby_cry_detector.page.phones import MOST_PHONES, Phones
from baby_cry_detector.units import MINUTE_NS, SECOND_NS
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Return a file in a folder of the test's own."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    kept = KeptState('/crib/node')
    yield kept
    kept.close()


BAD = [b'', b'{', b'[]', b'3', b'null', b'\xff\xfe', b'[' * 100_000, b'{"a":' * 100_000,
       b'{"a": NaN}', b'{"a": 1e999}', b'{"a": -Infinity}', b'{"a": 7258118400000000000000}',
       b'{"a": ' + b'9' * 5000 + b'}', b'{"a": "' + b'x' * 50_000 + b'"}',
       b'{"a": [[[[[[[[[[[[[1]]]]]]]]]]]]]}', b' ' * 2_000_000]


@pytest.mark.parametrize('data', BAD, ids=range(len(BAD)))
def test_a_bad_file_is_set_aside_and_the_next_start_is_free_of_it(kept, data):
    kept.path.write_bytes(data)
    with pytest.raises(ValueError, match=r'is kept as .*\.bad$') as refused:
        kept.read()
    assert len(str(refused.value)) < 400
    assert kept.read() is None and files_aside(kept.path)[-1].read_bytes() == data
    kept.keep({'a': 1})
    assert kept.read() == {'a': 1}


def test_the_newest_bad_files_are_kept_and_what_is_removed_is_said(kept):
    said = []
    for number in range(MOST_ASIDE + 2):
        kept.path.write_text(f'bad {number}')
        with pytest.raises(ValueError) as refused:
            kept.read()
        said.append(str(refused.value))
    assert [path.read_text() for path in files_aside(kept.path)] == [
        f'bad {number}' for number in range(2, MOST_ASIDE + 2)]
    assert ['removed' in sentence for sentence in said] == [False] * MOST_ASIDE + [True] * 2
    other = kept.path.with_name('other.bad')
    other.write_text('of another file')
    assert other not in files_aside(kept.path)


def test_what_was_set_aside_by_a_clock_that_was_ahead_does_not_push_out_the_newest(kept):
    for number in range(MOST_ASIDE):
        kept.path.with_suffix(f'.2999010{number + 1}T000000000000.bad').write_text('ahead')
    kept.path.write_text('newest')
    with pytest.raises(ValueError, match='removed'):
        kept.read()
    texts = [path.read_text() for path in files_aside(kept.path)]
    assert texts == ['newest'] + ['ahead'] * (MOST_ASIDE - 1)


def test_what_can_not_be_set_aside_is_said_too(kept, monkeypatch):
    kept.path.write_text('bad')

    def refused(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, 'replace', refused)
    with pytest.raises(ValueError, match=r'can not be set aside \(Read-only'):
        kept.read()
    assert kept.path.read_text() == 'bad'


def test_two_processes_never_share_a_file(kept):
    with pytest.raises(HeldError, match='two nodes of one name'):
        KeptState('/crib/node')


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_anything_is_a_document_or_a_value_error(data):
    try:
        read_document(data)
    except ValueError as error:
        assert len(str(error)) < 100


def nested(depth):
    """Return lists in lists."""
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize('document', [
    {'a': float('nan')}, {'a': float('inf')}, {'a': 10**19}, {'a': 'x' * 50_000},
    {'a': nested(13)}, {'a': {1, 2}}, {'a': b'x'}, {'a': ['x' * 1000] * 1001},
    {'a': [(0, 'x' * 1000)] * 1001}], ids=range(9))
def test_what_could_not_be_read_again_is_not_written_and_the_old_stays(kept, document):
    kept.keep({'old': 1})
    with pytest.raises(NotReadableError, match='could not be read again') as refused:
        kept.keep(document)
    assert len(str(refused.value)) < 200 and kept.read() == {'old': 1}


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                    max_leaves=20)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_whatever_is_written_is_read_again(document):
    try:
        data = write_document(document)
    except NotReadableError:
        return
    assert read_document(data) == document


def test_the_most_that_each_node_keeps_can_be_read_again():
    now_ns = 1_790_000_000 * SECOND_NS
    duty, dose = DutyLog(1800.0), DoseLog()
    duty.restore({'clock_id': '', 'entries': [
        [now_ns + number * 1000, now_ns + number * 1000 + 500] for number in range(MOST_ENTRIES)]},
        now_ns + MINUTE_NS, '')
    for minute in range(2 * DAY_MINUTES):
        dose.add(now_ns + (minute % DAY_MINUTES - 1) * MINUTE_NS, 73.21, 59.987)
    word = Said(1, '\u2026' * LONGEST_NAME, now_ns, *['\u2026' * LONGEST_NAME, 1, 1],
                text='\u2026' * 1000)
    phones = Phones('token')
    for _ in range(MOST_PHONES + 1):
        phones.add('\u2026' * 500, now_ns / SECOND_NS)
    sizes = [len(write_document(document)) for document in (
        duty.document('x' * 36), dose.as_dict(),
        {'alerts': AlertMachine('crib').to_document(), 'unsaid': [asdict(word)] * MOST_UNSAID},
        phones.to_document())]
    assert min(sizes) > 5_000 and max(sizes) <= LARGEST_BYTES


PIPES = """
import os
from pathlib import Path
from baby_cry_detector import kept_needs, kept_voice
from baby_cry_detector.care.alerts.channels.outbox import Outbox
from baby_cry_detector.care.diary.waiting import QueueFile, Waiting
from baby_cry_detector.kept_state import KeptState, state_folder
from baby_cry_detector.page.link import kept_token
from baby_cry_detector.page.phones import PhoneFile, Phones

folder = state_folder()
folder.mkdir(parents=True)
said = []
def pipe(path, *ways):
    for way in ways:
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        try:
            way()
        except (OSError, ValueError) as error:
            said.append(str(error))
kept = KeptState('/crib/node')
pipe(kept.path, kept.read)
pipe(kept.path.with_suffix('.new'), lambda: kept.keep({'a': 1}))
assert kept.read() == {'a': 1}
outbox = Outbox(folder / 'outbox')
pipe(outbox.path, outbox.read, lambda: outbox.replace([]))
pipe(outbox.path.with_suffix('.new'), lambda: outbox.replace([]))
assert not outbox.trouble
phones = PhoneFile(folder / 'phones')
pipe(phones.path, lambda: phones.read(Phones('token')))
pipe(folder / 'phones.new', lambda: phones.keep({}))
queue = QueueFile(folder / 'queue')
pipe(queue.path, lambda: queue.load(Waiting()))
pipe(folder / 'token', lambda: kept_token(folder / 'token'))
pipe(kept_needs.settings_file('anna'), lambda: kept_needs.settings_of('anna', said.append),
     kept_needs.cribs_set)
pipe(kept_needs.settings_file('anna').with_suffix('.forgotten'),
     lambda: kept_needs.forgotten_ns('anna'), lambda: kept_needs.forget('anna', 1))
pipe(kept_voice.voice_file('anna'), lambda: list(kept_voice.sounds('anna')),
     lambda: kept_voice.erase('anna', 1))
print(len([sentence for sentence in said if 'pipe' in sentence]))
"""


def test_a_pipe_in_place_of_a_kept_file_holds_nobody_up(tmp_path):
    """To open one that nobody writes to, or reads, is to wait for ever."""
    done = subprocess.run([sys.executable, '-c', PIPES], capture_output=True, text=True,
                          timeout=120, env={**os.environ, 'XDG_STATE_HOME': str(tmp_path)})
    assert not done.returncode, done.stderr
    assert int(done.stdout) >= 4
