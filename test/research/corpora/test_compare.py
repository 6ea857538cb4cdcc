# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The compare command: figures that were worked out by hand, formats, labels, what is left out."""

import json
import math

from baby_cry_detector.cli.main import main
from baby_cry_detector.research.annotation import formats
from baby_cry_detector.research.annotation.agreement import (agreement, kappa, length, pair,
                                                             within)
from baby_cry_detector.research.annotation.formats import Annotation, Segment
from baby_cry_detector.research.annotation.reading import (AnnotationError, read_annotations,
                                                           recording_name, union)
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

pytest.importorskip('pyannote.metrics')

# An hour. One cry found 0.5 s late, one missed, one split in two, one that is none.
HUMAN = [(10.0, 20.0), (100.0, 104.0), (200.0, 220.0)]
MACHINE = [(10.5, 20.0), (200.0, 205.0), (206.0, 219.0), (500.0, 503.0)]
HOUR = [(0.0, 3600.0)]


def test_figures_are_those_worked_out_by_hand():
    report = agreement([pair('a', HUMAN, MACHINE, HOUR)])
    time = report['time']
    # Both 9.5 + 5 + 13 = 27.5 s of 34 of people's and 30.5 of the machine's.
    assert (time['human_s'], time['machine_s'], time['both_s']) == (34.0, 30.5, 27.5)
    assert time['precision'] == round(27.5 / 30.5, 4) and time['recall'] == round(27.5 / 34, 4)
    assert time['f1'] == round(55 / 64.5, 4)
    assert time['detection_error_rate'] == round((6.5 + 3.0) / 34, 4)
    assert time['missed_min_per_h'] == round(6.5 / 60, 4)
    assert time['false_min_per_h'] == 0.05
    # Within 1 s the first alone matches: the third begins in time, and ends 15 s early.
    events = report['events']
    assert (events['hits'], events['misses'], events['false']) == (1, 2, 3)
    assert events['f1'] == round(2 / 7, 4) and events['found'] == round(2 / 3, 4)
    assert (events['missed_per_h'], events['false_per_h']) == (1.0, 1.0)
    assert report['onset_error_s'] == {'events': 2, 'mean': 0.25, 'p10': 0.05, 'p50': 0.25,
                                       'p90': 0.45}
    # 34 s an hour is 13.6 min a day.
    assert report['minutes_a_day']['human'] == 13.6
    assert report['minutes_a_day']['bias'] == pytest.approx(-1.4)
    segments = report['segments']
    assert (segments['hits'], segments['misses'], segments['false']) == (28, 6, 3)


def test_kappa_is_that_of_the_textbook():
    assert kappa(20, 5, 10, 15) == 0.4
    assert kappa(5, 0, 0, 0) is None and kappa(0, 0, 0, 5) is None


def test_bias_and_limits_are_over_recordings():
    pairs = [pair('a', [(0, 60)], [(0, 120)], HOUR), pair('b', [(0, 120)], [(0, 120)], HOUR),
             pair('c', [], [(0, 60)], HOUR)]
    minutes = agreement(pairs)['minutes_a_day']
    assert (minutes['human'], minutes['machine'], minutes['bias']) == (24.0, 40.0, 16.0)
    differences = np.array([24.0, 0.0, 24.0])
    assert minutes['limits'] == pytest.approx(
        [16 - 1.96 * differences.std(ddof=1), 16 + 1.96 * differences.std(ddof=1)], abs=1e-3)


def test_only_what_was_listened_to_counts_and_pauses_can_be_closed():
    listened = [(0.0, 15.0), (190.0, 210.0)]
    one = pair('a', HUMAN, MACHINE, listened)
    assert one.human == [(10.0, 15.0), (200.0, 210.0)]
    assert one.machine == [(10.5, 15.0), (200.0, 205.0), (206.0, 210.0)]
    assert pair('a', HUMAN, MACHINE, listened, 1.0).machine == [(10.5, 15.0), (200.0, 210.0)]


edges = st.lists(st.floats(0, 1000, allow_nan=False).map(lambda x: round(x, 3)), max_size=24,
                 unique=True).map(sorted)
intervals = edges.map(lambda e: list(zip(e[::2], e[1::2])))


@given(intervals, intervals)
@settings(max_examples=60, deadline=None)
def test_parts_in_common_are_measured_alike_from_both_sides(one, two):
    assert length(within(one, two)) == pytest.approx(length(within(two, one)), abs=1e-6)
    assert union(one) == one
    assert length(within(one, HOUR)) == pytest.approx(length(one))
    report = agreement([pair('a', one, one, HOUR)])
    if one:
        assert report['events']['f1'] == report['segments']['f1'] == 1.0
        assert report['time']['f1'] == report['time']['kappa'] == 1.0
    both = agreement([pair('a', one, two, HOUR)])
    turned = agreement([pair('a', two, one, HOUR)])
    assert both['time']['precision'] == turned['time']['recall']
    assert both['time']['kappa'] == turned['time']['kappa']
    assert both['segments']['f1'] == turned['segments']['f1']
    share = both['time']['f1']
    assert share is None or (math.isfinite(share) and 0 <= share <= 1)


