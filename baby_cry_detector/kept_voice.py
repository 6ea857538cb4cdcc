# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How a baby's episodes sounded, in a file of this machine that only its owner can read.

It goes to no topic, no page, no export and no backup. `cry_classifier` adds a line for each
episode and `need_estimator` reads them, both only with ``use_sound``; `erase` ends it.
"""

import base64
from contextlib import contextmanager
import fcntl
import json
import os
from pathlib import Path
import time
from typing import Dict, Iterator, List, Optional, Tuple

from baby_cry_detector.decision.episode_sound import EpisodeSound
from baby_cry_detector.kept_files import NoFileError, open_anew, open_to_read
from baby_cry_detector.kept_state import files_aside, set_aside, state_folder
from baby_cry_detector.names import safe_name
import numpy as np

FORMAT = 'baby_cry voice 1'
FORMATS = 'baby_cry voice '
LATER = 'was written by a later version of this program'
MOST, MOST_AFTER_PRUNING = 2400, 2000
LARGEST_BYTES = 1_000_000
MOST_VALUES = 256
LONGEST_NAME = 500
PATIENCE_S = 2.0
# Beyond what half precision holds: descriptors are far below.
LARGEST_VALUE = 6e4


def voice_file(crib: str) -> Path:
    """
    Return the file of a crib's baby.

    :raises OSError: if there is no home to put it into.
    """
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    return state_folder() / f'{domain}.voice.{safe_name(crib)}.jsonl'


@contextmanager
def _held(path: Path, patience_s: float) -> Iterator[None]:
    """Hold a file, so that nothing is added to what is just being replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(path.with_suffix('.lock'), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until_s = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= until_s:
                    raise OSError(f'another process holds {path}') from None
                time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def add(crib: str, sound: EpisodeSound) -> bool:
    """
    Keep how an episode sounded; never waits.

    :return: whether it was kept: not if it began before all of it was erased.
    :raises OSError: if it can't be.
    """
    path = voice_file(crib)
    with _held(path, 0.0):
        erased_ns, lines, strange = _read(path)
        if sound.onset_ns <= erased_ns or len(sound.values) > MOST_VALUES \
                or not 0 < len(sound.episode_id) <= LONGEST_NAME \
                or not np.abs(sound.values).max(initial=0.0) < LARGEST_VALUE:
            return False
        line = _line(sound)
        if strange == LATER:
            raise OSError(f'{path} {LATER}; it is left as it is')
        if strange:
            said = set_aside(path)
            if path.exists():
                raise OSError(f'{path} {strange}{said}')
        if len(lines) >= MOST or _size(path) + len(line) > LARGEST_BYTES:
            _replace(path, erased_ns, _newest([*lines, line]))
        elif not lines:
            _replace(path, erased_ns, [line])
        else:
            with open(os.open(path, os.O_RDWR | os.O_APPEND), 'rb+') as file:
                file.seek(-1, os.SEEK_END)
                # A process that was killed has left half a line: it is alone in its own.
                torn = b'' if file.read(1) == b'\n' else b'\n'
                file.write(torn + line)
    return True


def sounds(crib: str, known: Optional[Dict[bytes, Optional[EpisodeSound]]] = None
           ) -> Tuple[List[EpisodeSound], str]:
    """
    Return (what is kept of a crib's baby, oldest first; what of it can't be read, a sentence).

    Of several kinds only that of the newest line is given.

    :param known: what lines say, of an earlier call; what is there now is put in.
    :raises OSError: if there is a file that can't be read.
    """
    path = voice_file(crib)
    erased_ns, lines, strange = _read(path)
    if strange:
        return [], f'{path} {strange}; ' + (
            'it is left as it is' if strange == LATER else
            f'it is kept as {path.stem}.DATE.bad once there is something new')
    before = known or {}
    said = {line: before[line] if line in before else _sound(line) for line in lines}
    if known is not None:
        known.clear()
        known.update(said)
    found: Dict[str, EpisodeSound] = {}
    broken = 0
    for sound in said.values():
        if sound is None:
            broken += 1
        elif sound.onset_ns > erased_ns:
            # Of an episode that a restart cut in two, what was known first.
            found.setdefault(sound.episode_id, sound)
    newest = list(found.values())[-1:]
    kept = [sound for sound in found.values() if sound.kind == newest[0].kind
            and sound.values.shape == newest[0].values.shape]
    return kept, f'{broken} lines of {path} are broken and left out' if broken else ''


def erase(crib: str, now_ns: int) -> int:
    """
    Erase it all; what began before is not kept any more, even if it goes on.

    :return: how much there was.
    :raises OSError: if that fails.
    """
    path = voice_file(crib)
    if not path.parent.is_dir():
        return 0
    with _held(path, PATIENCE_S):
        _, lines, _ = _read(path)
        for file in (path.with_suffix('.bad'), *files_aside(path)):
            file.unlink(missing_ok=True)
        _replace(path, now_ns, [])
    return len(lines)


class VoiceReader:
    """
    Reads what is kept of a crib's baby whenever there is something new.

    :ivar trouble: what of it can't be read, a sentence; '' if nothing is wrong.
    """

    def __init__(self, crib: str) -> None:
        self._crib = crib
        self._stamp: Optional[Tuple[int, int, int]] = None
        self._known: Dict[bytes, Optional[EpisodeSound]] = {}
        self.trouble = ''

    def news(self) -> Optional[List[EpisodeSound]]:
        """Return all that is kept, if that is not what was returned before."""
        try:
            stamp = self._stamp_of_file()
            if stamp == self._stamp:
                return None
            found, self.trouble = sounds(self._crib, self._known)
            self._stamp = stamp
        except OSError as error:
            self.trouble = f'how episodes sounded can not be read: {error}'
            return None
        return found

    def _stamp_of_file(self) -> Optional[Tuple[int, int, int]]:
        try:
            status = os.stat(voice_file(self._crib))
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _read(path: Path) -> Tuple[int, List[bytes], str]:
    """
    Return (until when it was erased, lines, why it is none that can be read, '' if it can).

    A last line that was not finished is left out.
    """
    try:
        with open_to_read(path) as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return 0, [], ''
    except NoFileError as error:
        return 0, [], str(error)
    first, *lines = data[:data.rfind(b'\n') + 1].splitlines(keepends=True) or [b'']
    try:
        head = json.loads(first)
        if head['format'] == FORMAT and type(head['erased_ns']) is int:
            return head['erased_ns'], lines, ''
        if head['format'].startswith(FORMATS) and int(head['format'][len(FORMATS):]) > 1:
            return 0, [], LATER
    except (AttributeError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return 0, [], 'was not written by this program' if data else ''


def _newest(lines: List[bytes]) -> List[bytes]:
    """Return the newest lines, so many that more can be added and all can be read."""
    size = 0
    for number, line in enumerate(reversed(lines)):
        size += len(line)
        if number == MOST_AFTER_PRUNING or size > LARGEST_BYTES // 5 * 4:
            return lines[len(lines) - number:]
    return lines


def _replace(path: Path, erased_ns: int, lines: List[bytes]) -> None:
    new = path.with_suffix('.new')
    with open(open_anew(new), 'wb') as file:
        file.write(json.dumps({'format': FORMAT, 'erased_ns': erased_ns}).encode() + b'\n')
        file.writelines(lines)
    os.replace(new, path)


def _line(sound: EpisodeSound) -> bytes:
    values = base64.b64encode(np.asarray(sound.values, '<f2').tobytes()).decode()
    return json.dumps([sound.episode_id, sound.onset_ns, sound.kind, values]).encode() + b'\n'


def _sound(line: bytes) -> Optional[EpisodeSound]:
    """Return what a line says; ``None`` if it makes no sense."""
    try:
        episode_id, onset_ns, kind, text = json.loads(line)
        values = np.frombuffer(base64.b64decode(text, validate=True), '<f2').astype(np.float32)
    except (ValueError, TypeError, RecursionError):
        return None
    if not (isinstance(episode_id, str) and 0 < len(episode_id) <= LONGEST_NAME
            and type(onset_ns) is int and 0 < onset_ns < 2**62 and isinstance(kind, str)
            and 0 < len(values) <= MOST_VALUES and np.isfinite(values).all()):
        return None
    return EpisodeSound(episode_id, onset_ns, kind, values)
