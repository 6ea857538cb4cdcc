# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Results → the files that people and other programs read; made anew each time, one by one."""

import csv
import datetime
import json
import os
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

from baby_cry_detector.cli.arguments import how_to_install
from baby_cry_detector.printable import printable
from baby_cry_detector.research.annotation import childproject, formats
from baby_cry_detector.research.annotation.formats import Annotation, annotation_of, EACH
from baby_cry_detector.research.annotation.hearing import Document, FAILED
from baby_cry_detector.research.annotation.recordings import outputs_and_ids, Recording
from baby_cry_detector.research.annotation.store import Store, write_whole

FORMATS = ('csv', 'parquet', 'rttm', 'textgrid', 'elan', 'audacity', 'childproject')
DEFAULT_FORMATS = ('csv', 'rttm')
EPISODES = (('recording_id', str), ('path', str), ('episode', int), ('onset_s', float),
            ('offset_s', float), ('duration_s', float), ('label', str), ('confirmation', str),
            ('mean_probability', float), ('peak_probability', float), ('mean_intensity', float),
            ('peak_intensity', float), ('peak_dbfs', float), ('need', str),
            ('need_confidence', float))
RECORDINGS = (('recording_id', str), ('path', str), ('status', str), ('kind', str),
              ('reason', str), ('duration_s', float), ('sample_rate', int), ('channels', int),
              ('reader', str), ('episodes', int), ('crying_s', float), ('untrusted_s', float),
              ('remarks', str))
FRAMES = (('recording_id', str), ('time_s', float), ('cry_probability', float),
          ('intensity', float))
Columns = Sequence[Tuple[str, type]]


def check_formats(names: Sequence[str]) -> None:
    """
    Say what a format misses before hours are heard.

    :raises ValueError: one sentence with the remedy.
    """
    if 'parquet' in names:
        _pyarrow()


def export(recordings: Sequence[Recording], store: Store, names: Sequence[str],
           with_frames: bool = False,
           progress: Callable[[int], None] = lambda done: None) -> List[Path]:
    """
    Write everything that is known, in each of these formats; return what was written.

    One result at a time is held in memory. Files of formats lie in folders of their names.
    """
    places = outputs_and_ids(recording.name for recording in recordings)
    written = []
    known = [recording for recording in recordings if _is_heard(store.result(recording))]

    def annotations() -> Iterator[Tuple[Annotation, str]]:
        for recording in known:
            document = store.result(recording)
            if document is not None:
                yield (annotation_of(document, places[recording.name][1], recording.path),
                       recording.name)

    for name in names:
        if name in EACH:
            suffix, write = EACH[name]
            for annotation, recording in annotations():
                file = store.folder / name / f'{places[recording][0]}{suffix}'
                write_whole(file, write(annotation).encode())
                written.append(file)
        if name == 'rttm':
            for joined, text in (('episodes.rttm', formats.rttm),
                                 ('recordings.uem', formats.uem)):
                written.append(_joined(store.folder / joined, map(text, (
                    annotation for annotation, _ in annotations()))))
        if name == 'childproject':
            written += _childproject(store.folder / name, annotations)
        if name in ('csv', 'parquet'):
            tables = _tables(recordings, store, places, with_frames)
            write_table = _write_csv if name == 'csv' else _write_parquet
            for table, (columns, rows) in tables.items():
                file = store.folder / f'{table}.{name}'
                write_table(file, columns, rows)
                written.append(file)
    return written


def _is_heard(document) -> bool:
    return document is not None and document['status'] != FAILED


def _joined(file: Path, texts: Iterable[str]) -> Path:
    with _Whole(file) as stream:
        for text in texts:
            stream.write(text)
    return file


def _childproject(folder: Path, annotations) -> List[Path]:
    written = []
    now = datetime.datetime.now().isoformat(' ', 'seconds')
    for annotation, _ in annotations():
        file = folder / childproject.file_of(annotation)
        write_whole(file, childproject.converted(annotation).encode())
        written.append(file)
    for name, text in childproject.metadata(annotations(), now):
        write_whole(folder / name, text.encode())
        written.append(folder / name)
    return written


