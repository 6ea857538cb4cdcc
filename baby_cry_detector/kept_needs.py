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
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

from baby_cry_detector.care.diary.export import time_text
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.from_diary import cries_of, facts_of
from baby_cry_detector.care.need.labels import Cry, Fact
from baby_cry_detector.kept_files import NoFileError, open_anew, open_to_read
from baby_cry_detector.kept_state import (files_aside, HeldError, KeptState, LARGEST_BYTES,
                                          read_document, state_folder)
from baby_cry_detector.names import safe_name
from baby_cry_detector.units import DAY_NS, HOUR_NS, SECOND_NS

# A process has the settings for less than a tenth of that.
PATIENCE_S = 3.0


def _warn(sentence: str) -> None:
    print(f'warning: {sentence}', file=sys.stderr)


def _domain() -> str:
    return os.environ.get('ROS_DOMAIN_ID') or '0'


@contextmanager
def kept(crib: str, warn: Callable[[str], None] = _warn, patience_s: Optional[float] = None
         ) -> Iterator[Tuple[KeptState, Dict[str, Any]]]:
    """
    Give (file, what it holds), and hold it; what is broken is set aside and said.

    :param patience_s: for the process that has it; ``None``: `PATIENCE_S`.
    :raises HeldError: if another process has it for longer.
    :raises journal.LaterVersionError: if a later version wrote it; it is left where it is.
    """
    state = _settings_held(crib, PATIENCE_S if patience_s is None else patience_s)
    try:
        document: Dict[str, Any] = {}
        try:
            document = state.read() or {}
            settings = checked_settings(document)
        except journal.LaterVersionError as error:
            raise journal.LaterVersionError(
                f'{state.path}: {error}; it is left as it is') from None
        except ValueError as error:
            broken = f'{state.path}: {error}{state.set_aside()}' if document else f'{error}'
            warn(f'{broken}; the date of birth and what was imported, which it held, are known '
                 'only as far as need_estimator has kept them (else give them again); what can be '
                 'learnt from the diary is learnt again')
            settings = checked_settings({})
        yield state, _since_forgotten(settings, crib)
    finally:
        state.close()


def _settings_held(crib: str, patience_s: float) -> KeptState:
    until_s = time.monotonic() + patience_s
    while True:
        try:
            return KeptState('/need', f'.{safe_name(crib)}')
        except HeldError:
            if time.monotonic() >= until_s:
                raise HeldError(f'another process is writing {settings_file(crib)}; try again'
                                ) from None
        time.sleep(0.02)


def settings_of(crib: str, warn: Callable[[str], None] = _warn) -> Dict[str, Any]:
    """
    Return what is set for a crib, as `kept` gives it; without waiting or holding anything.

    :raises OSError: if it can't be read, or is broken while somebody else holds it.
    :raises journal.LaterVersionError: if a later version wrote it.
    """
    try:
        with open_to_read(settings_file(crib)) as file:
            document = read_document(file.read(LARGEST_BYTES + 1))
        if isinstance(document, dict):
            return _since_forgotten(checked_settings(document), crib)
    except FileNotFoundError:
        return _since_forgotten(checked_settings({}), crib)
    except ValueError:
        pass
    with kept(crib, warn, 0.0) as (_, settings):
        return settings


def _since_forgotten(settings: Dict[str, Any], crib: str) -> Dict[str, Any]:
    """Return what is set, as far as it counts since a crib's baby was last forgotten."""
    mark_ns = forgotten_ns(crib)
    if mark_ns <= settings['since_ns']:
        return settings
    # Forgetting has not reached the file itself: what it holds was imported before.
    return {**settings, 'since_ns': mark_ns, 'items': []}


def settings_file(crib: str) -> Path:
    """Return where what was set for a crib lies."""
    return state_folder() / f'{_domain()}.need.{safe_name(crib)}.json'


def is_set(crib: str) -> bool:
    """Return whether anything was set for a crib, or it was forgotten."""
    path = settings_file(crib)
    return path.exists() or path.with_suffix('.forgotten').exists()