def annotation(name, segments, label='cry'):
    return Annotation(name, f'/data/{name}.wav', 3600.0,
                      [Segment(start, stop, label) for start, stop in segments])


@pytest.fixture
def machine(tmp_path):
    """Return what annotate writes of two recordings."""
    folder = tmp_path / 'machine'
    folder.mkdir()
    (folder / 'run.json').write_text('{}')
    (folder / 'recordings.csv').write_text('recording_id,path,status,duration_s\na,a.wav,heard,'
                                           '3600\nb,b.wav,heard,3600\nc,c.wav,failed,0\n')
    (folder / 'episodes.csv').write_text(
        'recording_id,path,onset_s,offset_s,label\n' + ''.join(
            f'a,a.wav,{start},{stop},cry\n' for start, stop in MACHINE)
        + 'a,a.wav,900,990,cry_unconfirmed\n')
    return folder


@pytest.mark.parametrize('suffix', ['.rttm', '.TextGrid', '.eaf', '.txt', '.csv'])
def test_every_format_gives_the_same(tmp_path, machine, suffix, capsys):
    folder = tmp_path / 'human'
    folder.mkdir()
    one, two = annotation('a', HUMAN), annotation('b', [])
    if suffix == '.csv':
        (folder / 'all.csv').write_text(
            'filename,onset,offset,event_label\n'
            + ''.join(f'x/a.wav,{start},{stop},Crying\n' for start, stop in HUMAN)
            + 'b.wav,1,2,speech\n')
    else:
        write = {'.rttm': formats.rttm, '.TextGrid': formats.textgrid, '.eaf': formats.elan,
                 '.txt': formats.audacity}[suffix]
        for each in (one, two):
            (folder / f'{each.recording_id}{suffix}').write_text(write(each), encoding='utf-8')
    # An RTTM has no line of a recording in which nothing was found.
    more = ['--absent-is-quiet'] if suffix == '.rttm' else []
    assert main(['compare', str(folder), str(machine), '--json', '--plots',
                 str(tmp_path / 'plots'), *more]) == 0
    report = json.loads(capsys.readouterr().out)
    expected = agreement([pair('a', HUMAN, MACHINE, HOUR), pair('b', [], [], HOUR)])
    assert {name: report[name] for name in expected} == expected
    assert len(list((tmp_path / 'plots').glob('*.png'))) == 3


def test_labels_and_what_is_left_out_are_said(tmp_path, machine, capsys):
    human = tmp_path / 'a.rttm'
    human.write_text(formats.rttm(annotation('a', HUMAN, 'FUS'))
                     + formats.rttm(annotation('elsewhere', HUMAN, 'FUS')))
    assert main(['compare', str(human), str(machine)]) == 1
    assert 'nothing is labelled as crying; there is FUS: name it with --label' in (
        capsys.readouterr().err)
    assert main(['compare', str(human), str(machine), '--label', 'fus', '--json']) == 1
    report = json.loads(capsys.readouterr().out)
    assert report['left_out'] == {'b': 'only in MACHINE', 'elsewhere': 'only in HUMAN'}
    assert report['recordings'] == 1 and report['time']['human_s'] == 34.0
    uem = tmp_path / 'a.uem'
    uem.write_text('a 1 0 50\n')
    assert main(['compare', str(human), str(machine), '--label', 'fus', '--json', '--uem',
                 str(uem)]) == 1
    assert json.loads(capsys.readouterr().out)['time']['human_s'] == 10.0


def test_what_is_no_annotation_is_told_and_the_rest_compared(tmp_path, machine, capsys):
    folder = tmp_path / 'human'
    folder.mkdir()
    (folder / 'a.rttm').write_text(formats.rttm(annotation('a', HUMAN)))
    for name, text in (('x.TextGrid', 'garbage'), ('y.eaf', '<a>'), ('z.rttm', 'SPEAKER z 1 x'),
                       ('u.csv', 'a,b\n1,2\n'), ('v.txt', 'one\ttwo\n'),
                       ('w.csv', 'onset,offset\n5,1\n')):
        (folder / name).write_text(text)
    assert main(['compare', str(folder), str(machine), '--json']) == 1
    report = json.loads(capsys.readouterr().out)
    assert len(report['problems']) == 6 and report['time']['human_s'] == 34.0
    with pytest.raises(AnnotationError, match='is no TextGrid'):
        read_annotations(folder / 'x.TextGrid')
    assert main(['compare', str(tmp_path / 'none'), str(machine)]) == 1


def test_recordings_are_known_by_their_stems():
    assert [recording_name(text) for text in (
        'a/b/child 1.wav', r'C:\data\x.WAV', 'x', '2020-01-01.12', 'é.TextGrid')] == [
        'child%201', 'x', 'x', '2020-01-01.12', 'é']
