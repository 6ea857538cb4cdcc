# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Where what one baby's learner needs lies: the diary, and a small file of settings for each crib.

The command and the node `need_estimator` use the same ones.
"""

from contextlib import contextmanager
from datetime import datetime
import os
from pathlib import Path
import sys
from typing import Dict, Iterator, List, Optional, Tuple, Union

from baby_cry_detector.care.diary.export import time_text
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.from_diary import cries_of, facts_of
from baby_cry_detector.care.need.labels import Cry, Fact
from baby_cry_detector.kept_state import KeptState, LARGEST_BYTES, read_document, state_folder
from baby_cry_detector.names import safe_name
from baby_cry_detector.units import DAY_NS, HOUR_NS, SECOND_NS


def _warn(sentence: str) -> None:
    print(f'warning: {sentence}', file=sys.stderr)


@contextmanager
def kept(crib: str, warn=_warn) -> Iterator[tuple]:
    """
    Give (file, what it holds); what is broken is set aside and said.

    :raises journal.LaterVersionError: if a later version wrote it; it is left where it is.
    """
    state = KeptState('/need', f'.{safe_name(crib)}')
    try:
        document: dict = {}
        try:
            document = state.read() or {}
            settings = checked_settings(document)
        except journal.LaterVersionError as error:
            raise journal.LaterVersionError(
                f'{state.path}: {error}; it is left as it is') from None
        except ValueError as error:
            aside = state.set_aside() if document else ''
            warn(f'{error}{aside}; what can be learnt from the diary is learnt again')
            settings = checked_settings({})
        settings['since_ns'] = max(settings['since_ns'], forgotten_ns(crib))
        yield state, settings
    finally:
        state.close()


def settings_file(crib: str) -> Path:
    """Return where what was set for a crib lies."""
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    return state_folder() / f'{domain}.need.{safe_name(crib)}.json'


def forgotten_ns(crib: str) -> int:
    """
    Return since when a crib's baby is learnt: when it was last forgotten; 0: it never was.

    It has a file of its own, so that no broken or later file of settings brings back what was
    forgotten; broken itself, it was at least written at about that time.

    :raises OSError: if there is one that can't be read.
    """
    path = settings_file(crib).with_suffix('.forgotten')
    try:
        with open(path, 'rb') as file:
            text = file.read(40)
            written_ns = os.fstat(file.fileno()).st_mtime_ns
    except FileNotFoundError:
        return 0
    return int(text) if text.strip().isdigit() and len(text) < 20 else written_ns


def forget(crib: str, now_ns: int) -> None:
    """
    Keep that what happened to a crib's baby before a time is not learnt from.

    :raises ValueError: if a later version wrote what is set for it.
    :raises OSError: if it can't be kept.
    """
    with kept(crib) as (state, settings):
        path = state.path.with_suffix('.forgotten')
        new = state.path.with_suffix('.forgotten.new')
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
            file.write(str(now_ns))
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        state.keep(document_of({**settings, 'items': [], 'since_ns': now_ns}))


def ahead_sentence(since_ns: int, now_ns: int) -> str:
    """Return what is wrong where it was forgotten at a time to come; '' if nothing is."""
    if since_ns <= now_ns + HOUR_NS:
        return ''
    return (f'it was forgotten while a clock was ahead: nothing before {time_text(since_ns)} is '
            'learnt; once the clock here is right, forget once more, and it learns from then on')


def checked_settings(document: dict) -> dict:
    """
    Return what a file holds, complete: {birth_ns, since_ns, items}.

    :raises ValueError: if it is broken or of a later version.
    """
    items, birth_ns, since_ns = journal.read(document)
    return {'birth_ns': birth_ns, 'since_ns': since_ns, 'items': items}


def document_of(settings: dict, now_ns: Optional[int] = None) -> dict:
    """Return what `checked_settings` returned as it is kept."""
    items = settings['items']
    return journal.to_document([item for item in items if isinstance(item, Cry)],
                               [item for item in items if isinstance(item, Fact)],
                               settings['birth_ns'], settings['since_ns'], now_ns)


def diary_items(store: DiaryStore, crib: str, since_ns: int = 0) -> List[Union[Cry, Fact]]:
    """Return what a diary has of the baby in a crib, of what is not older than a time."""
    return [*cries_of(store.each('SELECT * FROM episodes WHERE onset_ns >= ? ORDER BY onset_ns',
                                 (since_ns,)), crib, since_ns),
            *facts_of(store.each_event(since_ns), crib, since_ns)]


def document_for(state: KeptState, crib: str) -> dict:
    """
    Return what a node keeps of a crib; the file of another crib is put by, for when it is back.

    :raises OSError: if it can't be read or moved.
    :raises ValueError: if it is no JSON; it is set aside.
    """
    document = state.read() or {}
    other = document.get('crib', crib)
    if other == crib or not isinstance(other, str):
        return document
    os.replace(state.path, _put_by(state, other))
    try:
        os.replace(_put_by(state, crib), state.path)
    except FileNotFoundError:
        return {}
    return state.read() or {}


def _put_by(state: KeptState, crib: str) -> Path:
    return state.path.with_suffix(f'.{safe_name(crib)}.json')


def kept_by_nodes() -> Dict[str, list]:
    """Return what estimators on this machine have kept, by crib; what is broken is left out."""
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    found: Dict[str, list] = {}
    for path in sorted(state_folder().glob(f'{domain}.*need_estimator*.json')):
        try:
            with open(path, 'rb') as file:
                document = read_document(file.read(LARGEST_BYTES + 1))
            if isinstance(document, dict) and isinstance(document.get('crib'), str):
                found.setdefault(document['crib'], []).extend(journal.read(document)[0])
        except (OSError, ValueError):
            continue
    return found


class DiaryReader:
    """
    Reads one baby's diary again and again, all of it where its past is not what it was.

    :param path: of the diary; there may be none yet.
    :param crib: whose baby.
    """

    def __init__(self, path: Path, crib: str) -> None:
        self._path, self._crib = path, crib
        self._past: Optional[tuple] = None      # of which file, how much before which time

    def read(self, since_ns: int, lately_ns: int) -> Tuple[List[Union[Cry, Fact]], bool]:
        """
        Return (what it has, whether its past has changed).

        What is older than ``lately_ns`` is read the first time, and when there is another file
        (a backup that was put in its place) or more or less of it than there was.

        :raises OSError: if it can't be read.
        :raises ValueError: if it is none.
        """
        before = self._past
        try:
            with DiaryStore(self._path, create=False, read_only=True) as store:
                status = os.stat(store.path)
                file = status.st_dev, status.st_ino
                until_ns = lately_ns if before is None else before[-1]
                is_known = before == (*file, *_counts(store, until_ns), until_ns)
                items = diary_items(store, self._crib, until_ns if is_known else since_ns)
                if not is_known or lately_ns > until_ns + DAY_NS:
                    self._past = (*file, *_counts(store, lately_ns), lately_ns)
        except FileNotFoundError:
            return [], False
        return items, before is not None and not is_known


def _counts(store: DiaryStore, until_ns: int) -> tuple:
    return tuple(store.rows('SELECT (SELECT count(*) FROM episodes WHERE onset_ns < ?) AS a, '
                            '(SELECT count(*) FROM events WHERE stamp_ns < ?) AS b',
                            (until_ns, until_ns))[0].values())


def read_items(path: Path, crib: str, since_ns: int = 0) -> List[Union[Cry, Fact]]:
    """
    Return what the diary at a path has; none where there is no diary.

    :raises OSError: if it can't be read.
    :raises ValueError: if it is none.
    """
    try:
        with DiaryStore(path, create=False, read_only=True) as store:
            return diary_items(store, crib, since_ns)
    except FileNotFoundError:
        return []


def utc_offset_h(stamp_ns: int) -> float:
    """Return by how many hours the wall clock is ahead of UTC at a time."""
    try:
        offset = datetime.fromtimestamp(stamp_ns / SECOND_NS).astimezone().utcoffset()
    except (OverflowError, OSError, ValueError):
        return 0.0
    return 0.0 if offset is None else offset.total_seconds() * SECOND_NS / HOUR_NS
