# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Annotations written here, read back with the libraries of those who study crying."""

import csv
import io
import string

from baby_cry_detector.research.annotation import childproject, export, formats
from baby_cry_detector.research.annotation.formats import (Annotation, CRY, Segment, TIERS,
                                                           UNCONFIRMED)
from baby_cry_detector.research.annotation.recordings import outputs_and_ids, readable
from hypothesis import given, settings, strategies as st
import pytest

PATHS = {'plain': '/data/home 1/ré"c <&> [1].wav', 'quiet': '/data/quiet.wav'}
# Touching each other, from the first sample, to the last, shorter than a millisecond.
SEGMENTS = (Segment(0.0, 1.25), Segment(1.25, 2.5, UNCONFIRMED), Segment(2.5, 2.5002),
            Segment(3.0005, 3.9995), Segment(86000.125, 86399.99))
ANNOTATION = Annotation('child%201', PATHS['plain'], 86399.99, SEGMENTS)
EMPTY = Annotation('quiet', PATHS['quiet'], 12.5, ())
LONG_ENOUGH = [segment for segment in SEGMENTS if segment.duration_s >= 0.001]


def close(pairs):
    """Return times to the millisecond that the coarsest format keeps."""
    return [(pytest.approx(start, abs=6e-4), pytest.approx(stop, abs=6e-4))
            for start, stop in pairs]


def of_label(label):
    return close((segment.onset_s, segment.end_s) for segment in LONG_ENOUGH
                 if segment.label == label)


def test_rttm_and_uem_as_pyannote_reads_them(tmp_path):
    util = pytest.importorskip('pyannote.database.util')
    (tmp_path / 'a.rttm').write_text(formats.rttm(ANNOTATION) + formats.rttm(EMPTY))
    (tmp_path / 'a.uem').write_text(formats.uem(ANNOTATION) + formats.uem(EMPTY))
    read = util.load_rttm(str(tmp_path / 'a.rttm'))
    assert list(read) == ['child%201']
    found = read['child%201']
    for label in TIERS:
        timeline = sorted((part.start, part.end) for part in found.label_timeline(label))
        assert timeline == of_label(label)
    heard = util.load_uem(str(tmp_path / 'a.uem'))
    assert heard['child%201'].extent().end == pytest.approx(86399.99)
    assert heard['quiet'].extent().end == 12.5


def test_textgrid_as_praatio_reads_it(tmp_path):
    textgrid = pytest.importorskip('praatio.textgrid')
    for annotation in (ANNOTATION, EMPTY):
        file = tmp_path / 'a.TextGrid'
        file.write_text(formats.textgrid(annotation), encoding='utf-8')
        read = textgrid.openTextgrid(str(file), includeEmptyIntervals=False,
                                     reportingMode='error')
        assert read.tierNames == TIERS
        assert read.maxTimestamp == pytest.approx(annotation.duration_s)
        for label in TIERS:
            entries = [(entry.start, entry.end) for entry in read.getTier(label).entries]
            assert entries == (of_label(label) if annotation is ANNOTATION else [])


def test_eaf_as_pympi_reads_it(tmp_path):
    elan = pytest.importorskip('pympi.Elan')
    for annotation in (ANNOTATION, EMPTY):
        file = tmp_path / 'a.eaf'
        file.write_text(formats.elan(annotation), encoding='utf-8')
        read = elan.Eaf(str(file))
        assert sorted(read.get_tier_names()) == sorted(TIERS)
        assert read.get_linked_files()[0]['MEDIA_URL'].startswith('file:///data/')
        for label in TIERS:
            times = [(start / 1000, stop / 1000) for start, stop, value
                     in sorted(read.get_annotation_data_for_tier(label)) if value == label]
            assert times == (of_label(label) if annotation is ANNOTATION else [])


def test_audacity_labels():
    rows = [line.split('\t') for line in formats.audacity(ANNOTATION).splitlines()]
    assert [(float(start), float(stop), label) for start, stop, label in rows] == [
        (segment.onset_s, segment.end_s, segment.label) for segment in SEGMENTS]