def _tables(recordings, store: Store, places, with_frames: bool) -> Dict[str, Tuple[Columns, Any]]:
    def documents() -> Iterator[Tuple[str, Document]]:
        for document in store.results(recordings):
            yield places[document['name']][1], document

    def frames() -> Iterator[Dict[str, Any]]:
        for recording_id, document in documents():
            for time_s, probability, intensity in store.frames(document['name']):
                yield {'recording_id': recording_id, 'time_s': round(float(time_s), 3),
                       'cry_probability': float(probability), 'intensity': float(intensity)}

    tables: Dict[str, Tuple[Columns, Any]] = {
        'episodes': (EPISODES, (row for recording_id, document in documents()
                                for row in episode_rows(recording_id, document))),
        'recordings': (RECORDINGS, (recording_row(recording_id, document)
                                    for recording_id, document in documents()))}
    if with_frames:
        tables['frames'] = (FRAMES, frames())
    return tables


def episode_rows(recording_id: str, document: Document) -> Iterator[Dict[str, Any]]:
    """Yield a row for each episode of a recording; its columns are `EPISODES`."""
    for segment, episode in zip(annotation_of(document, recording_id, '').segments,
                                document['episodes']):
        yield {**episode, 'recording_id': recording_id, 'path': printable(document['name'], 4096),
               'episode': episode['number'], 'offset_s': segment.end_s,
               'duration_s': round(segment.duration_s, 6), 'label': segment.label}


def recording_row(recording_id: str, document: Document) -> Dict[str, Any]:
    """Return the row of a recording; its columns are `RECORDINGS`."""
    confirmed = [episode for episode in document['episodes'] if episode['confirmed']]
    return {**document, 'recording_id': recording_id, 'path': printable(document['name'], 4096),
            'reason': printable(document['reason']), 'episodes': len(confirmed),
            'crying_s': round(sum(e['end_s'] - e['onset_s'] for e in confirmed), 3),
            'untrusted_s': round(sum(end - start for start, end, _ in document['untrusted']), 3),
            'remarks': printable('; '.join(document['remarks']))}


class _Whole:
    """A text file that appears when it is whole."""

    def __init__(self, file: Path, mode: str = 'w') -> None:
        self._file = file
        self._partial = file.with_name(f'.{file.name}.{os.getpid()}.partial')
        self._stream = (open(self._partial, 'w', encoding='utf-8', newline='') if mode == 'w'
                        else open(self._partial, mode))

    def __enter__(self):
        return self._stream

    def __exit__(self, kind, *_) -> None:
        try:
            if kind is None:
                self._stream.flush()
                os.fsync(self._stream.fileno())
            self._stream.close()
            if kind is None:
                os.replace(self._partial, self._file)
        finally:
            self._partial.unlink(missing_ok=True)


def _write_csv(file: Path, columns: Columns, rows: Iterable[Dict[str, Any]]) -> None:
    with _Whole(file) as stream:
        writer = csv.writer(stream, lineterminator='\n')
        writer.writerow([name for name, _ in columns])
        for row in rows:
            writer.writerow([row.get(name) for name, _ in columns])


def _pyarrow():
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError(f'parquet needs pyarrow ({error}): '
                         + how_to_install('python3-pyarrow', 'pyarrow')) from None
    return pyarrow


def _write_parquet(file: Path, columns: Columns, rows: Iterable[Dict[str, Any]]) -> None:
    pyarrow = _pyarrow()
    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns])
    with _Whole(file, 'wb') as stream:
        with pyarrow.parquet.ParquetWriter(stream, schema) as writer:
            for part in _parts(rows, 65_536):
                writer.write_table(pyarrow.table(
                    {name: [row.get(name) for row in part] for name, _ in columns}, schema))


def _parts(rows: Iterable, size: int) -> Iterator[list]:
    part = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def write_report(file: Path, document: Dict[str, Any]) -> None:
    """Write the machine-readable report."""
    write_whole(file, json.dumps(document, indent=1).encode())
