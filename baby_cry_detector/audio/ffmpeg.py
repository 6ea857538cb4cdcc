# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What libsndfile can't read and FFmpeg can, as a stream of the same blocks."""

import os
import re
import shutil
import struct
import subprocess
import tempfile
from typing import Any, Iterator, List, Optional, Tuple

from baby_cry_detector.audio.channels import AUTO, Choice
from baby_cry_detector.audio.containers import Recording
from baby_cry_detector.audio.errors import AudioSourceError
from baby_cry_detector.audio.sources import FileSource, PathLike, SAMPLE_RATE
import numpy as np

_LONGEST_HEADER = 1 << 16
# Which of its objects says something is of use to those who debug FFmpeg.
_ADDRESS = re.compile(r'\[[^]]* @ 0x[0-9a-f]+\] *')


class FfmpegSource(FileSource):
    """
    Any file that the program ``ffmpeg`` reads: the first audio track of it, as `FileSource`.

    :raises AudioSourceError: as `FileSource`; also if there is no ffmpeg.
    """

    def _find_recordings(self) -> List[Optional[Recording]]:
        found = super()._find_recordings()         # there, a file, not empty
        if shutil.which('ffmpeg') is None:
            raise AudioSourceError(f'{self.path}: not a format that libsndfile reads; ffmpeg may '
                                   'read it (apt-get install ffmpeg)')
        # What is a file of its own is handed over as such; other sizes FFmpeg mends itself.
        is_joined = len(found) > 1 and all(
            part is not None and part.samples is None and not part.head for part in found)
        return found if is_joined else [None]

    def _open(self, recording: Optional[Recording]) -> '_Decoding':
        return _Decoding(self.path, recording)

    def _has_samples(self, file: Any) -> bool:
        return len(file.read(1)) > 0

    def _frames(self, file: Any, recording: Optional[Recording]) -> Iterator[np.ndarray]:
        yield from super()._frames(file, None)
        if file.complaint:
            self._tell(f'damaged: {file.complaint}')


def open_recording(path: PathLike, sample_rate: int = SAMPLE_RATE, block_duration_s: float = 0.02,
                   loop: bool = False, channel: Choice = AUTO) -> FileSource:
    """
    Return a source; FFmpeg, where it is installed, reads what libsndfile does not (M4A, videos).

    :raises AudioSourceError: as `FileSource`, with what FFmpeg says too.
    """
    try:
        return FileSource(path, sample_rate, block_duration_s, loop, channel)
    except AudioSourceError as error:
        if 'cannot decode it' not in str(error) and 'damaged' not in str(error):
            raise
        try:
            return FfmpegSource(path, sample_rate, block_duration_s, loop, channel)
        except AudioSourceError as second:
            why = str(second).removeprefix(f'{path}: ')
            raise AudioSourceError(f'{error}; {why}') from None


class _Decoding:
    """A running ffmpeg; what `FileSource` needs of a `soundfile.SoundFile`."""

    format = 'ffmpeg'  # noqa: A003  # what it is called everywhere else
    frames = 1 << 62                       # not known before the end

    def __init__(self, path: PathLike, part: Optional[Recording] = None) -> None:
        self._path = path
        self._errors = tempfile.TemporaryFile()
        # file: so that no name is taken for an option, a protocol or a pattern.
        url = b'file:' + os.fsencode(path)
        if part is not None:
            url = b'subfile,,start,%d,end,%d,,:%s' % (part.first, part.first + part.size, url)
        self._process = subprocess.Popen(
            [b'ffmpeg', b'-nostdin', b'-v', b'error', b'-protocol_whitelist',
             b'file,pipe,subfile', b'-threads', b'1', b'-i', url, b'-map', b'0:a:0', b'-vn',
             b'-c:a', b'pcm_s16le', b'-bitexact', b'-f', b'wav', b'pipe:1'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors)
        assert self._process.stdout is not None
        self._output = self._process.stdout
        self.complaint = ''
        try:
            self.samplerate, self.channels = self._header()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> '_Decoding':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End ffmpeg."""
        if self._process.poll() is None:
            self._process.kill()
        self._output.close()
        self._process.wait()
        self._errors.close()

    def read(self, count: int = -1, dtype: str = 'float64', always_2d: bool = True,
             out: Optional[np.ndarray] = None) -> np.ndarray:
        """Return the next frames, (n, channels), full scale 1; at the end fewer."""
        count = len(out) if out is not None else count
        wide = 2 * self.channels
        data = self._output.read(count * wide)
        if len(data) < count * wide:
            self._end()
        frames = np.frombuffer(data[:len(data) // wide * wide], '<i2').reshape(-1, self.channels)
        return frames / 32768.0

    def _end(self) -> None:
        if self._process.wait() or not self.complaint:
            self.complaint = self._said()

    def _said(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 2000))
        said = self._errors.read().decode(errors='replace').strip()
        if 'moov atom not found' in said:
            return ('it was cut off: its index, which is written last (moov), is missing; a '
                    'program such as untrunc makes one anew')
        if 'matches no streams' in said:
            return 'it holds no sound'
        return _ADDRESS.sub('', said.splitlines()[-1]).strip() if said else ''

    def _exactly(self, count: int) -> bytes:
        data = self._output.read(count)
        if len(data) < count:
            self._process.wait()
            raise AudioSourceError(f'{self._path}: cannot be decoded, by ffmpeg neither '
                                   f'({self._said() or "no audio track"})')
        return data

    def _header(self) -> Tuple[int, int]:
        """Return (rate, channels) from the WAV header, up to the first sample."""
        if self._exactly(12)[8:] != b'WAVE':
            raise AudioSourceError(f'{self._path}: ffmpeg gives no WAV')
        rate = channels = 0
        for _ in range(64):
            name, size = struct.unpack('<4sI', self._exactly(8))
            if name == b'data':
                break
            body = self._exactly(min(size + size % 2, _LONGEST_HEADER))
            if name == b'fmt ':
                _, channels, rate = struct.unpack_from('<HHI', body)
        if not rate or not channels:
            raise AudioSourceError(f'{self._path}: ffmpeg gives no WAV')
        return rate, channels