def test_childproject_as_its_validator_wants_it(tmp_path):
    pandas = pytest.importorskip('pandas')
    files = dict(childproject.metadata([(ANNOTATION, 'a/child 1.wav'), (EMPTY, 'quiet.wav')],
                                       '2026-01-01 00:00:00'))
    read = {name: pandas.read_csv(io.StringIO(text)) for name, text in files.items()}
    recordings = read['metadata/recordings.csv']
    # What the package asks of each table.
    for column in ('experiment', 'child_id', 'date_iso', 'start_time', 'recording_device_type',
                   'recording_filename'):
        assert column in recordings
    assert {'experiment', 'child_id', 'child_dob'} <= set(read['metadata/children.csv'])
    index = read['metadata/annotations.csv']
    assert list(index['recording_filename']) == list(recordings['recording_filename'])
    assert list(index['range_offset']) == [86399990, 12500] and not index['range_onset'].any()
    converted = pandas.read_csv(io.StringIO(childproject.converted(ANNOTATION)))
    assert list(converted['segment_onset']) == [0, 3000, 86000125]
    assert list(converted['segment_offset']) == [1250, 4000, 86399990]
    assert set(converted['vcm_type']) == {'Y'} and set(converted['speaker_type']) == {'CHI'}
    assert len(pandas.read_csv(io.StringIO(childproject.converted(EMPTY)))) == 0


times = st.lists(st.floats(0, 90_000, allow_nan=False), max_size=40, unique=True).map(sorted)


@given(times)
@settings(max_examples=60, deadline=None)
def test_praat_gets_intervals_without_gap_or_overlap(edges):
    segments = [Segment(start, stop) for start, stop in zip(edges[::2], edges[1::2])]
    annotation = Annotation('x', '/x.wav', edges[-1] if edges else 1.0, segments)
    filled = formats._filled(annotation.tier(CRY), max(annotation.duration_s, 0.001))
    assert filled[0][0] == 0.0
    assert filled[-1][1] == pytest.approx(max(annotation.duration_s, 0.001), abs=1e-6)
    assert all(stop > start for start, stop, _ in filled)
    assert all(left[1] == right[0] for left, right in zip(filled, filled[1:]))


names = st.lists(st.text(st.sampled_from(string.ascii_letters + ' ./%\n\udcff宝é'), min_size=1),
                 min_size=1, max_size=12, unique=True)


@given(names)
@settings(max_examples=150, deadline=None)
def test_no_two_recordings_get_one_id_or_one_output(given_names):
    given_names = [name.replace('..', 'x') + '.wav' for name in given_names]
    given_names = list(dict.fromkeys(given_names))
    places = outputs_and_ids(given_names)
    for which in (0, 1):
        texts = [place[which].casefold() for place in places.values()]
        assert len(set(texts)) == len(texts)
    for _, recording_id in places.values():
        assert recording_id == readable(recording_id).replace('%25', '%')
        assert recording_id.split() == [recording_id]


def test_ids_are_stems_where_those_are_enough():
    places = outputs_and_ids(['a/x.wav', 'b/x.wav', 'b/y.wav', 'b/y.flac', 'c/long name.wav'])
    assert [place[1] for place in places.values()] == ['a.x', 'b.x', 'y.wav', 'y.flac',
                                                       'long%20name']
    assert [place[0] for place in places.values()] == ['a/x', 'b/x', 'b/y.wav', 'b/y.flac',
                                                       'c/long name']


def test_tables_as_pandas_and_arrow_read_them(tmp_path):
    pandas = pytest.importorskip('pandas')
    parquet = pytest.importorskip('pyarrow.parquet')
    document = {'name': 'a/=cmd, "x"\n.wav', 'status': 'heard', 'kind': '', 'reason': '',
                'remarks': [], 'duration_s': 9.0, 'untrusted': [[1.0, 2.5, 'still']],
                'episodes': [{'number': 1, 'onset_s': 0.5, 'end_s': 2.0, 'confirmed': True,
                              'confirmation': 'confirmed', 'peak_dbfs': None},
                             {'number': 2, 'onset_s': 4.0, 'end_s': 5.0, 'confirmed': False,
                              'confirmation': 'refused', 'peak_dbfs': -12.5}]}
    rows = list(export.episode_rows('x', document))
    export._write_csv(tmp_path / 'e.csv', export.EPISODES, rows)
    export._write_parquet(tmp_path / 'e.parquet', export.EPISODES, rows)
    for read in (pandas.read_csv(tmp_path / 'e.csv'),
                 parquet.read_table(tmp_path / 'e.parquet').to_pandas()):
        assert list(read['onset_s']) == [0.5, 4.0] and list(read['duration_s']) == [1.5, 1.0]
        assert list(read['label']) == [CRY, UNCONFIRMED]
        assert read['peak_dbfs'].isna().tolist() == [True, False]
        assert set(read['path']) == {'a/=cmd, "x"\n.wav'}
    recording = export.recording_row('x', document)
    assert [recording[name] for name in ('episodes', 'crying_s', 'untrusted_s')] == [1, 1.5, 1.5]
    assert not list(tmp_path.glob('.*partial'))
    with open(tmp_path / 'e.csv', newline='') as stream:
        assert next(csv.reader(stream)) == [name for name, _ in export.EPISODES]
