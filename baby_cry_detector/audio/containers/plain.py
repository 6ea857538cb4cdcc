# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Containers of plain samples: WAV, Wave64, AIFF and AU; FLAC and Ogg where they were joined."""

from dataclasses import dataclass
import io
import mmap
import os
import struct
from typing import Any, Callable, Iterator, List, Optional, Tuple, Union

WAVE_FORMATS = {(1, 1): 'PCM_U8', (1, 2): 'PCM_16', (1, 3): 'PCM_24', (1, 4): 'PCM_32',
                (3, 4): 'FLOAT', (3, 8): 'DOUBLE', (6, 1): 'ALAW', (7, 1): 'ULAW'}
AU_FORMATS = {1: ('ULAW', 1), 2: ('PCM_S8', 1), 3: ('PCM_16', 2), 4: ('PCM_24', 3),
              5: ('PCM_32', 4), 6: ('FLOAT', 4), 7: ('DOUBLE', 8), 27: ('ALAW', 1)}
AIFC_FORMATS = {b'fl32': 'FLOAT', b'FL32': 'FLOAT', b'fl64': 'DOUBLE', b'FL64': 'DOUBLE',
                b'ulaw': 'ULAW', b'ULAW': 'ULAW', b'alaw': 'ALAW', b'ALAW': 'ALAW'}
# So much of a file is looked through at a time.
PART = 1 << 24
W64_TAIL = bytes.fromhex('f3acd3118cd100c04f8edb8a')
W64_RIFF = b'riff' + bytes.fromhex('2e91cf11a5d628db04c10000')
# Chunks that WAV files of recorders and editors really have; others may be samples.
CHUNKS = {b'LIST', b'INFO', b'id3 ', b'ID3 ', b'bext', b'iXML', b'axml', b'fact', b'cue ', b'smpl',
          b'inst', b'PEAK', b'JUNK', b'junk', b'PAD ', b'FLLR', b'afsp', b'DISP', b'_PMX', b'umid',
          b'levl', b'chna', b'plst', b'adtl', b'cart', b'minf', b'elm1', b'regn', b'acid', b'strc',
          b'SAUR', b'LGWV', b'wavl', b'slnt', b'note', b'labl', b'MARK', b'NAME', b'AUTH', b'(c) ',
          b'ANNO', b'COMT', b'INST', b'APPL', b'guan', b'mext', b'r64m', b'ds64'}


@dataclass(frozen=True)
class Samples:
    """How plain samples are to be read, as libsndfile calls it."""

    sample_rate: int
    channels: int
    subtype: str
    endian: str = 'LITTLE'


@dataclass(frozen=True)
class Recording:
    """
    One recording in a file.

    :param first: number of its first byte.
    :param size: bytes.
    :param samples: how they are to be read; ``None``: they are a file of their own.
    :param head: bytes that have to come before, a header with a mended size.
    :param told_s: what its header said there was, seconds; ``None`` if it is right, -1 if it says
        nothing but the end is missing.
    :param misread: whether libsndfile does not find its way to the samples.
    :param lost_chunk: name of a chunk in front of them whose length leads out of the file.
    """

    first: int
    size: int
    samples: Optional[Samples] = None
    head: bytes = b''
    told_s: Optional[float] = None
    misread: bool = False
    lost_chunk: str = ''


