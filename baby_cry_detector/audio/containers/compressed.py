# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Containers of compressed sound: MP3, CAF, MP4 (M4A, 3GP), ASF (WMA) and AMR.

Their decoders stop where the first header says that it ends, and say nothing of an end that is
missing: what was joined has to be handed to them one by one.
"""

from collections import Counter
import struct
from typing import Callable, Iterator, NamedTuple, Optional, Tuple

from baby_cry_detector.audio.containers.plain import Data, find, Reader, Recording, Samples

MPEG1, LAYER_3 = 3, 1
KBITS = {True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
         False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)}
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
RESYNC = 1 << 16                       # so far behind rubbish the next frame is looked for
MOST_UNCOUNTED = 2                     # frames: the one with the header itself, and an encoder's
ASF = bytes.fromhex('3026b2758e66cf11a6d900aa0062ce6c')
CAF, AMR = b'caff\0\1\0\0', b'#!AMR'


class _Frame(NamedTuple):
    length: int                        # bytes
    samples: int
    rate: int
    side: int                          # bytes before what follows the side information
    told: Optional[int]                # frames of the recording, where this one's header says it


def _frame(data: Data, at: int) -> Optional[_Frame]:
    """Return the MP3 frame that begins at a byte; ``None`` if none does."""
    if data[at:at + 1] != b'\xff' or len(head := data[at:at + 4]) < 4 or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    kbit, rate, mono = head[2] >> 4, head[2] >> 2 & 3, head[3] >> 6 == 3
    if version == 1 or layer != LAYER_3 or kbit in (0, 15) or rate == 3:
        return None
    first = version == MPEG1
    hertz, samples = RATES[version][rate], 1152 if first else 576
    length = samples // 8 * KBITS[first][kbit] * 1000 // hertz + (head[2] >> 1 & 1)
    side = 4 + ((17 if mono else 32) if first else (9 if mono else 17))
    told, words = None, at + side
    if data[words:words + 4] in (b'Xing', b'Info') and len(data) >= words + 12:
        flags, frames = struct.unpack_from('>II', data, words + 4)
        told = frames if flags & 1 else None
    elif data[at + 36:at + 40] == b'VBRI' and len(data) >= at + 54:
        told, = struct.unpack_from('>I', data, at + 50)
    return _Frame(length, samples, hertz, side, told)


def _behind_tags(data: Data, at: int, size: int) -> int:
    """Return where the MP3 frames behind tags begin."""
    while at < size:
        if data[at:at + 3] == b'ID3' and at + 10 <= size:
            at += 10 + sum((data[at + 6 + place] & 0x7F) << 7 * (3 - place) for place in range(4))
        elif data[at:at + 3] == b'TAG':
            at += 128
        elif data[at:at + 8] == b'APETAGEX' and at + 32 <= size:
            length, _, flags = struct.unpack_from('<III', data, at + 12)
            at += 32 + (length if flags >> 29 & 1 else 0)
        else:
            break
    return min(at, size)


def _next_frame(data: Data, at: int, size: int) -> int:
    """Return where the next frame that another one follows begins; the end if there is none."""
    end = min(size, at + RESYNC)
    while 0 <= (at := data.find(b'\xff', at, end)):
        frame = _frame(data, at)
        if frame is not None and _frame(data, at + frame.length) is not None:
            return at
        at += 1
    return size


def _counted(data: Data, frame_at: int, size: int, frames: int) -> bytes:
    """Return a silent frame like the one at a byte, which tells how many follow."""
    head = bytearray(data[frame_at:frame_at + 4])
    head[1] |= 1                       # no checksum
    head[2] = head[2] & 0x0D | 0x90    # a bit rate at which there is room
    frame = _frame(bytes(head), 0)
    assert frame is not None
    side = frame.side
    return (bytes(head) + bytes(side - 4) + struct.pack('>4sIII', b'Xing', 3, frames, size)
            ).ljust(frame.length, b'\0')


def _mp3(data: Data, size: int) -> Iterator[Recording]:
    at = 0
    while at < size:
        begin, first = at, _behind_tags(data, at, size)
        head = _frame(data, first)
        if head is None:
            if not begin:
                raise IndexError('no MP3')
            return
        at = first = first + (head.length if head.told is not None else 0)
        lengths: Counter[int] = Counter()
        while at < size:
            frame = _frame(data, at)
            if frame is None:
                behind = _behind_tags(data, at, size)
                if data[at:at + 3] == b'ID3' and _frame(data, behind) is not None:
                    break
                at = behind if behind > at else _next_frame(data, at + 1, size)
            elif frame.told is not None:
                break
            else:
                at += frame.length
                lengths[frame.length] += at <= size
        at, count = min(at, size), sum(lengths.values())
        told_s = None if head.told is None else head.told * head.samples / head.rate
        if head.told is None and max(lengths, default=0) - min(lengths, default=0) > 1:
            # How long it is would be guessed from its first frame, and no more decoded.
            yield Recording(first, at - first, None, _counted(data, first, at - first, count),
                            misread=True)
        elif head.told is None or abs(count - head.told) <= MOST_UNCOUNTED:
            yield Recording(begin, at - begin)
        else:
            yield Recording(first, at - first, None, _counted(data, first, at - first, count),
                            told_s)


def _caf(data: Data, size: int) -> Iterator[Recording]:
    at = 0
    while at < size:
        after = find(data, CAF, at + 1)
        after = size if after < 0 else after
        here, samples, frame = at + 8, None, 1
        while data[here:here + 4] != b'data':
            length, = struct.unpack_from('>q', data, here + 4)
            if data[here:here + 4] == b'desc':
                samples, frame = _caf_format(data, here + 12)
            here += 12 + max(0, length)
        claimed, = struct.unpack_from('>q', data, here + 4)
        first = here + 16
        there = after - first
        is_right = claimed == -1 or 4 < claimed <= there + 4
        if samples is None:
            yield Recording(at, after - at, told_s=None if is_right else -1.0)
        else:
            count = claimed - 4 if is_right and claimed > 0 else there
            yield Recording(first, count - count % frame, samples, told_s=None if is_right else
                            max(0, claimed - 4) / frame / samples.sample_rate)
        at = after


def _caf_format(data: Data, at: int) -> Tuple[Optional[Samples], int]:
    rate, coding, flags, packet, _, channels, bits = struct.unpack_from('>d4sIIIII', data, at)
    subtype = {(1, 32): 'FLOAT', (1, 64): 'DOUBLE', (0, 8): 'PCM_S8', (0, 16): 'PCM_16',
               (0, 24): 'PCM_24', (0, 32): 'PCM_32'}.get((flags & 1, bits))
    if coding != b'lpcm' or subtype is None or not 1 <= rate < 1e7 or (
            not channels or packet != channels * bits // 8):
        return None, 1
    return Samples(int(rate), channels, subtype, 'LITTLE' if flags & 2 else 'BIG'), packet


def _mp4(data: Data, size: int) -> Iterator[Recording]:
    starts, at = [0], 0
    while at + 8 <= size:
        length, kind = struct.unpack_from('>I4s', data, at)
        if length == 1 and at + 16 <= size:
            length, = struct.unpack_from('>Q', data, at + 8)
        if kind == b'ftyp' and at:
            starts.append(at)
        if length < 8:                 # 0: to the end
            break
        at += length
    for start, end in zip(starts, [*starts[1:], size]):
        yield Recording(start, end - start)


def _parts(magic: bytes) -> Callable[[Data, int], Iterator[Recording]]:
    def read(data: Data, size: int) -> Iterator[Recording]:
        at = 0
        while 0 <= at < size:
            after = find(data, magic, at + 1)
            yield Recording(at, (size if after < 0 else after) - at)
            at = after
    return read


def _is_mp3(data: Data) -> bool:
    return data[:3] == b'ID3' or _frame(data, 0) is not None


READERS: Tuple[Reader, ...] = (
    (_is_mp3, _mp3),
    (lambda data: data[:4] == b'caff', _caf),
    (lambda data: data[4:8] == b'ftyp', _mp4),
    (lambda data: data[:16] == ASF, _parts(ASF)),
    (lambda data: data[:5] == AMR, _parts(AMR)))
