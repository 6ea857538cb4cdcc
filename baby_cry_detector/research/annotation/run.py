# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a folder of recordings to a folder of annotations: what is left to hear, and a report."""

from dataclasses import dataclass, field
import time
from typing import Any, Callable, Dict, Iterator, List, Optional

from baby_cry_detector import __version__
from baby_cry_detector.research.annotation.hearing import (Document, FAILED, HEARD, Options,
                                                           PARTLY)
from baby_cry_detector.research.annotation.on_dask import heard_on_dask
from baby_cry_detector.research.annotation.recordings import Found, Recording
from baby_cry_detector.research.annotation.store import Store
from baby_cry_detector.research.annotation.workers import heard_by_processes

#: A fault of the machine or of the moment, not of the recording: the next run tries again.
PASSING = ('changed', 'missing', 'crash', 'memory', 'unreadable')


@dataclass
class Progress:
    """
    How far a run is.

    :param total: recordings to hear in this run.
    :param total_bytes: of their files.
    """

    total: int
    total_bytes: int
    done: int = 0
    done_bytes: int = 0
    audio_s: float = 0.0
    wall_s: float = 0.0

    def line(self) -> str:
        """Return it in words: how much, how fast, how long it will take."""
        words = [f'{self.done}/{self.total} recordings', f'{self.audio_s / 3600:.2f} h']
        if self.wall_s > 0 and self.audio_s:
            words.append(f'{self.audio_s / self.wall_s:.0f} times as fast as they last')
        if 0 < self.done_bytes <= self.total_bytes and self.done < self.total:
            left_s = self.wall_s * (self.total_bytes / self.done_bytes - 1.0)
            words.append(f'{_duration(left_s)} left')
        return ', '.join(words)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f'{seconds:.0f} s'
    if seconds < 5400:
        return f'{seconds / 60:.0f} min'
    return f'{seconds / 3600:.1f} h'


@dataclass
class Report:
    """
    What became of everything that was found.

    :param counts: recordings by status.
    :param listed: what was not heard or only partly: name, kind, reason.
    """

    counts: Dict[str, int] = field(default_factory=dict)
    listed: List[Dict[str, str]] = field(default_factory=list)
    audio_s: float = 0.0
    crying_s: float = 0.0
    untrusted_s: float = 0.0
    episodes: int = 0
    unconfirmed: int = 0
    cpu_s: float = 0.0

    def note(self, document: Document) -> None:
        """Take what is known of one recording."""
        self.counts[document['status']] = self.counts.get(document['status'], 0) + 1
        if document['status'] != HEARD:
            self.listed.append({'name': document['name'], 'kind': document['kind'],
                                'reason': document['reason'], 'status': document['status']})
        if document['status'] == FAILED:
            return
        self.audio_s += document['duration_s']
        self.cpu_s += document['cpu_s']
        self.untrusted_s += sum(end - start for start, end, _ in document['untrusted'])
        for episode in document['episodes']:
            self.episodes += 1
            self.unconfirmed += not episode['confirmed']
            if episode['confirmed']:
                self.crying_s += episode['end_s'] - episode['onset_s']

    def to_document(self, found: Found, options: Options) -> Dict[str, Any]:
        """Return the machine-readable report."""
        return {
            'version': __version__, 'options': options.identity(),
            'recordings': len(found.recordings) + len(found.problems),
            **{status: self.counts.get(status, 0) for status in (HEARD, PARTLY)},
            FAILED: self.counts.get(FAILED, 0) + len(found.problems),
            'left': len(found.recordings) - sum(self.counts.values()),
            'hours': round(self.audio_s / 3600, 5), 'episodes': self.episodes,
            'unconfirmed_episodes': self.unconfirmed, 'crying_min': round(self.crying_s / 60, 4),
            'crying_min_per_day': (round(self.crying_s / 60 * 86400 / self.audio_s, 3)
                                   if self.audio_s else None),
            'untrusted_min': round(self.untrusted_s / 60, 3),
            'hours_per_core_hour': (round(self.audio_s / self.cpu_s, 1) if self.cpu_s else None),
            'named_twice': found.twice, 'passed_over': dict(found.passed_over),
            'problems': [{'name': problem.name, 'kind': problem.kind, 'reason': problem.reason,
                          'status': FAILED} for problem in found.problems] + self.listed}


def annotate(found: Found, store: Store, options: Options, *, processes: int = 1,
             scheduler: str = '',
             progress: Callable[[Progress], None] = lambda progress: None) -> None:
    """
    Hear what was not heard yet; results are kept one by one.

    :param processes: of this machine, where no scheduler is given.
    :raises OSError: if a result can't be written (a full disk): what was done stays done.
    """
    todo = [recording for recording in found.recordings if not _is_known(store, recording)]
    # The long ones first, or the last would be waited for by one worker alone.
    todo.sort(key=lambda recording: -recording.size)
    state = Progress(len(todo), sum(recording.size for recording in todo))
    begin = time.monotonic()
    for document, frames in _results(todo, options, processes, scheduler):
        store.keep(document, frames)
        state.done += 1
        state.done_bytes += document['size']
        state.audio_s += document['duration_s']
        state.wall_s = time.monotonic() - begin
        progress(state)


def _is_known(store: Store, recording: Recording) -> bool:
    document: Optional[Document] = store.result(recording)
    return document is not None and not (
        document['status'] == FAILED and document['kind'] in PASSING)


def _results(todo: List[Recording], options: Options, processes: int, scheduler: str) -> Iterator:
    if scheduler:
        return heard_on_dask(todo, options, scheduler)
    return heard_by_processes(todo, options, processes)


def report_of(found: Found, store: Store) -> Report:
    """Return what is known of everything that was found, this run's and earlier ones'."""
    report = Report()
    for document in store.results(found.recordings):
        report.note(document)
    return report