def cribs_set() -> List[str]:
    """Return the cribs that something is set for, as far as their names can be told."""
    before = f'{_domain()}.need.'
    found = set()
    for path in state_folder().glob(f'{before}*.json'):
        name = path.name[len(before):-len('.json')]
        try:
            with open_to_read(path) as file:
                name = read_document(file.read(LARGEST_BYTES + 1)).get('crib', name)
        except (AttributeError, OSError, ValueError):
            pass
        if isinstance(name, str) and settings_file(name) == path:
            found.add(name)
    return sorted(found)


def forgotten_ns(crib: str) -> int:
    """
    Return since when a crib's baby is learnt: when it was last forgotten; 0: it never was.

    It has a file of its own, so that no broken or later file of settings brings back what was
    forgotten; broken itself, it was at least written at about that time.

    :raises OSError: if there is one that can't be read.
    """
    path = settings_file(crib).with_suffix('.forgotten')
    try:
        with open_to_read(path) as file:
            text = file.read(40)
            written_ns = os.fstat(file.fileno()).st_mtime_ns
    except FileNotFoundError:
        return 0
    except NoFileError:
        return os.stat(path).st_mtime_ns
    return int(text) if text.strip().isdigit() and len(text) < 20 else written_ns


def forget(crib: str, now_ns: int) -> str:
    """
    Keep that what happened to a crib's baby before a time is not learnt from, and keep none of it.

    First comes the mark, so that it is forgotten whatever becomes of the other files. What a node
    that is running has kept it forgets itself, when it looks at its settings.

    :return: what of the settings stays and why, a sentence; '' if nothing does.
    :raises OSError: if the mark can't be kept, or what else can't be emptied.
    """
    _mark(crib, now_ns)
    try:
        _empty_kept(crib, now_ns)
    finally:
        stays = _empty_settings(crib, now_ns)
    return stays


def _mark(crib: str, now_ns: int) -> None:
    """Keep since when a crib's baby is learnt."""
    path = settings_file(crib).with_suffix('.forgotten')
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(f'.forgotten.{os.getpid()}.new')
    with open(open_anew(new), 'w') as file:
        file.write(str(now_ns))
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


def _empty_kept(crib: str, now_ns: int) -> None:
    """Empty what estimators that do not run have kept of a crib."""
    for path, document in _node_files(lambda sentence: None):
        if document['crib'] == crib:
            _empty(path, {**document, 'since_ns': now_ns})


def _empty_settings(crib: str, now_ns: int) -> str:
    """Take what was imported out of what is set; return why that is not possible, '' if it is."""
    path = settings_file(crib)
    try:
        with kept(crib) as (state, settings):
            keep_settings(state, crib, {**settings, 'items': [], 'since_ns': now_ns}, now_ns)
            for aside in files_aside(path):
                aside.unlink(missing_ok=True)
    except journal.LaterVersionError:
        return (f'{path} was written by a later version of this program and stays as it is; what '
                'was imported into it before now does not count')
    except HeldError:
        raise
    except OSError as error:
        return (f'{path} stays as it is ({error.strerror or error}); what was imported into it '
                'before now does not count')
    return ''


def _empty(path: Path, document: Dict[str, Any]) -> None:
    try:
        # As the node of that file would take it, so that none that runs loses what it has.
        state = KeptState(path.stem[len(_domain()):])
    except HeldError:
        return
    try:
        state.keep({**journal.to_document([], [], document.get('birth_ns'), document['since_ns']),
                    'crib': document['crib']})
        for aside in files_aside(path):
            aside.unlink(missing_ok=True)
    finally:
        state.close()


def ahead_sentence(since_ns: int, now_ns: int) -> str:
    """Return what is wrong where it was forgotten at a time to come; '' if nothing is."""
    if since_ns <= now_ns + HOUR_NS:
        return ''
    return (f'it was forgotten while a clock was ahead: nothing before {time_text(since_ns)} is '
            'learnt; once the clock here is right, forget once more, and it learns from then on')


