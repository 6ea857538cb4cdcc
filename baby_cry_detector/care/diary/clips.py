# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The sound of an episode, from some seconds before its onset: WAV files beside the diary.

Only for whoever switches it on. A file is whole at any moment (its header is rewritten with every
block), readable by its owner alone, and those that began first make room for new ones, whatever
the clock said then.
"""

from collections import deque
from dataclasses import dataclass
import os
from pathlib import Path
import queue
import threading
from typing import BinaryIO, Callable, Deque, List, NamedTuple, Optional, Tuple, Union
import wave

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.names import safe_name
from baby_cry_detector.units import SECOND_NS

BYTES_PER_SAMPLE = 2
SUFFIX = '.wav'
STEP_NS = 1_000_000
# Crying is reported some time after its onset: that much more is kept than the pre-roll.
REPORT_DELAY_NS = 10 * SECOND_NS


class _Format(NamedTuple):
    sample_rate: int
    channels: int

    @property
    def bytes_per_frame(self) -> int:
        return self.channels * BYTES_PER_SAMPLE

    @property
    def bytes_per_s(self) -> int:
        return self.sample_rate * self.bytes_per_frame


# Bounds what is kept while nobody has said what it is.
LARGEST_FORMAT = _Format(48_000, 2)


@dataclass
class _Clip:
    """The file that is written."""

    path: Path
    raw: BinaryIO
    file: wave.Wave_write
    format: _Format  # noqa: A003  # what it is called everywhere else
    room_bytes: int                        # how much more may go in
    from_ns: int                           # what ends before this is not of the clip


class ClipRecorder:
    """
    Keeps the newest seconds in memory, and a file while an episode goes on.

    :param folder: of the files; made when the first is written.
    :param pre_roll_s: how much before the onset is kept.
    :param longest_s: of one clip, pre-roll included.
    :param largest_mb: of all clips, in 10⁶ bytes.
    """

    def __init__(self, folder: Union[str, Path], pre_roll_s: float, longest_s: float,
                 largest_mb: float) -> None:
        """Nothing is kept yet."""
        self.folder = Path(folder)
        self._pre_roll_ns = round(pre_roll_s * SECOND_NS)
        self._longest_s = longest_s
        self._largest_bytes = largest_mb * 1e6
        # (start_ns, bytes), at most what may become a pre-roll.
        self._recent: Deque[Tuple[int, bytes]] = deque()
        self._recent_bytes = 0
        self._format: Optional[_Format] = None
        self._clip: Optional[_Clip] = None

    def set_format(self, sample_rate: int, channels: int) -> None:
        """
        Say what the bytes to come are; S16LE is the only coding.

        What came before anybody said so is of the first format: the word may be later than audio.
        """
        if self._format != (sample_rate, channels):
            self.end()
            if self._format is not None:
                self._recent.clear()
                self._recent_bytes = 0
            self._format = _Format(sample_rate, channels)

    def hear(self, start_ns: int, data: bytes) -> None:
        """
        Take a block of audio.

        :raises OSError: if the clip can't be written; it ends there.
        """
        self._recent.append((start_ns, data))
        self._recent_bytes += len(data)
        format_ = self._format or LARGEST_FORMAT
        most_bytes = (self._pre_roll_ns + REPORT_DELAY_NS) * format_.bytes_per_s // SECOND_NS
        while self._recent_bytes > most_bytes and len(self._recent) > 1:
            self._recent_bytes -= len(self._recent.popleft()[1])
        if self._clip is not None:
            self._write_if_due(self._clip, start_ns, data)

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
        self._make_room(path, round(self._longest_s * self._format.bytes_per_s))
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return None                    # a crash ended it; what was heard then is kept
        raw = os.fdopen(descriptor, 'wb')
        file = wave.open(raw, 'wb')
        file.setnchannels(self._format.channels)
        file.setsampwidth(BYTES_PER_SAMPLE)
        file.setframerate(self._format.sample_rate)
        clip = self._clip = _Clip(path, raw, file, self._format,
                                  int(self._longest_s * self._format.bytes_per_s),
                                  onset_ns - self._pre_roll_ns)
        self._write(clip, b'')             # a header: the file is whole from now on
        for start_ns, data in list(self._recent):
            self._write_if_due(clip, start_ns, data)
        return path

    def _write_if_due(self, clip: _Clip, start_ns: int, data: bytes) -> None:
        data = data[:len(data) - len(data) % clip.format.bytes_per_frame]
        end_ns = start_ns + len(data) * SECOND_NS // clip.format.bytes_per_s
        if clip is self._clip and end_ns > clip.from_ns:
            self._write(clip, data)

    def _write(self, clip: _Clip, data: bytes) -> None:
        frame = clip.format.bytes_per_frame
        data = data[:clip.room_bytes - clip.room_bytes % frame]
        try:
            clip.file.writeframes(data)
            clip.raw.flush()
        except OSError:
            self.end()
            raise
        clip.room_bytes -= len(data)
        if clip.room_bytes < frame:
            self.end()

    def end(self) -> None:
        """Close the clip, if one is written."""
        clip, self._clip = self._clip, None
        if clip is None:
            return
        for part in (clip.file, clip.raw):
            try:
                part.close()
            except OSError:
                pass                       # on a full disk; what was written before stays
        self._keep_order(clip.path)

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

    def _make_room(self, keep: Path, longest_bytes: int) -> None:
        clips = [path for _, path in self._clips(keep)]
        size = sum(path.stat().st_size for path in clips)
        while clips and size + longest_bytes > self._largest_bytes:
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
        self._tasks: queue.Queue[Optional[Callable[[], object]]] = queue.Queue(MOST_TASKS)
        self._has_format = False
        self._episode_id = ''
        # A cry that was told before the audio's format.
        self._due: Optional[CryState] = None
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

    def _do(self, task: Callable[[], object]) -> None:
        try:
            self._tasks.put_nowait(task)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            if task is None:
                self._recorder.end()
                return
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
