# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Annotations of others (and ours), by recording: RTTM, TextGrid, ELAN, Audacity, CSV, ChildProject.

What a segment is called decides whether it counts: its label, or the name of its tier. Formats
that libraries of the field read are read with those.
"""

import csv
from dataclasses import dataclass, field
import os
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from baby_cry_detector.research.annotation.recordings import readable

#: What crying is called, whatever the case: Y is ChildProject's ``vcm_type``.
CRY_LABELS = ('cry', 'crying', 'cries', 'y')
_ONSETS = {'onset_s': 1.0, 'onset': 1.0, 'start_s': 1.0, 'start': 1.0, 'begin': 1.0,
           'segment_onset': 1e-3, 'onset_ms': 1e-3, 'start_ms': 1e-3}
_ENDS = {'offset_s': 1.0, 'offset': 1.0, 'end_s': 1.0, 'end': 1.0, 'stop': 1.0,
         'segment_offset': 1e-3, 'offset_ms': 1e-3, 'end_ms': 1e-3}
_NAMES = ('recording_id', 'recording', 'recording_filename', 'filename', 'file', 'raw_filename',
          'path', 'uri')
_LABELS = ('label', 'vcm_type', 'event_label', 'speaker_type', 'annotation', 'code')
Interval = Tuple[float, float]
#: (recording, label, tier, onset, end)
Row = Tuple[str, str, str, float, float]


class AnnotationError(ValueError):
    """What is no annotation that can be read, one sentence."""


@dataclass
class Annotated:
    """
    What somebody said of some recordings.

    :ivar crying: by recording: sorted, none overlap, in s.
    :ivar duration_s: of the recordings, as far as it is told.
    :ivar other_labels: what else segments are called, and how often.
    :ivar problems: files that could not be read, and why.
    """

    crying: Dict[str, List[Interval]] = field(default_factory=dict)
    duration_s: Dict[str, float] = field(default_factory=dict)
    other_labels: Dict[str, int] = field(default_factory=dict)
    problems: List[Tuple[str, str]] = field(default_factory=list)


def read_annotations(source, labels: Sequence[str] = CRY_LABELS) -> Annotated:
    """
    Return what a file or a folder of annotations says of crying.

    A folder may be the ``--out`` of annotate, a ChildProject, or hold files of any of the formats.
    A recording is known by the stem of its file, with escapes for white space.

    :param labels: names of labels or tiers that count, whatever their case.
    :raises AnnotationError: if nothing in it can be read.
    """
    source = Path(source)
    wanted = {label.casefold() for label in labels}
    result = Annotated()
    files = _files(source)
    for file in files:
        try:
            _read_file(file, wanted, result)
        except (AnnotationError, OSError, UnicodeError) as error:
            result.problems.append((str(file), str(error)))
    if files and len(result.problems) == len(files):
        raise AnnotationError(': '.join(result.problems[0]))
    if not files:
        raise AnnotationError(f'{source}: holds no annotations (.rttm, .TextGrid, .eaf, .txt, '
                              '.csv)')
    result.crying = {name: union(intervals) for name, intervals in result.crying.items()}
    return result


def union(intervals: Sequence[Interval], join_s: float = 0.0) -> List[Interval]:
    """Return intervals in order, overlapping ones and those at most ``join_s`` apart as one."""
    joined: List[Interval] = []
    for start, stop in sorted(intervals):
        if joined and start - joined[-1][1] <= join_s:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        elif stop > start:
            joined.append((start, stop))
    return joined


def recording_name(text: str) -> str:
    """Return what a recording is known by: the stem of its path, without white space."""
    name = os.path.basename(text.replace('\\', '/'))
    stem, suffix = os.path.splitext(name)
    # 'child.2019' has no suffix; 'child.wav' has.
    is_suffix = suffix.lower() in _READERS or 1 < len(suffix) <= 5 and not suffix[1:].isdigit()
    return readable(stem if is_suffix else name)


def _files(source: Path) -> List[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise AnnotationError(f'{source}: no such file or folder')
    if (source / 'run.json').is_file() and (source / 'episodes.csv').is_file():
        return [source / 'episodes.csv', source / 'recordings.csv']
    converted = sorted(source.glob('annotations/*/converted/*.csv'))
    if (source / 'metadata' / 'annotations.csv').is_file() and converted:
        return [*converted, source / 'metadata' / 'recordings.csv']
    return sorted(path for path in source.rglob('*')
                  if path.suffix.lower() in _READERS and path.is_file()
                  and not path.name.startswith('.'))


def _read_file(file: Path, wanted, result: Annotated) -> None:
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise AnnotationError('expected .rttm, .TextGrid, .eaf, .txt or .csv')
    for name, label, tier, onset_s, end_s in reader(file, result):
        if not 0.0 <= onset_s <= end_s < 1e9:
            raise AnnotationError(f'a segment from {onset_s} to {end_s} s can not be')
        segments = result.crying.setdefault(name, [])
        if {label.strip().casefold(), tier.strip().casefold()} & wanted:
            segments.append((onset_s, end_s))
        else:
            other = label or tier
            result.other_labels[other] = result.other_labels.get(other, 0) + 1


def _rttm(file: Path, result: Annotated) -> Iterator[Row]:
    for number, line in enumerate(file.read_text(encoding='utf-8-sig').splitlines(), start=1):
        parts = line.split()
        if not parts or parts[0].startswith(';') or parts[0] in ('SPKR-INFO', 'UEM'):
            continue
        try:
            start, length = float(parts[3]), float(parts[4])
            yield parts[1], parts[7], '', start, start + length
        except (IndexError, ValueError):
            raise AnnotationError(f'line {number} is no RTTM') from None


def _textgrid(file: Path, result: Annotated) -> Iterator[Row]:
    from praatio import textgrid
    try:
        read = textgrid.openTextgrid(str(file), includeEmptyIntervals=False,
                                     reportingMode='silence', duplicateNamesMode='rename')
    except Exception as error:     # whatever the library meets in a file of others
        raise AnnotationError(f'is no TextGrid ({type(error).__name__}: {error})') from None
    name = recording_name(file.name)
    result.crying.setdefault(name, [])
    if read.maxTimestamp is not None:
        result.duration_s[name] = float(read.maxTimestamp)
    for tier in read.tiers:
        if isinstance(tier, textgrid.IntervalTier):
            for entry in tier.entries:
                yield name, entry.label, tier.name, float(entry.start), float(entry.end)


def _elan(file: Path, result: Annotated) -> Iterator[Row]:
    from pympi import Elan
    try:
        read = Elan.Eaf(str(file))
        rows = [(tier, entry) for tier in read.get_tier_names()
                for entry in read.get_annotation_data_for_tier(tier)]
    except Exception as error:     # whatever the library meets in a file of others
        raise AnnotationError(f'is no EAF ({type(error).__name__}: {error})') from None
    name = recording_name(file.name)
    result.crying.setdefault(name, [])
    for tier, entry in rows:
        yield name, str(entry[2] or ''), tier, entry[0] / 1000.0, entry[1] / 1000.0


def _audacity(file: Path, result: Annotated) -> Iterator[Row]:
    name = recording_name(file.name)
    result.crying.setdefault(name, [])
    for number, line in enumerate(file.read_text(encoding='utf-8-sig').splitlines(), start=1):
        parts = line.split('\t')
        if not line.strip() or parts[0] == '\\':            # that line tells of frequencies
            continue
        try:
            yield (name, parts[2] if len(parts) > 2 else '', '',
                   float(parts[0].replace(',', '.')), float(parts[1].replace(',', '.')))
        except (IndexError, ValueError):
            raise AnnotationError(f'line {number} is no label of Audacity') from None


def _csv(file: Path, result: Annotated) -> Iterator[Row]:
    with open(file, newline='', encoding='utf-8-sig') as stream:
        reader = csv.DictReader(stream)
        columns = {str(name).strip().lower(): name for name in reader.fieldnames or ()}
        onset, end = _first(columns, _ONSETS), _first(columns, _ENDS)
        named, labelled = _first(columns, _NAMES), _first(columns, _LABELS)
        if onset is None or end is None:
            if named is not None and {'duration_s', 'duration'} & set(columns):
                _durations(reader, columns, named, result)
                return
            raise AnnotationError('expected columns for onset and offset, as onset_s, offset_s; '
                                  f'there are {", ".join(columns) or "none"}')
        # ChildProject's are named after ids, which have their escapes already.
        by_file = file.stem if file.stem.split() == [file.stem] else readable(file.stem)
        if named is None or 'segment_onset' in columns:
            result.crying.setdefault(by_file, [])
        for number, row in enumerate(reader, start=2):
            try:
                start = float(row[columns[onset]]) * _ONSETS[onset]
                stop = float(row[columns[end]]) * _ENDS[end]
            except (TypeError, ValueError):
                raise AnnotationError(f'line {number}: expected numbers as {onset} and {end}'
                                      ) from None
            name = by_file
            if named is not None and 'segment_onset' not in columns:
                given = row[columns[named]] or ''
                name = given if named in ('recording_id', 'uri') else recording_name(given)
            label = (row[columns[labelled]] or '') if labelled is not None else CRY_LABELS[0]
            yield name, label, '', start, stop


def _durations(reader, columns, named: str, result: Annotated) -> None:
    """Take a table of recordings; those that failed were not listened to."""
    scale = 1.0 if 'duration_s' in columns else 1e-3
    length = columns.get('duration_s', columns.get('duration'))
    for row in reader:
        if row.get('status') == 'failed':
            continue
        given = row[columns[named]] or ''
        name = given if named in ('recording_id', 'uri') else recording_name(given)
        try:
            result.duration_s[name] = float(row[length]) * scale
        except (TypeError, ValueError):
            continue
        result.crying.setdefault(name, [])


def _first(columns: Dict[str, str], names) -> Optional[str]:
    return next((name for name in names if name in columns), None)


def read_uem(file) -> Dict[str, List[Interval]]:
    """
    Return what was listened to, by recording: lines of name, channel, onset, end.

    :raises AnnotationError: on a line that is none.
    """
    heard: Dict[str, List[Interval]] = {}
    for number, line in enumerate(Path(file).read_text(encoding='utf-8').splitlines(), start=1):
        parts = line.split()
        if not parts or parts[0].startswith(';'):
            continue
        try:
            heard.setdefault(parts[0], []).append((float(parts[2]), float(parts[3])))
        except (IndexError, ValueError):
            raise AnnotationError(f'{file}: line {number} is no UEM') from None
    return {name: union(intervals) for name, intervals in heard.items()}


_READERS: Dict[str, Callable[[Path, Annotated], Iterator[Row]]] = {
    '.rttm': _rttm, '.textgrid': _textgrid, '.eaf': _elan, '.txt': _audacity, '.csv': _csv}
