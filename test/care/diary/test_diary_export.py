# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What leaves the diary is text in a spreadsheet, harmless in a terminal, and streamed."""

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys

from baby_cry_detector.care.diary.export import safe_cell, write_csv, write_events_csv, write_json
from baby_cry_detector.care.diary.rows import CareEntry, Curve, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore, FOREVER_NS
from baby_cry_detector.cli.main import main
from baby_cry_detector.units import SECOND_NS as NS
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

pytestmark = pytest.mark.slow

ONSET_NS = 1_790_000_000 * NS
HOSTILE = ['=HYPERLINK("http://evil","x")', "+1+cmd|' /C calc'!A0", '-2+3', '@SUM(A1)',
           ' =1', '\t=1', '\r=1', '\n=1', 'hungry;=1+1', 'a;  @x', '\x1b]0;owned\x07', '\x9b31m',
           '\uff1d1+1', '\u202egnuh', 'a|=1', '\x00=1', '"=1"', '\u00a0=1']


@pytest.fixture
def store(tmp_path):
    """Return a diary whose every text is hostile."""
    with DiaryStore(tmp_path / 'd.sqlite') as opened:
        for number, text in enumerate(HOSTILE):
            name = f'{text}{number}'
            opened.write(
                [EpisodeRow(name, text, ONSET_NS + number * NS, ONSET_NS + 9 * NS, False)],
                [CareEntry(f'l{name}', ONSET_NS, 'labelled', text, who=text, episode_id=name,
                           text=text, label=text),
                 CareEntry(f'r{name}', ONSET_NS, 'rocking', text, phase='refused', who=text,
                           episode_id=name, text=text)])
        yield opened


def cells(text, delimiter):
    """Return all cells as a spreadsheet with that separator reads them."""
    return [cell for row in csv.reader(io.StringIO(text), delimiter=delimiter) for cell in row]


@pytest.mark.parametrize('write', [write_csv, write_events_csv])
@pytest.mark.parametrize('delimiter', [',', ';', '|'])
def test_no_cell_is_a_formula_whatever_separates_them(store, write, delimiter):
    file = io.StringIO()
    write(store, file, 0, FOREVER_NS)
    assert file.getvalue().isprintable() is False      # line feeds only
    assert all(line.isprintable() for line in file.getvalue().split('\n'))
    assert len(file.getvalue().splitlines()) == len(HOSTILE) * (1 if write is write_csv else 2) + 1
    for cell in cells(file.getvalue(), delimiter):
        stripped = cell.strip(' "')
        if not re.fullmatch(r'-[0-9.]+', stripped):
            assert not stripped or stripped[0] not in '=+-@\uff1d', cell


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_one_printable_line_that_is_no_formula(text):
    cell = safe_cell(text)
    assert cell.isprintable()
    for part in cell.replace('|', ';').split(';'):
        assert not part.strip() or part.strip()[0] not in '=+-@'


def test_json_says_everything_and_obeys_nothing(store):
    file = io.StringIO()
    write_json(store, file, 0, FOREVER_NS)
    assert not set('\x1b\x9b\x07\u202e\x00') & set(file.getvalue())
    document = json.loads(file.getvalue())
    assert {episode['label'] for episode in document['episodes']} == set(HOSTILE)
    assert len(document['events']) == 2 * len(HOSTILE)


def test_broken_entries_are_left_out_and_named(store, capsys):
    connection = sqlite3.connect(store.path)
    connection.execute("UPDATE episodes SET onset_ns = 'x', end_ns = 5e18 WHERE crib_id = '-2+3'")
    connection.execute("UPDATE episodes SET curve = '{' WHERE crib_id = ' =1'")
    connection.execute('UPDATE events SET stamp_ns = 1.5e300 WHERE crib_id = "-2+3"')
    connection.commit()
    connection.close()
    assert main(['diary', '--database', str(store.path), 'export', '--json']) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert len(document['episodes']) >= len(HOSTILE) - 1
    assert [e for e in document['episodes'] if e['crib'] == ' =1'][0]['curve'] is None
    assert 'Traceback' not in captured.err


def test_the_memory_for_an_export_does_not_grow_with_the_diary(tmp_path):
    """Issue 13, row 20: 2 GB for an export of a diary below the default size."""
    peaks = []
    for episodes in (200, 2000):
        path = tmp_path / f'{episodes}.sqlite'
        curve = Curve()
        for second in range(600):
            curve.add(second * NS, 0.9, 0.4)
        with DiaryStore(path) as store:
            store.write([EpisodeRow(f'c-{n}', f'crib-{n}', ONSET_NS + n * NS, ONSET_NS + n * NS,
                                    False, curve=curve) for n in range(episodes)],
                        [CareEntry(f'e-{n}', ONSET_NS, 'note', text='x' * 400)
                         for n in range(episodes)])
        script = ('import resource, sys\n'
                  'from baby_cry_detector.cli.main import main\n'
                  f'code = main(["diary", "--database", {str(path)!r}, "export", "--json"])\n'
                  'print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n'
                  'sys.exit(code)\n')
        run = subprocess.run([sys.executable, '-c', script], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True, check=True,
                             env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
        peaks.append(int(run.stderr.split()[-1]))
    assert peaks[1] < peaks[0] + 8_000, peaks      # kB
