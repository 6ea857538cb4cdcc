# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Names: readable, safe, and never one for two things."""

import re
import unicodedata

from baby_cry_detector.audio.devices.device_process import as_text
from baby_cry_detector.names import distinct_names, safe_name
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

SAFE = re.compile(r'[A-Za-z0-9][A-Za-z0-9_-]*')
TEXTS = st.text(st.characters(), max_size=120) | st.from_regex(r'[a-z0-9_-]{1,30}', fullmatch=True)


@pytest.mark.parametrize('text', ['crib', 'north_crib', 'crib-2', '0', 'a_b-c'])
def test_what_is_a_name_already_stays(text):
    assert safe_name(text) == text


@pytest.mark.parametrize('first, second', [
    ('宝宝', '房间'), ('Anna', 'anna'), ('a b', 'a_b'), ('a/b', 'a.b'), ('a', 'a '), ('', ' '),
    ('caf\u00e9', 'cafe\u0301'), ('ß', 'ss'), ('a' * 200, 'a' * 201), ('\udc80', '\udc81'),
    ('-', '_'), ('..', '.'), ('crib\n', 'crib'), ('Ａnna', 'Anna')])
def test_two_things_never_get_one_name(first, second):
    assert safe_name(first).casefold() != safe_name(second).casefold()


@pytest.mark.parametrize('given, shown', [
    ('USB 宝宝 %s [red]', 'USB 宝宝 %s [red]'), (b'B\xe9b\xe9', r'B\xe9b\xe9'), ('\ud83d', r'\ud83d'),
    ('a\x1b[31mred', r'a\x1b[31mred'), (b'mic\r\n', r'mic\r\n'), ('\u202ecim', r'\u202ecim')])
def test_the_name_of_a_device_commands_no_terminal(given, shown):
    assert as_text(given) == shown


def test_a_name_that_looks_made_is_made_anew():
    made = safe_name('宝宝', nothing='crib')
    assert re.fullmatch('crib-[0-9a-f]{12}', made)
    assert safe_name(made) != made


def test_what_can_be_read_is_kept():
    assert safe_name("Anna's crib").startswith('Anna_s_crib-')
    assert safe_name('Kinderzimmer süd').startswith('Kinderzimmer_sud-')
    assert safe_name('crib.12', also='.') == 'crib.12'


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_the_rule_is_injective_and_safe(first, second):
    names = safe_name(first), safe_name(second)
    for name in names:
        assert SAFE.fullmatch(name) and len(name) <= 80
    assert (names[0].casefold() == names[1].casefold()) == (first == second)


@pytest.mark.parametrize('paths, names', [
    (['a.wav'], ['a']), (['x/a.wav', 'x/b.wav'], ['a', 'b']),
    (['mon/rec.wav', 'tue/rec.wav', 'c.wav'], ['mon.rec', 'tue.rec', 'c']),
    (['rec.wav', 'rec.flac'], ['rec.wav', 'rec.flac']),
    (['mon/rec.wav', 'tue/rec.wav', 'mon.rec.wav'], ['mon.rec.wav', 'tue.rec', 'mon.rec.wav']),
    (['Rec.wav', 'x/rec.wav'], None), (['1/2/rec.wav', '3/2/rec.wav'], ['1.2.rec', '3.2.rec'])])
def test_recordings_get_the_shortest_names_that_differ(paths, names):
    found = distinct_names(paths)
    assert len({name.casefold() for name in found}) == len(paths)
    if names and len(set(names)) == len(names):
        assert found == names


@pytest.mark.parametrize('paths', [
    ['a.wav', 'a.wav'], ['a.wav', './a.wav'], ['x/../a.wav', 'a.wav']])
def test_one_recording_twice_is_refused(paths):
    with pytest.raises(ValueError, match='given twice'):
        distinct_names(paths)


PARTS = st.text(st.characters(blacklist_characters='/\0', blacklist_categories=['Cs']),
                min_size=1, max_size=60).filter(lambda part: part not in ('.', '..'))


@settings(deadline=None)
@given(st.lists(st.lists(PARTS, min_size=1, max_size=4).map('/'.join), min_size=1, max_size=6,
                unique=True))
def test_any_recordings_get_names_that_differ_and_fit(paths):
    names = distinct_names(paths)
    folded = {unicodedata.normalize('NFC', name).casefold() for name in names}
    assert len(folded) == len(paths)
    for name in names:
        assert name and '/' not in name and len(name.encode()) <= 160