def checked_settings(document: Dict[str, Any]) -> Dict[str, Any]:
    """
    Return what a file holds: {since_ns, items}, and birth_ns if it says anything of that.

    :raises ValueError: if it is broken or of a later version.
    """
    items, birth_ns, since_ns = journal.read(document)
    settings = {'since_ns': since_ns, 'items': items}
    return {**settings, 'birth_ns': birth_ns} if 'birth_ns' in document else settings


def document_of(settings: Dict[str, Any], now_ns: Optional[int] = None) -> Dict[str, Any]:
    """Return what `checked_settings` returned as it is kept."""
    items = settings['items']
    document = journal.to_document([item for item in items if isinstance(item, Cry)],
                                   [item for item in items if isinstance(item, Fact)],
                                   settings.get('birth_ns'), settings['since_ns'], now_ns)
    if 'birth_ns' not in settings:
        del document['birth_ns']
    return document


def keep_settings(state: KeptState, crib: str, settings: Dict[str, Any], now_ns: int) -> str:
    """
    Keep what is set for a crib.

    :return: what of it there is no room for, a sentence; '' if there is for all.
    :raises OSError: if that fails.
    """
    document = document_of(settings, now_ns)
    state.keep({**document, 'crib': crib})
    return journal.left_out_sentence(document)


def diary_items(store: DiaryStore, crib: str, since_ns: int = 0) -> List[Union[Cry, Fact]]:
    """Return what a diary has of the baby in a crib, of what is not older than a time."""
    return [*cries_of(store.each('SELECT * FROM episodes WHERE onset_ns >= ? ORDER BY onset_ns',
                                 (since_ns,)), crib, since_ns),
            *facts_of(store.each_event(since_ns), crib, since_ns)]


def document_for(state: KeptState, crib: str) -> Dict[str, Any]:
    """
    Return what a node keeps of a crib; the file of another crib is put by, for when it is back.

    :raises OSError: if it can't be read or moved.
    :raises ValueError: if it is no JSON; it is set aside.
    """
    document = state.read()
    other = crib if document is None else document.get('crib', crib)
    if document is not None and (other == crib or not isinstance(other, str)):
        return document
    if document is not None:
        os.replace(state.path, _put_by(state, other))
    # A process that was killed between both steps has left none of its own.
    try:
        os.replace(_put_by(state, crib), state.path)
    except FileNotFoundError:
        return {}
    return state.read() or {}


def _put_by(state: KeptState, crib: str) -> Path:
    return state.path.with_suffix(f'.{safe_name(crib)}.json')


def _node_files(warn: Callable[[str], None]) -> Iterator[Tuple[Path, Dict[str, Any]]]:
    """Yield (path, what it holds) of what estimators on this machine have kept and can be read."""
    for path in sorted(state_folder().glob(f'{_domain()}.*need_estimator*.json')):
        if path.name.startswith(f'{_domain()}.need.'):
            continue                    # what is set for a crib of such a name
        try:
            with open_to_read(path) as file:
                document = read_document(file.read(LARGEST_BYTES + 1))
            if not isinstance(document, dict):
                raise ValueError('it is no object')
            journal.read(document)
        except (OSError, ValueError) as error:
            warn(f'{path}: {error}; it is left out')
            continue
        if isinstance(document.get('crib'), str):
            yield path, document


def kept_by_nodes(warn: Callable[[str], None] = _warn) -> Dict[str, journal.Kept]:
    """Return what estimators on this machine have kept, by crib; what is left out is said."""
    found: Dict[str, journal.Kept] = {}
    for _, document in _node_files(warn):
        one = journal.read(document)
        before = found.get(document['crib'], journal.Kept([]))
        found[document['crib']] = journal.Kept(
            [*before.items, *one.items],
            one.birth_ns if before.birth_ns is None else before.birth_ns,
            max(before.since_ns, one.since_ns))
    return found


class DiaryReader:
    """
    Reads one baby's diary again and again, all of it where its past is not what it was.

    :param path: of the diary; there may be none yet.
    :param crib: whose baby.
    """

    def __init__(self, path: Path, crib: str) -> None:
        self._path, self._crib = path, crib
        # Of which file, how much before which time.
        self._past: Optional[Tuple[int, ...]] = None

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


def _counts(store: DiaryStore, until_ns: int) -> Tuple[int, ...]:
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
