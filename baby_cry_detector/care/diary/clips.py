# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The sound of an episode, from some seconds before its onset: WAV files beside the diary.

Only for whoever switches it on. A file is whole at any moment (its header is rewritten with every
block), readable by its owner alone, and those that began first make room for new ones, whatever
the clock said then.
"""

from collections import deque
import os
from pathlib import Path
import queue
import threading
from typing import Callable, List, Optional, Tuple
import wave

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.names import safe_name
from baby_cry_detector.units import SECOND_NS

BYTES_PER_SAMPLE = 2
SUFFIX = '.wav'
STEP_NS = 1_000_000
# Crying is reported some time after its onset: that much more is kept than the pre-roll.
REPORT_DELAY_NS = 10 * SECOND_NS


class ClipRecorder:
    """
    Keeps the newest seconds in memory, and a file while an episode goes on.

    :param folder: of the files; made when the first is written.
    :param pre_roll_s: how much before the onset is kept.
    :param longest_s: of one clip, pre-roll included.
    :param largest_mb: of all clips, in 10⁶ bytes.
    """

    def __init__(self, folder, pre_roll_s: float, longest_s: float, largest_mb: float):
        """Nothing is kept yet."""
        self.folder = Path(folder)
        self._pre_roll_ns = round(pre_roll_s * SECOND_NS)
        self._longest_s = longest_s
        self._largest_bytes = largest_mb * 1e6
        self._recent = deque()             # (start_ns, bytes), at most what may become a pre-roll
        self._format = None
        self._recent_bytes = 0
        self._file: Optional[wave.Wave_write] = None
        self._raw = None
        self._path = Path()
        self._room_bytes = 0
        self._from_ns = 0                  # what ends before this is not of the clip

    def set_format(self, sample_rate: int, channels: int) -> None:
        """Say what the bytes to come are; S16LE is the only coding."""
        if self._format != (sample_rate, channels):
            self.end()
            self._recent.clear()
            self._recent_bytes = 0
            self._format = (sample_rate, channels)

    @property
    def _bytes_per_s(self) -> int:
        return self._format[0] * self._format[1] * BYTES_PER_SAMPLE

    def hear(self, start_ns: int, data: bytes) -> None:
        """
        Take a block of audio.

        :raises OSError: if the clip can't be written; it ends there.
        """
        if self._format is None:
            return
        data = data[:len(data) - len(data) % (self._format[1] * BYTES_PER_SAMPLE)]
        self._recent.append((start_ns, data))
        self._recent_bytes += len(data)
        most_bytes = (self._pre_roll_ns + REPORT_DELAY_NS) * self._bytes_per_s // SECOND_NS
        while self._recent_bytes > most_bytes and len(self._recent) > 1:
            self._recent_bytes -= len(self._recent.popleft()[1])
        self._write_if_due(start_ns, data)

    def begin(self, episode_id: str, onset_ns: int) -> Optional[Path]:
        """
        Start the clip of an episode; what was heard before its onset comes first.

        :return: the file, or ``None`` if there is nothing to write, or it exists already.
        :raises OSError: if it can't be written.
        """
        self.end()
        if self._format is None:
            return None
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f'{safe_name(episode_id, also=".", longest=150)}{SUFFIX}'
        self._make_room(path)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return None                    # a crash ended it; what was heard then is kept
        self._raw = os.fdopen(descriptor, 'wb')
        self._path = path
        self._file = wave.open(self._raw, 'wb')
        self._file.setnchannels(self._format[1])
        self._file.setsampwidth(BYTES_PER_SAMPLE)
        self._file.setframerate(self._format[0])
        self._room_bytes = int(self._longest_s * self._bytes_per_s)
        self._from_ns = onset_ns - self._pre_roll_ns
        self._write(b'')                   # a header: the file is whole from now on
        for start_ns, data in list(self._recent):
            self._write_if_due(start_ns, data)
        return path

    def _write_if_due(self, start_ns: int, data: bytes) -> None:
        end_ns = start_ns + len(data) * SECOND_NS // self._bytes_per_s
        if self._file is not None and end_ns > self._from_ns:
            self._write(data)

    def _write(self, data: bytes) -> None:
        frame = self._format[1] * BYTES_PER_SAMPLE
        data = data[:self._room_bytes - self._room_bytes % frame]
        try:
            self._file.writeframes(data)
            self._raw.flush()
        except OSError:
            self.end()
            raise
        self._room_bytes -= len(data)
        if self._room_bytes < frame:
            self.end()

    def end(self) -> None:
        """Close the clip, if one is written."""
        if self._file is None:
            return
        file, self._file = self._file, None
        for part in (file, self._raw):
            try:
                part.close()
            except OSError:
                pass                       # on a full disk; what was written before stays
        self._keep_order(self._path)

    def _clips(self, but: Path) -> List[Tuple[int, Path]]:
        """Return when the other clips were written, oldest first."""
        return sorted((path.stat().st_mtime_ns, path) for path in self.folder.glob(f'*{SUFFIX}')
                      if path != but)

    def _keep_order(self, path: Path) -> None:
        """Let the newest clip be dated after all others, whatever the clock says."""
        try:
            newest_ns = max((when_ns for when_ns, _ in self._clips(path)), default=0)
            if path.stat().st_mtime_ns <= newest_ns:
                os.utime(path, ns=(newest_ns + STEP_NS, newest_ns + STEP_NS))
        except OSError:
            pass                           # it goes before its turn

    def _make_room(self, keep: Path) -> None:
        clips = [path for _, path in self._clips(keep)]
        size = sum(path.stat().st_size for path in clips)
        longest = self._longest_s * self._bytes_per_s
        while clips and size + longest > self._largest_bytes:
            size -= clips[0].stat().st_size
            clips.pop(0).unlink(missing_ok=True)


MOST_TASKS = 300                # blocks of 0.1 s: a disk may pause for half a minute


class ClipThread:
    """
    Follows episodes with a recorder that works in a thread of its own: nobody waits for the disk.

    :param say: called in that thread with a sentence about what could not be written.
    :ivar dropped: how many blocks a disk that did not answer has cost.
    """

    def __init__(self, recorder: ClipRecorder, say: Callable[[str], None]):
        """Start."""
        self._recorder, self._say = recorder, say
        self._tasks = queue.Queue(MOST_TASKS)
        self._has_format = False
        self._episode_id = ''
        self._due = None               # a cry that was told before the audio's format
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name='clips', daemon=True)
        self._thread.start()

    def set_format(self, sample_rate: int, channels: int) -> None:
        """Say what the bytes to come are; see `ClipRecorder.set_format`."""
        self._do(lambda: self._recorder.set_format(sample_rate, channels))
        self._has_format = True
        if self._due is not None:
            self.follow(self._due)

    def hear(self, start_ns: int, data: bytes) -> None:
        """Take a block of audio."""
        self._do(lambda: self._recorder.hear(start_ns, data))

    def follow(self, sample: CryState) -> None:
        """Begin a clip with an episode, and end it with the crying."""
        if sample.crying and not self._has_format:
            self._due = sample
        elif sample.crying and self._episode_id != sample.episode_id:
            self._episode_id, self._due = sample.episode_id, None
            self._do(lambda: self._recorder.begin(sample.episode_id, sample.onset_ns))
        elif not sample.crying and sample.is_heard:
            self._due = None
            self.end()

    def end(self) -> None:
        """End the clip that is written."""
        self._do(self._recorder.end)

    def _do(self, task):
        try:
            self._tasks.put_nowait(task)
        except queue.Full:
            self.dropped += 1

    def _run(self):
        while True:
            task = self._tasks.get()
            if task is None:
                return self._recorder.end()
            try:
                task()
            except (OSError, ValueError) as error:
                self._say(f'cannot write a clip: {error}')

    def close(self, timeout_s: float = 3.0) -> None:
        """End the clip that is written and the thread."""
        try:
            self._tasks.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)