class Bytes(io.RawIOBase):
    """A `Recording` as a file that can be read and sought; for libsndfile."""

    def __init__(self, path: Union[str, 'os.PathLike[str]'], recording: Recording) -> None:
        """Open the file."""
        super().__init__()
        self._file = open(path, 'rb')
        self._recording = recording
        self._size = len(recording.head) + recording.size
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte of the recording."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the number of the next byte."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there is something."""
        view, head = memoryview(buffer).cast('B'), self._recording.head
        count = max(0, min(len(view), self._size - self._at))
        done = 0
        if self._at < len(head):
            part = head[self._at:self._at + count]
            view[:len(part)] = part
            done = len(part)
        if done < count:
            self._file.seek(self._recording.first + self._at + done - len(head))
            part = self._file.read(count - done)
            view[done:done + len(part)] = part
            done += len(part)
        self._at += done
        return done

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


# What `READERS` look through, and whether a reader fits and what it yields of a size.
Data = Union[bytes, mmap.mmap]
Reader = Tuple[Callable[[Data], bool], Callable[[Data, int], Iterator[Recording]]]


# --- chunks with 32-bit sizes: RIFF and AIFF -----------------------------------------------------

def _plausible(data: Data, at: int, size: int) -> bool:
    return at + 8 <= size and (bytes(data[at:at + 4]) in CHUNKS
                               or bytes(data[at:at + 4]) in (b'data', b'fmt ', b'SSND', b'COMM'))


def _after(data: Data, at: int, length: int, size: int) -> int:
    """Return where the chunk after one begins; some writers forget to pad odd ones."""
    end = at + 8 + length
    if length % 2 and not (_plausible(data, end, size) and not _plausible(data, end + 1, size)):
        end += 1
    return end


def _next_chunk(data: Data, at: int, length: int, size: int, samples: bytes) -> int:
    """
    Return where the chunk after one begins.

    A length that leads out of the file is none: the chunk of the samples is looked for instead,
    one whose own length may be right, as what follows its name in a text ("metadata: …") is not.
    """
    after = _after(data, at, length, size)
    if after + 8 <= size or bytes(data[at:at + 4]) in (b'fmt ', b'COMM'):
        return after
    order = '<' if samples == b'data' else '>'
    after = find(data, samples, at + 8)
    while 0 <= after <= size - 8:
        claimed, = struct.unpack_from(f'{order}I', data, after + 4)
        if claimed in (0, 0xFFFFFFFF) or after + 8 + claimed <= size:
            return after
        after = find(data, samples, after + 1)
    raise IndexError('no samples')


def _is_start(data: Data, at: int) -> bool:
    return (data[at:at + 4] in (b'RIFF', b'RIFX', b'RF64', b'BW64')
            and data[at + 8:at + 12] == b'WAVE'
            or data[at:at + 4] == b'FORM' and data[at + 8:at + 12] in (b'AIFF', b'AIFC'))


def find(data: Data, what: bytes, at: int, end: Optional[int] = None) -> int:
    """Return where ``what`` is next, −1 if nowhere; what was looked through is let go."""
    end = len(data) if end is None else end
    while at < end:
        found = data.find(what, at, min(end, at + PART + len(what) - 1))
        if found >= 0:
            return found
        _let_go(data, at)
        at += PART
    return -1


def _let_go(data: Data, at: int) -> None:
    """Let the system take back the memory of a `PART` of a mapped file that begins at ``at``."""
    if isinstance(data, mmap.mmap):
        data.madvise(mmap.MADV_DONTNEED, at - at % mmap.PAGESIZE, PART)


def _next_start(data: Data, at: int, size: int) -> int:
    """Return where the next recording begins, or the size of the file."""
    found = size
    for magic in (b'RIFF', b'RIFX', b'RF64', b'BW64', b'FORM'):
        here = find(data, magic, at, found)
        while here >= 0 and not _is_start(data, here):
            here = find(data, magic, here + 1, found)
        found = here if here >= 0 else found
    return found


def _tail(data: Data, at: int, size: int, order: str) -> Optional[int]:
    """Return where the chunks that follow the samples end; ``None`` if there are none such."""
    while at < size:
        if _is_start(data, at):
            return at
        if at + 1 < size and _is_start(data, at + 1):
            return at + 1
        rest = size - at
        if rest < 8 or rest == 128 and data[at:at + 3] == b'TAG':
            return size
        if not _plausible(data, at, size):
            if rest <= 1 << 16 and not any(data[at:size]):
                return size            # padding
            return None
        length, = struct.unpack_from(f'{order}I', data, at + 4)
        at = min(size, _after(data, at, length, size))
    return size


def _extent(data: Data, first: int, claimed: int, size: int, order: str) -> Tuple[int, int, bool]:
    """
    Return (bytes of samples, where what follows begins, whether the header is right).

    :param first: of the samples.
    :param claimed: how many bytes they are, as the header says.
    """
    end = first + claimed
    if end <= size:
        after = _tail(data, end + claimed % 2 if end < size else end, size, order)
        if after is None:
            after = _tail(data, end, size, order)
        if after is not None and (claimed or after == size == end or end < size):
            return claimed, after, True
    start = _next_start(data, first, size)
    return start - first, start, False


def _riff(data: Data, size: int) -> Iterator[Recording]:
    at = 0
    while at < size and _is_start(data, at):
        order = '>' if data[at:at + 4] == b'RIFX' else '<'
        here, fmt, data64, misread, lost = at + 12, None, None, False, ''
        while data[here:here + 4] != b'data':
            length, = struct.unpack_from(f'{order}I', data, here + 4)
            if data[here:here + 4] == b'fmt ':
                fmt = _wave_format(data, here + 8, length, order)
            elif data[here:here + 4] == b'ds64':
                data64, = struct.unpack_from(f'{order}Q', data, here + 16)
            following = _next_chunk(data, here, length, size, b'data')
            if following != _after(data, here, length, size):
                lost = bytes(data[here:here + 4]).decode('latin-1')
            misread = misread or (following - here) % 2 == 1 or bool(lost)
            here = following
        claimed, = struct.unpack_from(f'{order}I', data, here + 4)
        if fmt is None:
            raise IndexError('no format')
        if data64 is not None and claimed == 0xFFFFFFFF:
            claimed = data64
        first = here + 8
        count, after, is_right = _extent(data, first, claimed, size, order)
        samples, byte_rate, frame = fmt
        told_s = None if is_right else claimed / byte_rate
        if samples is not None:
            yield Recording(first, count - count % frame, samples, told_s=told_s,
                            misread=misread, lost_chunk=lost)
        else:                          # a coding of its own: only its header is mended
            head = bytearray(data[at:first])
            struct.pack_into(f'{order}I', head, len(head) - 4, min(count, 0xFFFFFFFF))
            struct.pack_into(f'{order}I', head, 4, min(len(head) - 8 + count, 0xFFFFFFFF))
            yield Recording(first, count, None, bytes(head), told_s)
        at = after


def _wave_format(data: Data, at: int, length: int, order: str
                 ) -> Tuple[Optional[Samples], int, int]:
    """Return (samples or None, bytes a second, bytes a frame)."""
    tag, channels, rate, byte_rate, align, bits = struct.unpack_from(f'{order}HHIIHH', data, at)
    if tag == 0xFFFE and length >= 40:
        tag, = struct.unpack_from(f'{order}H', data, at + 24)
    wide = align // channels if channels and align % max(1, channels) == 0 else 0
    wide = wide or (bits + 7) // 8
    subtype = WAVE_FORMATS.get((tag, wide))
    if subtype is None or not channels or not rate:
        return None, max(1, byte_rate), max(1, align)
    samples = Samples(rate, channels, subtype, 'BIG' if order == '>' else 'LITTLE')
    return samples, rate * channels * wide, channels * wide


def _aiff(data: Data, size: int) -> Iterator[Recording]:
    at = 0
    while at < size and _is_start(data, at):
        here, samples, frame, lost = at + 12, None, 1, ''
        while data[here:here + 4] != b'SSND':
            length, = struct.unpack_from('>I', data, here + 4)
            if data[here:here + 4] == b'COMM':
                samples, frame = _aiff_format(data, here + 8, length)
            following = _next_chunk(data, here, length, size, b'SSND')
            if following != _after(data, here, length, size):
                lost = bytes(data[here:here + 4]).decode('latin-1')
            here = following
        claimed, offset = struct.unpack_from('>II', data, here + 4)
        if samples is None:
            raise IndexError('no format')
        first = here + 16 + offset
        count, after, is_right = _extent(data, first, max(0, claimed - 8 - offset), size, '>')
        told_s = None if is_right else max(0, claimed - 8) / frame / samples.sample_rate
        yield Recording(first, count - count % frame, samples, told_s=told_s,
                        misread=bool(lost), lost_chunk=lost)
        at = after


def _aiff_format(data: Data, at: int, length: int) -> Tuple[Optional[Samples], int]:
    channels, _, bits, exponent, mantissa = struct.unpack_from('>HIHHQ', data, at)
    rate = int(mantissa * 2.0 ** (exponent - 16383 - 63))
    coding = bytes(data[at + 18:at + 22]) if length >= 22 else b'NONE'
    wide = (bits + 7) // 8
    subtype = AIFC_FORMATS.get(coding) or {1: 'PCM_S8', 2: 'PCM_16', 3: 'PCM_24',
                                           4: 'PCM_32'}.get(wide)
    if coding not in (b'NONE', b'sowt', b'twos', *AIFC_FORMATS) or not channels or not rate \
            or subtype is None:
        return None, 1
    wide = {'FLOAT': 4, 'DOUBLE': 8, 'ULAW': 1, 'ALAW': 1}.get(subtype, wide)
    return (Samples(rate, channels, subtype, 'LITTLE' if coding == b'sowt' else 'BIG'),
            channels * wide)


# --- others --------------------------------------------------------------------------------------

def _w64(data: Data, size: int) -> Iterator[Recording]:
    at = 0
    while data[at:at + 16] == W64_RIFF:
        here, fmt = at + 40, None
        while data[here:here + 4] != b'data':
            length, = struct.unpack_from('<Q', data, here + 16)
            if data[here:here + 16] == b'fmt ' + W64_TAIL:
                fmt = _wave_format(data, here + 24, length - 24, '<')
            here += max(24, length + -length % 8)
        if fmt is None or fmt[0] is None:
            raise IndexError('no plain samples')
        samples, byte_rate, frame = fmt
        claimed = max(0, struct.unpack_from('<Q', data, here + 16)[0] - 24)
        first = here + 24
        end = first + claimed
        end += -end % 8
        is_right = claimed > 0 and first + claimed <= size and (
            end >= size or data[end:end + 16] == W64_RIFF or data[end + 4:end + 16] == W64_TAIL)
        following = find(data, W64_RIFF, first)
        following = following if following >= 0 else size
        count = claimed if is_right else following - first
        yield Recording(first, count - count % frame, samples,
                        told_s=None if is_right else claimed / byte_rate)
        at = following


def _au(data: Data, size: int) -> Iterator[Recording]:
    first, claimed, coding, rate, channels = struct.unpack_from('>IIIII', data, 4)
    if coding not in AU_FORMATS or not rate or not channels or first >= size:
        raise IndexError('no plain samples')
    subtype, wide = AU_FORMATS[coding]
    frame = wide * channels
    is_right = claimed == 0xFFFFFFFF or claimed == size - first
    yield Recording(first, (size - first) - (size - first) % frame,
                    Samples(rate, channels, subtype, 'BIG'),
                    told_s=None if is_right else claimed / frame / rate)


def _flac(data: Data, size: int) -> Iterator[Recording]:
    starts = [0]
    at = find(data, b'fLaC', 4)
    while at >= 0:
        if data[at + 4] & 0x7F == 0 and data[at + 5:at + 8] == b'\0\0\x22':
            starts.append(at)
        at = find(data, b'fLaC', at + 4)
    for start, end in zip(starts, [*starts[1:], size]):
        yield Recording(start, end - start)


def _ogg(data: Data, size: int) -> Iterator[Recording]:
    starts: List[int] = []
    at, flags, kept = 0, 2, 0
    while at < size:
        if data[at:at + 4] != b'OggS' or at + 27 > size:
            at = find(data, b'OggS\0', at + 1)       # damaged, or something else between
            if at < 0:
                break
            continue
        before, flags = flags, data[at + 5]
        if at - kept > PART:
            _let_go(data, kept)
            kept += PART
        if flags & 2 and (not starts or not before & 2):
            starts.append(at)
        segments = data[at + 26]
        at += 27 + segments + sum(data[at + 27:at + 27 + segments])
    is_cut = at > size or not flags & 4
    for start, end in zip(starts, [*starts[1:], size]):
        told_s = -1.0 if is_cut and end == size else None
        yield Recording(start, end - start, told_s=told_s)


def _begins_with(*magics: bytes) -> Callable[[Data], bool]:
    return lambda data: data[:4] in magics


READERS: Tuple[Reader, ...] = (
    (_begins_with(b'RIFF', b'RIFX', b'RF64', b'BW64'), _riff), (_begins_with(b'FORM'), _aiff),
    (_begins_with(b'riff'), _w64), (_begins_with(b'.snd'), _au), (_begins_with(b'fLaC'), _flac),
    (_begins_with(b'OggS'), _ogg))
