# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry diary`: what goes in comes out, and mistakes are one sentence."""

import csv
import io
import json
import time

from baby_cry_detector.care.diary.rows import AlertEntry, CareEntry, Curve, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.cli.main import main
from baby_cry_detector.units import SECOND_NS as NS
import pytest

ONSET_NS = 1_790_000_000 * NS


@pytest.fixture
def path(tmp_path):
    """Return a diary with one episode: rocked, alerted, taken over."""
    path = tmp_path / 'diary.sqlite'
    curve = Curve()
    for second in range(300):
        curve.add(second * NS, 0.9, 0.6)
    with DiaryStore(path) as store:
        store.write(
            [EpisodeRow('crib-a', 'crib', ONSET_NS, ONSET_NS + 300 * NS, False, 'HUNGRY', 0.8,
                        curve=curve)],
            [CareEntry('r1', ONSET_NS + NS, 'rocking', 'crib', 'started', 'r', 'rocker', 'crib-a',
                       'it cries'),
             CareEntry('r2', ONSET_NS + 90 * NS, 'rocking', 'crib', 'ended', 'r', 'rocker',
                       'crib-a', 'it does not help', cry_share_before=0.9, cry_share_after=0.4),
             CareEntry('s1', ONSET_NS + 91 * NS, 'sound', 'crib', 'refused', '', 'soother',
                       'crib-a', 'the dose of the day is used up'),
             CareEntry('k', ONSET_NS + 120 * NS, 'acknowledged', who='mum', episode_id='crib-a')],
            [AlertEntry('a', 'crib', 'crib-a', ONSET_NS + 60 * NS, 1, 2, 'Crying')])
    return path


