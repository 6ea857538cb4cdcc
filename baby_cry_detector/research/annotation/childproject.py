# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The layout of ChildProject: ``metadata/*.csv`` and ``annotations/SET/converted/*.csv``.

What annotate can't know (children, dates, devices) is ``NA``, to be filled in or joined with what
a project has already; crying is ``vcm_type`` Y of the speaker CHI, times are milliseconds.
"""

import csv
import io
from pathlib import Path
from typing import Iterable, Iterator, List, Tuple

from baby_cry_detector import __version__
from baby_cry_detector.printable import printable
from baby_cry_detector.research.annotation.formats import Annotation, CRY

SET = 'baby_cry_detector'
RECORDINGS = ('experiment', 'child_id', 'date_iso', 'start_time', 'recording_device_type',
              'recording_filename', 'duration')
CHILDREN = ('experiment', 'child_id', 'child_dob')
ANNOTATIONS = ('set', 'recording_filename', 'time_seek', 'range_onset', 'range_offset',
               'raw_filename', 'format', 'filter', 'annotation_filename', 'imported_at', 'error',
               'package_version')
SEGMENTS = ('segment_onset', 'segment_offset', 'speaker_type', 'vcm_type', 'raw_filename')


def converted(annotation: Annotation) -> str:
    """Return the converted annotations of one recording."""
    raw = f'{annotation.recording_id}.rttm'
    rows = [(round(1000 * segment.onset_s), round(1000 * segment.end_s), 'CHI', 'Y', raw)
            for segment in annotation.tier(CRY)]
    return as_csv([SEGMENTS, *rows])


def metadata(annotations: Iterable[Tuple[Annotation, str]], now: str) -> Iterator[Tuple[str, str]]:
    """
    Yield (path, text) of the metadata.

    :param annotations: with the name of each recording.
    :param now: when it was made.
    """
    recordings: List[tuple] = [RECORDINGS]
    entries: List[tuple] = [ANNOTATIONS]
    for annotation, name in annotations:
        duration_ms = round(1000 * annotation.duration_s)
        shown = printable(name, 4096)
        recordings.append(('NA', 'NA', 'NA', 'NA', 'NA', shown, duration_ms))
        entries.append((SET, shown, 0, 0, duration_ms, f'{annotation.recording_id}.rttm',
                        'vtc_rttm', '', f'{annotation.recording_id}.csv', now, '', __version__))
    yield 'metadata/recordings.csv', as_csv(recordings)
    yield 'metadata/children.csv', as_csv([CHILDREN, ('NA', 'NA', 'NA')])
    yield 'metadata/annotations.csv', as_csv(entries)


def file_of(annotation: Annotation) -> Path:
    """Return where the converted annotations of a recording lie."""
    return Path('annotations', SET, 'converted', f'{annotation.recording_id}.csv')


def as_csv(rows) -> str:
    """Return rows as CSV text."""
    out = io.StringIO()
    csv.writer(out, lineterminator='\n').writerows(rows)
    return out.getvalue()