def run(capsys, path, *arguments):
    """Run the command; return (exit code, output, errors)."""
    code = main(['diary', '--database', str(path), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_csv_has_a_line_per_episode_with_effects(capsys, path):
    code, output, _ = run(capsys, path, 'export', '--csv')
    line, = csv.DictReader(io.StringIO(output))
    assert code == 0 and line['episode_id'] == 'crib-a' and line['need'] == 'HUNGRY'
    assert line['actions'] == ('rocking: crying 90% -> 40% of the time; '
                               'sound refused (the dose of the day is used up)')
    assert (line['alerts'], line['acknowledged_by'], line['acknowledged_after_s'],
            line['duration_s']) == ('1', 'mum', '120.0', '300.0')


def test_json_has_everything(capsys, path):
    code, output, _ = run(capsys, path, 'export', '--json')
    document = json.loads(output)
    episode, = document['episodes']
    assert len(episode['curve']['points']) == 300 and len(document['events']) == 4
    assert episode['actions'][0]['ended_because'] == 'it does not help'
    assert episode['alerts'][0]['priority'] == 2
    assert episode['onset'].startswith('2026-09-2')


def test_the_newest_is_one_cribs_where_there_are_several(capsys, path):
    with DiaryStore(path) as store:
        store.write([EpisodeRow('b-1', 'b', ONSET_NS + 900 * NS, ONSET_NS + 901 * NS, False)])
    code, _, errors = run(capsys, path, 'label', 'newest', 'wind')
    assert code == 1 and 'with --crib: b, crib' in errors
    assert 'of a crib' in run(capsys, path, 'label', 'newest', 'wind', '--crib', 'c')[2]
    assert "of 'b', not of 'crib'" in run(capsys, path, 'label', 'b-1', 'wind', '--crib',
                                          'crib')[2]
    assert run(capsys, path, 'label', 'newest', 'wind', '--crib', 'crib')[0] == 0
    with DiaryStore(path) as store:
        label, = (event for event in store.events() if event['kind'] == 'labelled')
        assert (label['crib_id'], label['episode_id']) == ('crib', 'crib-a')


def test_add_and_label_and_export_of_a_time(capsys, path):
    before_ns = time.time_ns()
    assert run(capsys, path, 'add', 'fed', '--who', 'dad', '--text', '120 ml')[0] == 0
    assert run(capsys, path, 'add', 'slept', '--at', '2026-09-21T12:00:00+00:00')[0] == 0
    assert run(capsys, path, 'label', 'newest', ' wind ')[0] == 0
    with DiaryStore(path) as store:
        assert store.episodes()[0]['label'] == 'wind'
        fed, = [event for event in store.events() if event['kind'] == 'fed']
        assert fed['text'] == '120 ml' and before_ns <= fed['stamp_ns'] <= time.time_ns()
    code, output, _ = run(capsys, path, 'export', '--csv', '--events',
                          '--since', '2026-09-21T11:59:00+00:00',
                          '--until', '2026-09-21T12:01:00+00:00')
    assert [line['kind'] for line in csv.DictReader(io.StringIO(output))] == ['slept']


def test_add_makes_a_diary(capsys, tmp_path):
    assert run(capsys, tmp_path / 'new.sqlite', 'add', 'changed')[0] == 0
    code, output, _ = run(capsys, tmp_path / 'new.sqlite', 'export', '--csv', '--events')
    assert len(output.splitlines()) == 2


@pytest.mark.parametrize('arguments, says, expected', [
    (('label', 'crib-z', 'wind'), 'the newest is crib-a', 1),
    (('label', 'crib-a', ' '), 'empty', 2), (('add', 'note'), '--text', 2),
    (('add', 'fed', '--at', '2999-01-01'), 'future', 2),
    (('export', '--json', '--events'), '--events belongs to --csv', 2)])
def test_mistakes_are_one_sentence(capsys, path, arguments, says, expected):
    code, output, errors = run(capsys, path, *arguments)
    assert code == expected and says in errors and 'Traceback' not in errors and not output


def test_no_diary_and_no_time_are_named(capsys, tmp_path):
    code, _, errors = run(capsys, tmp_path / 'none.sqlite', 'export', '--csv')
    assert code == 1 and 'there is no diary' in errors
    code, _, errors = run(capsys, tmp_path / 'none.sqlite', 'add', 'fed', '--at', 'yesterday')
    assert code == 2 and 'expected 2026-11-23T04:10' in errors


def test_the_picture_is_drawn_and_an_empty_diary_is_named(capsys, path, tmp_path):
    pytest.importorskip('matplotlib', reason='the picture needs matplotlib')
    picture = tmp_path / 'F.png'
    assert run(capsys, path, 'plot', '--out', str(picture))[0] == 0
    assert picture.read_bytes().startswith(b'\x89PNG') and picture.stat().st_size > 20_000
    empty = tmp_path / 'other.png'
    assert run(capsys, path, 'plot', '--out', str(empty), '--day', '2020-01-01')[0] == 0
    assert empty.stat().st_size < picture.stat().st_size
    with DiaryStore(tmp_path / 'e.sqlite'):
        pass
    code, _, errors = run(capsys, tmp_path / 'e.sqlite', 'plot', '--out', str(picture))
    assert code == 1 and 'empty' in errors


def test_copies_are_made_listed_and_restored(capsys, path):
    assert run(capsys, path, 'backup')[0] == 0
    assert 'nothing has changed' in run(capsys, path, 'backup')[2]
    assert run(capsys, path, 'add', 'fed')[0] == 0
    copy, = run(capsys, path, 'restore', 'list')[1].split()
    code, _, errors = run(capsys, path, 'restore', 'newest')
    assert code == 0 and copy in errors and 'before-restore' in errors
    with DiaryStore(path) as store:
        assert not [event for event in store.events() if event['kind'] == 'fed']
    for wrong in ('/nowhere/x.sqlite', __file__, '/nowhere/removed-000001.jsonl.gz'):
        code, _, errors = run(capsys, path, 'restore', wrong)
        assert code == 1 and len(errors.splitlines()) == 1 and 'Traceback' not in errors


def test_entries_of_a_wrong_clock_are_shown_and_moved(capsys, path):
    assert 'no entries are marked' in run(capsys, path, 'clock')[2]
    with DiaryStore(path) as store:
        store.write([], [CareEntry(f'w{n}', n * 3600 * NS, 'fed') for n in range(5)],
                    is_doubtful=lambda stamp_ns: True)
    code, output, _ = run(capsys, path, 'clock')
    assert code == 0 and '5 entries' in output and '1970' in output
    code, _, errors = run(capsys, path, 'clock', '--to', '2026-09-22T06:00:00+00:00')
    assert code == 0 and '5 entries were moved' in errors
    with DiaryStore(path) as store:
        assert len([e for e in store.events(ONSET_NS) if e['kind'] == 'fed']) == 5
    for arguments, says in ((('--by', '3'), 'no span'), (('--by', '1h', '--to', '04:10'), 'both')):
        code, _, errors = run(capsys, path, 'clock', *arguments)
        assert code == 2 and says in errors
    code, _, errors = run(capsys, path, 'clock', '--to', '04:10')
    assert code == 1 and 'no entries are marked' in errors


@pytest.mark.parametrize('years', [-50, -3, 3, 30])
def test_what_is_entered_while_the_clock_is_wrong_is_marked_at_once(capsys, path, monkeypatch,
                                                                    years):
    now_ns = ONSET_NS + years * 365 * 86_400 * NS
    monkeypatch.setattr('time.time_ns', lambda: max(now_ns, 60 * NS))
    code, _, errors = run(capsys, path, 'add', 'fed')
    assert code == 0 and 'the time is doubted' in errors and 'baby-cry diary clock' in errors
    assert run(capsys, path, 'label', 'newest', 'hungry')[0] == 0
    code, output, _ = run(capsys, path, 'clock')
    assert code == 0 and '2 entries' in output


def test_what_is_entered_while_the_clock_is_right_is_not_marked(capsys, path, monkeypatch):
    monkeypatch.setattr('time.time_ns', lambda: ONSET_NS + 3600 * NS)
    assert 'doubted' not in run(capsys, path, 'add', 'fed')[2]
    assert 'no entries are marked' in run(capsys, path, 'clock')[2]


def test_a_damaged_diary_is_one_sentence_with_a_way_out(capsys, path):
    data = bytearray(path.read_bytes())
    data[100:4096] = bytes(3996)
    path.write_bytes(data)
    for command in (('export', '--csv'), ('add', 'fed')):
        code, _, errors = run(capsys, path, *command)
        assert code == 1 and 'restore newest' in errors and len(errors.splitlines()) == 1, errors
